"""Random rules whose textures neither die nor saturate: to the arithmetic they look like trained ones."""

import numpy as np

from nca import Rule

__all__ = ["random_rule"]


def random_rule(channels: int, hidden: int, seed: int = 0, update: int = 128) -> Rule:
    """A lively rule of any allowed size, drawn from a seed.

    Hidden units come in pairs that see the same with opposite sign, and layer 2 pushes each channel
    back along what its units see: random growth held in check by feedback.
    """
    draw = np.random.default_rng([channels, hidden, seed])
    half = draw.normal(0, 35, (hidden // 2, 4 * channels)).round().clip(-63, 63)
    w1 = np.concatenate([half, -half])
    w2 = draw.normal(0, 27, (channels, hidden)) - 7 / hidden**0.5 * w1[:, :channels].T
    k1 = 8 + round(np.log2(channels / 4) / 2)  # the spread of a sum grows with the root of its terms
    k2 = 8 + round(np.log2(hidden / 8) / 2)
    return Rule(
        w1=w1.astype(int),
        b1=draw.integers(-60_000, 60_000, hidden),
        k1=draw.integers(k1, k1 + 2, hidden),
        w2=w2.round().clip(-127, 127).astype(int),
        k2=draw.integers(k2, k2 + 2, channels),
        update=update,
    )
