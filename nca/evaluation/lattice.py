"""Whether a decoded picture shows the lattice of its cells: "contrast by place" over the d x d places in a cell."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST", "Lattice", "lattice"]


class Lattice(NamedTuple):
    """How much the places in a cell differ. Both are 0 for a picture in which no place is special.

    colour: the deviation of the places' mean colours, in parts of the picture's deviation.
    gradient: the deviation of the places' mean gradients, in parts of their mean.
    """

    colour: float
    gradient: float


MOST = Lattice(colour=0.005, gradient=0.04)  # the eye finds no lattice below these


def lattice(picture: NDArray[np.float64], detail: int) -> Lattice:
    """Measure a picture on a torus, (H * detail, W * detail, 3), of a state of H x W cells."""
    across, down = np.roll(picture, -1, axis=1) - picture, np.roll(picture, -1, axis=0) - picture
    gradient = np.sqrt((across**2 + down**2).sum(2, keepdims=True))
    colours, gradients = _by_place(picture, detail), _by_place(gradient, detail)
    return Lattice(
        colour=float(_deviation(colours) / max(_deviation(picture), 1e-9)),
        gradient=float(_deviation(gradients) / max(gradients.mean(), 1e-9)),
    )


def _by_place(values: NDArray[np.float64], detail: int) -> NDArray[np.float64]:
    """The mean over all cells: (H * detail, W * detail, channels) -> (detail, detail, channels)."""
    height, width, channels = values.shape
    return np.asarray(values.reshape(height // detail, detail, width // detail, detail, channels).mean((0, 2)))


def _deviation(values: NDArray[np.float64]) -> float:
    """Over the first two dimensions: the root of the channels' mean variance."""
    return float(np.sqrt(values.var((0, 1)).mean()))
