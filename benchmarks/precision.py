"""Whether half precision pays, and trains the same: `python benchmarks/precision.py PICTURE...`.

Trains `small` on fields of 32 cells in each precision from the same seeds, in turns of one step, so that all meet the
same machine. Prints a step's median time and, of the rule that ships, the style loss 64 steps after the seed.
"""

import argparse
import statistics
import time
from pathlib import Path

import torch

from nca.api.start import begin
from nca.training.config import PRESETS, Config
from nca.training.trainer import Trainer

PRECISIONS = ("off", "bf16", "fp16")
STEPS_SEEN, STATES_SEEN = 64, 4


def main() -> None:
    """Print a line for each picture, seed and precision, and the means."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("pictures", type=Path, nargs="+")
    options.add_argument("--steps", type=int, default=200)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--device", default="auto")
    chosen = options.parse_args()
    styles: dict[str, list[float]] = {precision: [] for precision in PRECISIONS}
    for picture in chosen.pictures:
        for seed in range(chosen.seeds):
            for precision, (milliseconds, style) in compare(picture, seed, chosen.steps, chosen.device).items():
                styles[precision].append(style)
                print(f"{picture.stem:10} seed {seed}  {precision:5} {milliseconds:7.1f} ms  style {style:.4f}")
    for precision, values in styles.items():
        print(f"{precision:5} mean style {statistics.mean(values):.4f} +- {statistics.stdev(values):.4f} between runs")


def compare(picture: Path, seed: int, steps: int, device: str) -> dict[str, tuple[float, float]]:
    """A step's median milliseconds and the final style loss, by precision."""
    trainers = {precision: trainer(picture, seed, steps, device, precision) for precision in PRECISIONS}
    times: dict[str, list[float]] = {precision: [] for precision in PRECISIONS}
    loops = {precision: iter(each) for precision, each in trainers.items()}
    for _ in range(steps):
        for precision, loop in loops.items():
            began = time.perf_counter()
            next(loop)
            times[precision].append(1000 * (time.perf_counter() - began))
    return {precision: (statistics.median(times[precision]), seen(trainers[precision])) for precision in PRECISIONS}


def trainer(picture: Path, seed: int, steps: int, device: str, precision: str) -> Trainer:
    """What trains; its run is never saved."""
    config = Config.of(PRESETS["small"] | {"field": 32, "seed": seed, "steps": steps, "amp": precision})
    return begin(picture, Path(f"never-{precision}"), config, device=device).trainer


@torch.no_grad()
def seen(trained: Trainer) -> float:
    """The style loss of what the integer rule makes from nothing, all in float32."""
    field = trained.config.field
    states = trained.automaton(trained.automaton.seed_state(STATES_SEEN, field, field), STEPS_SEEN, seed=99)
    return trained.style(states[..., :3].permute(0, 3, 1, 2) + 0.5).item()


if __name__ == "__main__":
    main()
