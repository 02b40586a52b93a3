"""How fast an exported page is, beside what one would use instead: `python benchmarks/browser.py`."""

import gzip
import os
import sys
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import click
from contest import DEVICE, OURS, STREAM, THEIRS, Contestant, check, enter, race, ratio
from decoding import HEAD, decoding
from model import FloatModel
from start_up import start_up

from nca.errors import UserError
from nca.export.bundle import Bundle
from nca.export.check.browser import RENDERERS, launch
from nca.export.formats.page import render_page

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))
from decoders import random_decoder
from rules import random_rule
from server import ISOLATED, serve

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

HERE = Path(__file__).parent
MODELS = ((4, 8), (12, 96), (16, 128))  # channels, hidden units
SIZES = (256, 512)  # cells across and down
UNITS = (16, 32)  # hidden units of the decoders

Times = dict[str, list[float]]  # a contestant's ms a step, round by round


@click.command()
@click.option("--renderer", type=click.Choice(list(RENDERERS)), default="default", show_default=True)
@click.option("--quick", is_flag=True, help="Two models on the small grid, in three rounds.")
@click.option("--decoders", is_flag=True, help="The decoders alone.")
def main(renderer: str, quick: bool, decoders: bool) -> None:
    """Time exported pages, other libraries and plain shaders in turn, and print tables in Markdown."""
    rounds = 3 if quick else 9
    try:
        with serve(HERE.parent, ISOLATED) as site:
            if not decoders:
                _show_theirs(renderer, site.address, quick, rounds)
            _show_decoders(renderer, site.address, rounds)
    except UserError as error:
        raise click.ClickException(str(error)) from error


def _show_theirs(renderer: str, address: str, quick: bool, rounds: int) -> None:
    if not (HERE / "node_modules").exists():
        raise click.ClickException("the libraries to compare with are not installed: npm ci --prefix benchmarks")
    if not find_spec("onnx"):
        raise click.ClickException('onnx is not installed: pip install --editable ".[dev,benchmarks]"')
    bundles = [Bundle.of(random_rule(C, H), f"{C}/{H}") for C, H in (MODELS[:2] if quick else MODELS)]
    _show_pages(bundles, renderer, address, rounds)
    _show_steps(bundles, SIZES[:1] if quick else SIZES, renderer, address, rounds)


def _show_decoders(renderer: str, address: str, rounds: int) -> None:
    """A megapixel at each detail, with a rule of 12 channels and 96 hidden units."""
    for units in UNITS:
        bundle = Bundle.of(random_rule(12, 96), f"{units} units", decoder=random_decoder(12, units))
        with launch(renderer=renderer) as browser, browser.new_context(bypass_csp=True) as context:
            _table([f"{bundle.name}: {HEAD[0]}", *HEAD[1:]], decoding(context, address, bundle, rounds))


def _show_pages(bundles: Iterable[Bundle], renderer: str, address: str, times: int) -> None:
    rows = []
    for bundle in bundles:
        page = render_page(bundle).encode()
        took = start_up(bundle, renderer, address, SIZES[0], times)
        bytes_ = len(page), len(gzip.compress(page, 9))
        waits = took.compile, took.first, took.step
        rows.append([bundle.name, *(f"{size:,}" for size in bytes_), *(f"{ms:.0f}" for ms in waits)])
    _table(["page", "bytes", "gzipped", "compile, ms", "first frame, ms", "first step, ms"], rows)


def _show_steps(bundles: Iterable[Bundle], sizes: Iterable[int], renderer: str, address: str, rounds: int) -> None:
    speeds, ratios = [], []
    drawn = ""
    for bundle in bundles:
        for size in sizes:
            # Each time anew: a GPU process that has compiled several large shaders may crash.
            with launch(renderer=renderer) as browser, browser.new_context(bypass_csp=True) as context:
                contestants = dict(_entered(context, address, bundle, size))
                times = race(contestants, rounds)
                drawn = f"{contestants[OURS].ask('renderer')}, Chromium {browser.version}, {os.cpu_count()} cores"
                title = [bundle.name, f"{size}x{size}"]
                speeds.append(title + _speed(FloatModel.of(bundle.rule), size, contestants, times))
                ratios.append(title + _ratios(times))
    shares = ["needed", "executed", "device", "share", "streamed", "share"]
    _table(["step", "grid", "ms", "Mcells/s", *shares], speeds)
    _table(["times as long", "grid", *THEIRS], ratios)
    click.echo(f"Drawn by {drawn}.")


def _entered(context: "BrowserContext", address: str, bundle: Bundle, size: int) -> Iterator[tuple[str, Contestant]]:
    """Every contestant, checked; of the others those that start."""
    for name in (OURS, DEVICE, STREAM, *THEIRS):
        try:
            contestant = enter(context, name, address, bundle, size)
        except UserError as error:
            if name not in THEIRS:
                raise
            click.echo(error, err=True)
            continue
        if name not in (DEVICE, STREAM):
            worst = check(contestant, FloatModel.of(bundle.rule))
            click.echo(f"{bundle.name} at {size}x{size}, {name}: within {worst:.1g} of torch's float step", err=True)
        yield name, contestant


def _speed(model: FloatModel, size: int, contestants: dict[str, Contestant], times: Times) -> list[str]:
    """Of our step: ms, million cells a second, billion multiply-adds a second and their share of the device's."""
    ms = median(times[OURS])
    needed = size * size * model.rate * model.multiply_adds / ms / 1e6
    executed = contestants[OURS].ask("multiplyAdds") / ms / 1e6
    device, stream = (contestants[name].ask("multiplyAdds") / median(times[name]) / 1e6 for name in (DEVICE, STREAM))
    rates = [f"{rate:.1f}" for rate in (needed, executed)]
    shares = [f"{device:.1f}", f"{needed / device:.0%}", f"{stream:.1f}", f"{needed / stream:.0%}"]
    return [f"{ms:.2f}", f"{size * size / ms / 1e3:.1f}", *rates, *shares]


def _ratios(times: Times) -> list[str]:
    """Of each other contestant: how many times as long as ours its step takes, and its ms."""
    return [
        f"{ratio(times[name], times[OURS]):.2f} ({median(times[name]):,.2f} ms)" if name in times else "failed"
        for name in THEIRS
    ]


def _table(head: list[str], rows: list[list[str]]) -> None:
    """Markdown, as soon as it is known."""
    for row in (
        head,
        ["---", *["---:"] * (len(head) - 1)],
        *rows,
    ):
        click.echo(f"| {' | '.join(row)} |")
    click.echo()


if __name__ == "__main__":
    main()
