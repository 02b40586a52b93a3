"""How fast training is: `python benchmarks/train.py --quick`, or without --quick for longer rollouts and more rounds.

Ours against the automaton as others train it (formulations.py): the same weights, states, loss and optimizer, in one
process, in turns of one iteration. Prints the device's name and tables in Markdown: the time of a preset's optimisation
step, memory, the time of an iteration, and without --quick the time to a style distance.
"""

import argparse
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import torch
from formulations import Depthwise, Folded, Plain

from nca.features.registry import chosen_features, make_features
from nca.model.automaton import Automaton
from nca.picture import load_picture, natural_scale, scale_picture
from nca.rule.rule import STATE_UNIT
from nca.training.config import PRESETS, Config
from nca.training.precision import MATMUL_DTYPES
from nca.training.trainer import Trainer

LARGE = {"batch": 4, "pool": 128}
PICTURE = Path(__file__).parent.parent / "examples" / "lava.png"
FORMULATIONS = {"ours": Automaton, "without Numba": Plain, "folded": Folded, "depthwise": Depthwise}
MEMORY_STEPS = 96
IMPORTS = "imports alone"  # PyTorch's CUDA build maps hundreds of megabytes of libraries
Times = tuple[float, float]  # seconds of the automaton and of the loss


class Contestant(Trainer):
    """A trainer of one of the formulations."""

    formulation: type[Automaton] = Automaton

    def _automaton(self) -> Automaton:
        automaton = super()._automaton()
        automaton.__class__ = self.formulation
        return automaton


def contestants(device: torch.device) -> list[str]:
    """Names: a formulation, and a half precision; ours with the device's best one comes first."""
    half = "fp16" if device.type == "cuda" else "bf16"
    plain = ["without Numba"] if device.type == "cpu" else []
    return [f"ours, {half}", "ours", "folded", "depthwise", *plain, f"folded, {half}", f"depthwise, {half}"]


def contestant(name: str, device: torch.device, **settings: object) -> Contestant:
    """A trainer on the benchmark's picture."""
    formulation, _, amp = name.partition(", ")
    return trainer(
        device, FORMULATIONS[formulation], PRESETS["full"] | {"size": 128, "amp": amp or "off", **LARGE, **settings}
    )


