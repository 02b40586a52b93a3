"""How much slower training is with its live page: `python benchmarks/live.py`.

The same training three times, in turns of some optimisation steps: alone, with the page open but paused (it takes the
weights and stands still), and with the page open and playing. Prints a table in Markdown. The page shares the machine:
where the browser draws without a GPU, it takes processors from the training.
"""

import argparse
import os
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as nca/threads.py does, before torch is imported

import torch

from nca.callbacks.live.live import Live
from nca.export.check.browser import RENDERERS, launch
from nca.features.registry import make_features
from nca.picture import load_picture, natural_scale, scale_picture
from nca.training.config import PRESETS, Config
from nca.training.trainer import Trainer

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURE = Path(__file__).parent.parent / "examples" / "lava.png"
ALONE, PAUSED, PLAYING = "alone", "page open, paused", "page open, playing"
Times = tuple[float, float]  # seconds, and seconds of processor time of the training's process


class Contestant:
    """A training, and its page where it has one."""

    def __init__(self, kind: str, preset: str, device: torch.device) -> None:
        config = Config.of(PRESETS[preset] | {"amp": "off"})
        picture = load_picture(PICTURE)
        pixels = torch.tensor(scale_picture(picture, natural_scale(picture), config.size))
        target = (pixels.permute(2, 0, 1)[None] / 255).to(device)
        self.kind = kind
        self.trainer = Trainer(config, partial(make_features, config.features), target)
        self.live = None if kind == ALONE else Live(open=False)
        self.trainer.callbacks = [self.live] if self.live else []
        for callback in self.trainer.callbacks:
            callback.before_fit(self.trainer)

    @contextmanager
    def page(self, browser: "Browser") -> Iterator[None]:
        """Its page is open."""
        if not self.live:
            yield
            return
        tab = browser.new_page(viewport={"width": 1280, "height": 800})
        tab.goto(self.live.screen.address + ("#paused" if self.kind == PAUSED else ""))
        tab.wait_for_function("() => document.querySelector('#training p').textContent")
        yield
        tab.close()

    def turn(self, steps: int) -> Times:
        """Optimisation steps of training."""
        before = time.perf_counter(), time.process_time()
        for _, _ in zip(range(steps), self.trainer, strict=False):
            pass
        return time.perf_counter() - before[0], time.process_time() - before[1]


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--preset", choices=list(PRESETS), default="small")
    options.add_argument("--steps", type=int, default=40, help="optimisation steps in a turn")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--renderer", choices=list(RENDERERS), default="default", help="of the page")
    options.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    chosen = options.parse_args()
    contestants = [Contestant(kind, chosen.preset, torch.device(chosen.device)) for kind in (ALONE, PAUSED, PLAYING)]
    with launch(renderer=chosen.renderer) as browser:
        print_ratios(contestants, measure(contestants, browser, chosen.rounds, chosen.steps))


def measure(contestants: list[Contestant], browser: "Browser", rounds: int, steps: int) -> list[list[Times]]:
    """The times of each round, in the contestants' order. All of a round draw the same random numbers."""
    for each in contestants:
        each.turn(2)
    return [[_turn(each, browser, steps) for each in contestants] for _ in range(rounds)]


def _turn(contestant: Contestant, browser: "Browser", steps: int) -> Times:
    with contestant.page(browser):
        return contestant.turn(steps)


def print_ratios(contestants: list[Contestant], rounds: list[list[Times]]) -> None:
    """Medians of each round's own ratio, in which the machine was the same for all."""
    print("| | seconds a turn | times as long as alone | processor time of the training | lowest and highest |")
    print("|---|---|---|---|---|")
    for i, each in enumerate(contestants):
        wall, own = ([times[i][kind] / times[0][kind] for times in rounds] for kind in (0, 1))
        seconds = statistics.median(times[i][0] for times in rounds)
        spread = f"{min(own):.3f} to {max(own):.3f}"
        print(
            f"| {each.kind} | {seconds:.1f} | {statistics.median(wall):.3f} | {statistics.median(own):.3f} | {spread} |"
        )


if __name__ == "__main__":
    main()
