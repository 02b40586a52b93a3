"""The proof in a bundle: hashes of a short run, so that a browser can tell whether its device computes the same bits.

viewer/runtime/check.js does the same run. It first compares one hash, of states and pictures. Only where that differs,
it repeats the run and compares a byte for each step, which names the first step that differs.
"""

import base64
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nca.export.bundle import PROOF, Bundle
from nca.rule.plain import PlainRun, mix

__all__ = ["LEGS", "digest", "proof", "proved"]

WIDTH, HEIGHT = 31, 25  # cells. Both are odd: then a column of each row has no partner
DETAIL = 4  # pixels of a cell, across and down, in the pictures that count
LEGS: tuple[tuple[int | str, ...], ...] = (  # a number of steps, then what happens: 256 steps in all
    (40, "keep"),
    (24, "erase", 30, 1, 8),
    (40, "restore", 2, 23, 6),
    (24, "reset", 7),
    (64, "erase", 15, 12, 5),
    (64,),
)


def proved(bundle: Bundle) -> Bundle:
    """The same bundle with its proof."""
    return replace(bundle, provenance=bundle.provenance | {PROOF: proof(bundle)})


def proof(bundle: Bundle) -> dict[str, int | str]:
    """The hash of all states and pictures at the ends of the legs, and a byte of the hash of the state of each step."""
    run, hashes = PlainRun(bundle.rule, WIDTH, HEIGHT, bundle.decoder), []
    total, ends = 0, []
    for steps, *move in LEGS:
        for _ in range(int(steps)):
            run.step(1)
            hashes.append(digest(run.state))
        ends += [hashes[-1], digest(np.pad(run.pixels(DETAIL), ((0, 0), (0, 0), (0, 1)), constant_values=255))]
        if move:
            method, *numbers = move
            getattr(run, str(method))(*numbers)
    for each in ends:
        total = int(mix(np.array([total + each & 0xFFFFFFFF], np.uint32))[0])
    return {"hash": total, "steps": base64.b64encode(bytes(each & 255 for each in hashes)).decode()}


def digest(values: NDArray[np.generic]) -> int:
    """A hash of integers of 16 bits, in their order; it differs wherever one of them does: a uint32."""
    integers = values.ravel().astype(np.int64).astype(np.uint32)
    place = np.arange(integers.size, dtype=np.uint32) << np.uint32(16)
    return int(mix(place + integers).sum(dtype=np.uint32))
