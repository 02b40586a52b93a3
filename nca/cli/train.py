"""nca train."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nca.api.train import train
from nca.callbacks.progress import Progress
from nca.cli.options import PATH, CodeName, Detail, FeaturesName, Numbers, command, device, force, log_to
from nca.errors import UserError
from nca.features.registry import AUTO, EXTRACTORS
from nca.files import one_line
from nca.training.callback import Interrupted
from nca.training.config import AMP, CAPTURE, PRESETS

if TYPE_CHECKING:
    from nca.training.trainer import Trainer

__all__ = ["train_command"]

PATIENCE = 1.0  # seconds for the first process to report an error: torchrun ends it when another one has exited

_WEIGHTS = ", ".join(f"{extractor.layer_weights} for {name}" for name, extractor in EXTRACTORS.items())


@command("train", train)
@click.argument("images", type=PATH, nargs=-1)
@click.option("-o", "--output", type=PATH, required=True, help="Run folder to write; for several IMAGES their parent.")
@click.option("--preset", type=click.Choice(list(PRESETS)), help="Size of automaton and picture.  [default: small]")
@click.option("--channels", type=int, help="Values of each cell: 4, 8, 12 or 16.")
@click.option("--hidden", type=int, help="Hidden units: a multiple of 4 up to 128.")
@click.option("--scale", type=float, help="Of the picture, up to 1; one pixel is one cell.  [default: by its detail]")
@click.option(
    "--size", type=int, help="Largest side of the scaled picture in pixels; of a larger one the middle is used."
)
@click.option(
    "--detail",
    type=Detail(["auto", "1", "2", "4"]),
    help="Pixels of a cell, across and down, which a decoder draws; 1: no decoder.  [default: by the picture's pixels]",
)
@click.option("--field", type=int, help="Side of the trained states in cells.")
@click.option("--steps", type=int, help="Optimisation steps.")
@click.option("--minutes", type=float, help="Train by the clock instead.")
@click.option("--batch", type=int, help="States in each optimisation step.")
@click.option("--pool", type=int, help="States kept between steps, at least --batch.  [default: 32]")
@click.option(
    "--features",
    type=FeaturesName([AUTO, *EXTRACTORS]),
    help="What the loss compares.  [default: auto: imagenet where its weights are installed, else multiscale]",
)
@click.option("--layer-weights", type=Numbers(float), help=f"Of the features' layers: {_WEIGHTS}.")
@click.option("--weights", type=PATH, help="File with trained weights for vgg16 or vgg19, instead of a download.")
@device
@click.option(
    "--amp", type=click.Choice(AMP), help="Precision of matrix products.  [default: auto: fp16 on CUDA, else off]"
)
@click.option(
    "--capture", type=click.Choice(CAPTURE), help="Rollouts as CUDA graphs, where that works.  [default: off]"
)
@click.option("--seed", type=int, help="Of everything random.  [default: 0]")
@click.option("--jobs", type=click.IntRange(min=1), help="IMAGES at a time.  [default: one on each core, 1 on a GPU]")
@click.option("--scheduler", metavar="ADDRESS", help="Of a Dask cluster that trains IMAGES: tcp://HOST:PORT.")
@click.option("--resume", is_flag=True, help="Continue the training at --output, with its pictures and settings.")
@click.option(
    "--callback",
    "callbacks",
    multiple=True,
    type=CodeName(),
    help="FILE.py:NAME or MODULE:NAME of a callback of yours; can be given several times.",
)
@log_to
@click.option("--live", is_flag=True, help="Show the texture while it learns, on a page of this machine.")
@force
def train_command(images: tuple[Path, ...], output: Path, callbacks: tuple[str, ...], **options: Any) -> None:
    """Train an automaton on the texture in each of IMAGES; - is stdin.

    This writes a run folder: weights, settings, log, previews, and the state for resuming. Ctrl-C saves and stops.
    Several IMAGES train at the same time, each into a folder with its name below --output. For one IMAGE on several
    devices: torchrun --nproc-per-node N -m nca train IMAGE -o RUN.
    """
    with _first_process_reports():
        trained = train(images, output, callbacks=[_Shown(), *callbacks], **options)
    if isinstance(trained, list):
        click.echo(f"Saved {', '.join(str(each.path) for each in trained)}")
    elif _is_first() and trained.stability:
        _report_stability(trained.stability, output)


@contextmanager
def _first_process_reports() -> Iterator[None]:
    """If the processes of torchrun fail together, only the first one reports the UserError."""
    try:
        yield
    except UserError:
        if _is_first():
            raise
        time.sleep(PATIENCE)
        raise SystemExit(1) from None


def _is_first() -> bool:
    return int(os.environ.get("RANK", "0")) == 0


class _Shown(Progress):
    """Progress between two lines of the first process on stdout: the settings, and where the run is."""

    def before_fit(self, trainer: "Trainer") -> None:
        """The settings."""
        if trainer.ranks.index == 0:
            click.echo(_summary(trainer))
        super().before_fit(trainer)

    def after_fit(self, trainer: "Trainer") -> None:
        """The run."""
        super().after_fit(trainer)
        if trainer.ranks.index == 0 and not isinstance(trainer.stopped, Interrupted):
            click.echo(f"Saved {trainer.folder}; next: nca export {trainer.folder}")


def _report_stability(found: dict[str, Any], folder: Path) -> None:
    if found["stable"]:
        healing = f"Heals an erased half in {found['healed']} steps, a half of noise in {found['calmed']}."
        click.echo(f"Stable for {max(map(int, found['style'])):,} steps. {healing}")
    else:
        click.echo(f"Warning: {folder} is not stable: {found['reason']}; train longer, or try another --seed", err=True)


def _summary(trainer: "Trainer") -> str:
    config = trainer.config
    until = f"{config.steps} steps" if config.minutes is None else f"{config.minutes:g} minutes"
    return (
        f"Training {trainer.folder} on {one_line(trainer.picture)}, {trainer.target.shape[-1]} px "
        f"at scale {config.scale:.2f}{_pixels(trainer.detail)}: "
        f"{config.channels} channels, {config.hidden} hidden, {trainer.automaton.rule().parameters:,} "
        f"parameters, field {config.field}, {config.features}, {until}, on {_where(trainer)}"
    )


def _pixels(detail: int) -> str:
    return f", {detail}x{detail} pixels a cell" if detail > 1 else ""


def _where(trainer: "Trainer") -> str:
    kind, count = trainer.device.type, trainer.ranks.count
    return kind if count == 1 else f"{kind} in {count} processes"
