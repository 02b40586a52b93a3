"""Rules of every size that pass the bounds check, up to the heaviest, and states in range."""

import numpy as np
from hypothesis import strategies as st

from nca import Rule
from rules import random_rule

__all__ = ["UINT32", "heaviest", "lively_rules", "rules", "states", "wild_rules"]

UINT32 = st.integers(0, 2**32 - 1)
CHANNELS = st.sampled_from([4, 8, 12, 16])
HIDDEN = st.integers(1, 32).map(lambda groups: 4 * groups)
UPDATE = st.integers(1, 256)


@st.composite
def wild_rules(draw):
    """Weights of any size, biases up to the last integer that the bound allows, any shifts."""
    C, H, update = draw(CHANNELS), draw(HIDDEN), draw(UPDATE)
    largest, fullness = draw(st.sampled_from([1, 10, 127])), draw(st.sampled_from([0.0, 0.2, 1.0]))
    random = np.random.default_rng(draw(UINT32))
    w1, w2 = (random.integers(-largest, largest + 1, shape) for shape in [(H, 4 * C), (C, H)])
    w1, w2 = (weights * (random.random(weights.shape) < fullness) for weights in (w1, w2))
    room = 2**24 - 1 - 2047 * np.abs(w1).sum(axis=1)
    heavy = np.abs(w2).sum(axis=1) * 1023 + 2**19 >= 2**24
    return Rule(
        w1=w1,
        b1=(room * random.choice([-1.0, -0.1, 0.0, 0.1, 1.0], H)).astype(int),
        k1=random.integers(0, 21, H),
        w2=w2,
        k2=np.where(heavy, random.integers(1, 19, C), random.integers(1, 21, C)),
        update=update,
    )


def heaviest(channels, hidden, seed, shift):
    """Every row at its bound: all weights 127 or -127, biases and halves the largest that still fit."""
    random = np.random.default_rng(seed)
    w1 = random.choice([-127, 127], (hidden, 4 * channels))
    room = 2**24 - 1 - 127 * 4 * channels * 2047
    return Rule(
        w1=w1,
        b1=room * random.choice([-1, 1], hidden),
        k1=np.full(hidden, shift),
        w2=random.choice([-127, 127], (channels, hidden)),
        k2=np.full(channels, 18),
        update=256,
    )


def lively_rules():
    """Rules like trained ones, whose textures neither die nor saturate."""
    return st.builds(random_rule, CHANNELS, HIDDEN, UINT32, UPDATE)


def rules():
    return st.one_of(lively_rules(), wild_rules())


@st.composite
def states(draw, channels, largest_side=7):
    """(C, height, width) int64 from 1x1 up: quiet, anything in range, or all at its ends."""
    height, width = draw(st.integers(1, largest_side)), draw(st.integers(1, largest_side))
    random = np.random.default_rng(draw(UINT32))
    kind = draw(st.sampled_from(["quiet", "any", "ends"]))
    if kind == "ends":
        return random.choice([-2047, 2047], (channels, height, width))
    reach = 30 if kind == "quiet" else 2047
    return random.integers(-reach, reach + 1, (channels, height, width))
