"""Decoders of every size that pass the bounds check, up to the heaviest."""

import numpy as np
from hypothesis import strategies as st

from nca.rule.decoder import Decoder
from strategies import UINT32

__all__ = ["decoders", "heaviest_decoder", "random_decoder"]

UNITS = st.integers(1, 16).map(lambda groups: 4 * groups)
GRAIN = st.integers(0, 4)


def random_decoder(channels, units, grain=2, *, seed=0, skip=True):
    """A lively decoder: its hidden units use their whole range, and its colours differ from the state's."""
    random = np.random.default_rng([channels, units, grain, seed])
    return Decoder(
        w1=random.integers(-127, 128, (units, channels + grain)),
        b1=random.integers(-30_000, 30_000, units),
        k1=random.integers(6, 9, units),
        w2=random.integers(-127, 128, (3, units)),
        b2=random.integers(-30_000, 30_000, 3),
        k2=random.integers(7, 10, 3),
        grain=grain,
        skip=skip,
    )


def heaviest_decoder(channels, units, grain, *, seed=0, shift=13, skip=True):
    """Every row is at its bound: all weights are 127 or -127, and biases are as large as possible."""
    random = np.random.default_rng(seed)
    shift2 = 14
    return Decoder(
        w1=random.choice([-127, 127], (units, channels + grain)),
        b1=(2**24 - 1 - 127 * (channels + grain) * 2047) * random.choice([-1, 1], units),
        k1=np.full(units, shift),
        w2=random.choice([-127, 127], (3, units)),
        b2=(2**24 - 1 - 127 * units * 1023 - 2 ** (shift2 - 1)) * random.choice([-1, 1], 3),
        k2=np.full(3, shift2),
        grain=grain,
        skip=skip,
    )


@st.composite
def wild_decoders(draw, channels):
    """Weights of any size, biases up to the last integer that the bound allows, any shifts."""
    D, G = draw(UNITS), draw(GRAIN)
    largest, fullness = draw(st.sampled_from([1, 10, 127])), draw(st.sampled_from([0.0, 0.2, 1.0]))
    random = np.random.default_rng(draw(UINT32))
    w1, w2 = (random.integers(-largest, largest + 1, shape) for shape in [(D, channels + G), (3, D)])
    w1, w2 = (weights * (random.random(weights.shape) < fullness) for weights in (w1, w2))
    k1, k2 = random.integers(0, 21, D), random.integers(1, 21, 3)
    room1 = 2**24 - 1 - 2047 * np.abs(w1).sum(axis=1)
    room2 = 2**24 - 1 - 1023 * np.abs(w2).sum(axis=1) - 2 ** (k2 - 1)
    parts = [-1.0, -0.1, 0.0, 0.1, 1.0]
    b1, b2 = ((room * random.choice(parts, len(room))).astype(int) for room in (room1, room2))
    return Decoder(w1, b1, k1, w2, b2, k2, G, draw(st.booleans()))


def decoders(channels):
    """Decoders with this many channels."""
    lively = st.builds(random_decoder, st.just(channels), UNITS, GRAIN, seed=UINT32, skip=st.booleans())
    return st.one_of(lively, wild_decoders(channels))