def trainer(device: torch.device, formulation: type[Automaton], settings: dict[str, Any]) -> Contestant:
    """A trainer on the benchmark's picture, of an automaton that moves: a fresh one changes nothing."""
    config = Config.of(settings)
    picture = load_picture(PICTURE)
    pixels = torch.tensor(scale_picture(picture, natural_scale(picture), config.size))
    target = (pixels.permute(2, 0, 1)[None] / 255).to(device)
    make = partial(make_features, config.features)
    made = type(formulation.__name__, (Contestant,), {"formulation": formulation})(config, make, target)
    with torch.no_grad():
        weight = made.automaton.layer2.weight
        weight.copy_(torch.normal(0.0, 0.01, weight.shape, generator=torch.Generator().manual_seed(0)))
    return made


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--steps", type=int, help="of a rollout; 64, or 16 in a quick run")
    options.add_argument("--rounds", type=int, help="iterations of each; 9, or 3 in a quick run")
    options.add_argument("--until", type=float, default=0.1, help="style distance that training is timed to")
    options.add_argument("--busy", action="store_true", help="of a busy machine: one thread, by its processor time")
    options.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    options.add_argument("--memory-of", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    device = torch.device(chosen.device)
    if chosen.memory_of:
        if chosen.memory_of != IMPORTS:
            iteration(contestant(chosen.memory_of, device), MEMORY_STEPS, device)
        print(peak(device))
        return
    if chosen.busy:
        torch.set_num_threads(1)
        time.perf_counter = time.process_time
    steps, rounds = chosen.steps or (16 if chosen.quick else 64), chosen.rounds or (3 if chosen.quick else 9)
    print(f"{name_of(device)}, PyTorch {torch.__version__}, {torch.get_num_threads()} threads")
    print_presets(rounds, device)
    print(f"\n12/96, 4 states of 128x128, {steps} steps an iteration:\n")
    print_memory([IMPORTS, *contestants(device)[: 2 if chosen.quick else None]], device)
    print_times(measure(steps, rounds, device), steps)
    if not chosen.quick:
        print_race(chosen.until, device)


def name_of(device: torch.device) -> str:
    """The name of a GPU or a processor."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "cpu" and (table := Path("/proc/cpuinfo")).exists():
        return next((line.split(": ")[1] for line in table.read_text().splitlines() if "model name" in line), "CPU")
    return f"{platform.processor()} {device}"


def print_presets(rounds: int, device: torch.device) -> None:
    """Optimisation steps as `nca train` takes them, in the middle of a training."""
    print("\n| preset | features | ms an optimisation step |\n|---|---|---|")
    for preset, settings in PRESETS.items():
        for features in ("multiscale", "imagenet") if chosen_features() == "imagenet" else ("multiscale",):
            made = trainer(device, Automaton, settings | {"features": features, "detail": 1})
            made.step = made.config.steps // 2
            seconds = [progress.seconds for progress, _ in zip(made, range(rounds + 2), strict=False)]
            each = [1000 * (after - before) for before, after in pairwise(seconds[1:])]  # the first ones prepare
            print(f"| {preset} | {features} | {statistics.median(each):.0f} |", flush=True)


def measure(steps: int, rounds: int, device: torch.device) -> dict[str, list[Times]]:
    """Each contestant's times, of as many iterations; one before them warms up."""
    trainers = {name: contestant(name, device) for name in contestants(device)}
    for trainer in trainers.values():
        iteration(trainer, 2, device)
    times: dict[str, list[Times]] = {name: [] for name in trainers}
    for _ in range(rounds):
        for name, trainer in trainers.items():
            times[name].append(iteration(trainer, steps, device))
    return times


def iteration(trainer: Contestant, steps: int, device: torch.device) -> Times:
    """One optimisation step without the pool, whose backward is cut in two at the states."""
    start = trainer.pool.integers[: trainer.config.batch] * STATE_UNIT
    clock = _clock(device)
    dtype = MATMUL_DTYPES[trainer.config.amp]
    states = trainer.automaton(start, steps, seed=1, matmul_dtype=dtype)
    grown = clock()
    leaf = states.detach().requires_grad_()
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        loss = trainer.losses[1](trainer.pictures(leaf, 1), trainer.random)
    torch.autograd.backward(loss)
    judged = clock()
    torch.autograd.backward(states, leaf.grad)
    trainer.optimizer.step()
    trainer.optimizer.zero_grad()
    return grown + clock(), judged


def _clock(device: torch.device) -> Callable[[], float]:
    """Seconds since it was last asked, when the device has done all."""
    last = time.perf_counter()

    def lap() -> float:
        nonlocal last
        if device.type != "cpu":
            getattr(torch, device.type).synchronize()
        before, last = last, time.perf_counter()
        return last - before

    return lap


def print_times(times: dict[str, list[Times]], steps: int) -> None:
    """Medians; ratios are medians of each round's own, in which the machine was the same for all."""
    print("\n| | ms a step | loss, ms | its share | iteration, ms | times as long: steps | iteration |")
    print("|---|---|---|---|---|---|---|")
    best = next(iter(times.values()))
    for name, rounds in times.items():
        grown, judged, both = (statistics.median(1000 * each(times) for times in rounds) for each in PARTS)
        slower = (
            statistics.median(part(theirs) / part(ours) for theirs, ours in zip(rounds, best, strict=True))
            for part in (PARTS[0], PARTS[2])
        )
        row = f"{grown / steps:.1f} | {judged:.0f} | {judged / both:.0%} | {both:.0f}"
        print(f"| {name} | {row} | {' | '.join(f'{each:.1f}' for each in slower)} |")


PARTS: tuple[Callable[[Times], float], ...] = (lambda times: times[0], lambda times: times[1], sum)


def print_memory(names: list[str], device: torch.device) -> None:
    """Each in a process of its own, while this one is small: Linux counts the parent's peak as the child's."""
    print(f"| | peak memory of an iteration of {MEMORY_STEPS} steps, MB |")
    print("|---|---|")
    for name in names:
        command = [sys.executable, __file__, "--memory-of", name, "--device", device.type]
        print(f"| {name} | {subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()} |")  # noqa: S603


def peak(device: torch.device) -> int:
    """Megabytes of the process so far; on a GPU, of the GPU's."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() // 1_000_000
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used // (1_000_000 if sys.platform == "darwin" else 1000)  # bytes there, else kilobytes


def print_race(until: float, device: torch.device) -> None:
    """Train `small` with each in turns of one step, until the mean style of the last ten is low enough."""
    trainers = {name: contestant(name, device, size=64, field=64, batch=2, pool=32) for name in contestants(device)[:4]}
    print(f"\n| | seconds to a style distance of {until} | iterations |")
    print("|---|---|---|")
    running = {name: (iter(trainer), [float("inf")] * 10) for name, trainer in trainers.items()}
    while running:
        for name, (loop, styles) in list(running.items()):
            progress = next(loop)
            styles.append(progress.style)
            if statistics.mean(styles[-10:]) <= until:
                print(f"| {name} | {progress.seconds:.1f} | {progress.step} |", flush=True)
                del running[name]


if __name__ == "__main__":
    main()
