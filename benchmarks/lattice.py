"""Does an update mask print a lattice? `python benchmarks/lattice.py` compares ways to pair neighbouring cells.

For lively random rules: the power of the wave of two cells, across, down and diagonally, over that of waves beside it.
1 is no lattice. Also the logarithm of how much more neighbours differ within pairs than between them.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import torch
from torch import Tensor

from nca import Rule
from nca.rule.mask import mask
from nca.rule.reference import reference_rollout, seed_state

sys.path.append(str(Path(__file__).parent.parent / "tests" / "support"))
from rules import random_rule

SIDE, WARM_UP, SAMPLES, EVERY = 192, 200, 9, 7
RULES = [random_rule(C, H, seed) for seed in range(5) for C, H in [(4, 8), (8, 32)]]
BESIDE = [(3, 3), (-3, -3), (5, 7), (-9, -4)]  # waves next to one of two cells
Mask = Callable[..., Tensor]


def paired(phase: Callable[[int], int]) -> Mask:
    """The format's mask with its pairs moved by another rule."""

    def moved(height: int, width: int, seed: int, step: int, update: int, device: object = "cpu") -> Tensor:
        return mask(height, width, seed, step, update, device).roll(phase(step) - step % 2, 1)

    return moved


def independent(height: int, width: int, seed: int, step: int, update: int, device: object = "cpu") -> Tensor:
    """Dice of its own for each cell: the left ones of twice as many pairs."""
    return mask(height, 2 * width, seed, 2 * step, update)[:, ::2]


MASKS = {
    "independent": independent,
    "pairs at rest": paired(lambda step: 0),
    "moving at random": paired(lambda step: step * 0x9E3779B1 >> 31 & 1),
    "moving each step (the format)": mask,
}


def figures(rule: Rule) -> Tensor:
    """Powers across, down and diagonally, and the pairs' logarithm: (4,)."""
    state, found = reference_rollout(rule, seed_state(rule, SIDE, SIDE), WARM_UP, seed=1), []
    for step in range(WARM_UP, WARM_UP + SAMPLES * EVERY, EVERY):
        state = reference_rollout(rule, state, EVERY, seed=1, first=step)
        found.append(torch.tensor([*_powers(state), _unevenness(state)]))
    return torch.stack(found).mean(0)


def _powers(state: Tensor) -> list[float]:
    power = torch.fft.fft2(state - state.mean((1, 2), keepdim=True)).abs().square().mean(0)
    half = SIDE // 2
    return [
        float(power[y, x] / torch.stack([power[(y + dy) % SIDE, (x + dx) % SIDE] for dy, dx in BESIDE]).mean())
        for y, x in [(0, half), (half, 0), (half, half)]
    ]


def _unevenness(state: Tensor) -> float:
    differences = (state - state.roll(-1, 2)).square().mean((0, 1))
    return float((differences[0::2].mean() / differences[1::2].mean()).log().abs())


def main() -> None:
    """Print a row a mask: the mean over all rules, and the worst rule's power."""
    print("| mask | across | down | diagonal | worst rule | pairs |\n|---|---|---|---|---|---|")
    for name, each in MASKS.items():
        with patch("nca.rule.reference.mask", each):
            rows = torch.stack([figures(rule) for rule in RULES])
        across, down, diagonal, pairs = rows.mean(0).tolist()
        print(f"| {name} | {across:.2f} | {down:.2f} | {diagonal:.2f} | {rows[:, :3].max():.1f} | {pairs:.3f} |")


if __name__ == "__main__":
    main()
