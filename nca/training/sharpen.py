"""Fit a decoder to a finished rule, which does not change. It takes about a minute on one core.

The rule grows states of several ages once. Then the decoder alone is trained, to make these states look like the
picture at the picture's own resolution. So it adds detail finer than a cell; it does not repair the automaton.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nca.errors import UserError
from nca.model.decoder import DecoderNet
from nca.model.rollout import rollout
from nca.rule.decoder import DETAILS, Decoder
from nca.rule.reference import erase, seed_state
from nca.rule.rule import STATE_UNIT, Rule
from nca.training.config import LEARNING_RATE
from nca.training.descent import falling, normalise, seeded
from nca.training.detail import DetailLoss, MakeFeatures, multiscale
from nca.training.grain import grain_inputs
from nca.training.muon import Muon

__all__ = ["grown_states", "sharpen"]

FIELD = 64  # cells across and down
SEEDS = 8
AGES = (100, 300, 1000)  # steps
HEALING = 40  # steps after damage, for the last state of each seed
ITERATIONS = 400


def sharpen(
    rule: Rule,
    picture: NDArray[np.uint8],
    detail: int,
    *,
    units: int = 16,
    grain: int | None = None,
    iterations: int | None = None,
    seed: int = 0,
    make: MakeFeatures = multiscale,
    show: Callable[[float], object] = lambda _: None,
) -> Decoder:
    """Train a decoder that makes a rule's states look like a picture.

    picture: (side, side, 3) uint8, the picture that the rule was trained on, with detail x detail pixels for each cell.
    units, grain: of the decoder; by default it gets grain if the picture has grain.
    make: the features of the loss (nca.training.detail).
    show: called with the fraction that is done, in (0, 1].

    Raises UserError if the detail is not 1, 2, 4 or 8.
    """
    if detail not in DETAILS:
        raise UserError(f"detail is {detail}: expected one of {DETAILS} pixels a cell")
    side = len(picture) // detail * detail
    target = torch.tensor(picture[:side, :side] / 255, dtype=torch.float32).permute(2, 0, 1)[None]
    states, loss, random = grown_states(rule, seed), DetailLoss(target, detail, make), _generator(seed)
    with seeded(seed):
        net = DecoderNet(rule.channels, units, grain_inputs(picture) if grain is None else grain)
    optimizer, iterations = Muon(net.parameters(), lr=LEARNING_RATE), iterations or ITERATIONS
    for step in range(iterations):
        optimizer.lr = LEARNING_RATE * falling(step / iterations)
        state = states[int(torch.randint(len(states), (), generator=random))]
        pictures = net(state[None], detail).permute(0, 3, 1, 2) + 0.5
        _descend(net, optimizer, loss(pictures, random))
        show((step + 1) / iterations)
    return net.decoder(detail)


def grown_states(rule: Rule, seed: int = 0) -> Tensor:
    """States of several seeds and ages, some after damage: (N, FIELD, FIELD, C) in real units."""
    states = [state for run in range(SEEDS) for state in _life(rule, seed + run)]
    return torch.stack(states).permute(0, 2, 3, 1) * STATE_UNIT


def _life(rule: Rule, seed: int) -> Iterator[Tensor]:
    state, done = seed_state(rule, FIELD, FIELD), 0
    for age in AGES:
        state, done = rollout(rule, state, age - done, seed=seed, first=done), age
        yield state
    yield rollout(rule, erase(state, FIELD // 2, FIELD // 2, FIELD // 4), HEALING, seed=seed, first=done)


def _descend(net: DecoderNet, optimizer: Muon, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    normalise(net.named_parameters())
    optimizer.step()


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
