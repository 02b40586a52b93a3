"""Finding the two layers of an automaton among named arrays, or saying which part of a network does not fit."""

import re

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError
from nca.importing.convert import Layers
from nca.importing.read import Arrays

__all__ = ["find_layers"]

Array = NDArray[np.float64]

WHOLE = "an automaton of two layers that sees 3 or 4 fixed kernels: w1 (H, 4C), w1's bias (H) and w2 (C, H)"


def find_layers(arrays: Arrays) -> Layers:
    """The layers of an automaton. Names are not relied on, because every program has its own; shapes are.

    Raises UserError that says which part does not fit.
    """
    kernels, others = _split_kernels(arrays)
    matrices = {name: _flat(values) for name, values in others.items() if _flat(values).ndim == 2}
    if len(matrices) != 2:
        found = ", ".join(f"{name} {others[name].shape}" for name in matrices) or "none"
        raise UserError(f"{len(matrices)} layers ({found}): expected {WHOLE}")
    first, second = _pair(*matrices.items())
    (name, w1), (_, w2) = first, second
    _check_inputs(name, w1.shape[1], len(w2), kernels)
    b1, b2 = (_bias(others, each, len(layer)) for each, layer in (first, second))
    return Layers(w1, b1, w2, b2, kernels)


def _flat(values: Array) -> Array:
    """A 1x1 convolution's weights, (out, in, 1, 1), as a matrix."""
    return values[..., 0, 0] if values.ndim == 4 and values.shape[2:] == (1, 1) else values


def _pair(one: tuple[str, Array], two: tuple[str, Array]) -> tuple[tuple[str, Array], tuple[str, Array]]:
    """The layers in their order: (H, F * C) and (C, H). Matrices that are stored the other way are turned."""
    for turned in (False, True):
        for (name1, w1), (name2, w2) in ((one, two), (two, one)):
            a, b = (w1.T, w2.T) if turned else (w1, w2)
            if a.shape[0] == b.shape[1] and a.shape[1] > b.shape[0]:
                return (name1, a), (name2, b)
    raise UserError(f"{one[0]} {one[1].shape} and {two[0]} {two[1].shape} do not follow each other: expected {WHOLE}")


def _check_inputs(name: str, inputs: int, channels: int, kernels: Array | None) -> None:
    filters, more = divmod(inputs, channels)
    if more:
        raise UserError(
            f"{name} sees {inputs} values, which {channels} channels do not divide: inputs other than the cells, "
            "such as positions or conditions, do not fit"
        )
    expected = [len(kernels)] if kernels is not None else [3, 4]
    if filters not in expected:
        counts = " or ".join(map(str, expected))
        raise UserError(f"{name} sees {filters} values of each of {channels} channels: expected {counts} kernels")


def _bias(arrays: Arrays, layer: str, size: int) -> Array:
    """The bias that goes with a layer: by its name, or else the only one of its size; zeros if there is none."""
    vectors = {name: values.ravel() for name, values in arrays.items() if values.size == size and values.ndim == 1}
    stem = re.sub(r"(weight|kernel|w)$", "", layer)
    named = {name: each for name, each in vectors.items() if stem and name.startswith(stem)}
    numbered = {name: each for name, each in vectors.items() if re.findall(r"\d+", name) == re.findall(r"\d+", layer)}
    found = named or numbered or (vectors if len(vectors) == 1 else {})
    return next(iter(found.values()), np.zeros(size))


def _split_kernels(arrays: Arrays) -> tuple[Array | None, Arrays]:
    """The perception's kernels, (F, 3, 3), if a file holds them, and all other arrays."""
    large = {name: values for name, values in arrays.items() if values.shape[-2:] == (3, 3)}
    others = {name: values for name, values in arrays.items() if name not in large}
    if not large:
        return None, others
    if len(large) > 1:
        together = [values.reshape(-1, 3, 3) for values in large.values()]
        if any(len({kernel.tobytes() for kernel in each}) > 1 for each in together):
            raise UserError(f"several sets of 3x3 kernels ({', '.join(large)}): expected one, or {WHOLE}")
        return np.stack([each[0] for each in together]), others
    [(name, values)] = large.items()
    return _same_for_all(name, values), others


def _same_for_all(name: str, values: Array) -> Array:
    """The kernels of one channel, where a grouped convolution repeats them for each."""
    if values.ndim == 4 and values.shape[1] != 1:
        raise UserError(f"{name} {values.shape} mixes channels in its 3x3 kernels: expected {WHOLE}")
    kernels = values.reshape(-1, 3, 3)
    for count in (3, 4):
        sets, more = divmod(len(kernels), count)
        if not more and np.array_equal(kernels, np.tile(kernels[:count], (sets, 1, 1))):
            return kernels[:count]
    raise UserError(f"{name} has {len(kernels)} kernels that differ: expected the same 3 or 4 kernels for each channel")
