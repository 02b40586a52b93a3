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
    _check_empty(arrays)
    kernels, others = _split_kernels(arrays)
    matrices = {name: _flat(values) for name, values in others.items() if _flat(values).ndim == 2}
    if len(matrices) != 2:
        found = ", ".join(f"{name} {others[name].shape}" for name in matrices) or "none"
        raise UserError(f"{len(matrices)} layers ({found}): expected {WHOLE}")
    first, second = _pair(*matrices.items())
    (name, w1), (_, w2) = first, second
    _check_inputs(name, w1.shape[1], len(w2), kernels)
    b1, b2 = _biases(others, {each: len(layer) for each, layer in (first, second)})
    return Layers(w1, b1, w2, b2, kernels)


def _check_empty(arrays: Arrays) -> None:
    for name, values in arrays.items():
        if not values.size:
            raise UserError(f"{name} {values.shape} holds no number: expected {WHOLE}")


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


def _biases(arrays: Arrays, sizes: dict[str, int]) -> list[Array]:
    """The biases of the layers: by their names, or else the only one of a size; zeros for a layer without one.

    sizes: of the layers' biases, by the layers' names. Raises UserError for what belongs to a layer and does not fit.
    """
    free = {name: values for name, values in arrays.items() if name not in sizes and values.ndim}
    owners = {name: layer for layer in sizes for name, values in free.items() if _belongs(name, values, layer)}
    taken = {layer: _named(free, owners, layer, size) for layer, size in sizes.items()}
    for layer, size in sizes.items():
        taken[layer] = taken[layer] or _only_one(free, taken, owners, size)
    for name, values in free.items():
        if name not in taken.values() and (name in owners or "bias" in name):
            raise UserError(_misfit(name, values, owners, sizes))
    return [free[found] if (found := taken[layer]) else np.zeros(size) for layer, size in sizes.items()]


def _belongs(name: str, values: Array, layer: str) -> bool:
    """Whether an array is of this layer by its name: w1.bias or b1 of w1.weight."""
    stem, number = re.sub(r"(weight|kernel|w)$", "", layer), re.findall(r"\d+", layer)
    numbered = values.ndim == 1 and bool(number) and re.findall(r"\d+", name) == number
    return numbered or (bool(stem) and name.startswith(stem))


def _named(free: Arrays, owners: dict[str, str], layer: str, size: int) -> str | None:
    return next((name for name, each in free.items() if owners.get(name) == layer and each.shape == (size,)), None)


def _only_one(free: Arrays, taken: dict[str, str | None], owners: dict[str, str], size: int) -> str | None:
    """The only array of a size that no layer has by its name."""
    names = [name for name, each in free.items() if each.shape == (size,) and name not in owners]
    left = [name for name in names if name not in taken.values()]
    return left[0] if len(left) == 1 else None


def _misfit(name: str, values: Array, owners: dict[str, str], sizes: dict[str, int]) -> str:
    layers = [owners[name]] if name in owners else [*sizes]
    expected = " or ".join(f"({sizes[layer]},)" for layer in layers)
    return f"{name} {values.shape}: expected {expected}, the one bias of {' or '.join(layers)}"


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
