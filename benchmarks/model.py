"""One automaton in floats, as other libraries compute it: the lesson's model, without roundings and clamps."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d, pad

from nca.rule.rule import UPDATE_ALWAYS, Rule

__all__ = ["FILTERS", "FloatModel"]

_SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 8
_LAPLACIAN = np.array([[1, 2, 1], [2, -12, 2], [1, 2, 1]]) / 16
_IDENTITY = np.outer([0, 1, 0], [0, 1, 0])
FILTERS = np.stack([_IDENTITY, _SOBEL, _SOBEL.T, _LAPLACIAN]).astype(np.float32)  # (4, 3, 3)
FOLDED = 8  # hidden units; 96 ran slower so, in either library


@dataclass(frozen=True, eq=False)
class FloatModel:
    """A rule's weights in real units.

    w1: (H, 4C), filter-major. b1: (H,). w2: (C, H). rate: the share of cells that a step updates.
    """

    w1: NDArray[np.float32]
    b1: NDArray[np.float32]
    w2: NDArray[np.float32]
    rate: float

    @classmethod
    def of(cls, rule: Rule) -> "FloatModel":
        """A rule without its roundings."""
        return cls(*rule.real_weights(), rate=rule.update / UPDATE_ALWAYS)

    @property
    def multiply_adds(self) -> int:
        """What the network takes for a cell that updates."""
        return self.w1.size + self.w2.size

    @property
    def folds(self) -> bool:
        """Whether libraries get perception and first layer as one 3x3 convolution: few units run faster so."""
        return len(self.b1) <= FOLDED

    @property
    def first(self) -> NDArray[np.float32]:
        """The first layer, a convolution of the state (H, C, 3, 3) or of channel-major perception (H, 4C, 1, 1)."""
        filter_major = self.w1.reshape(len(self.b1), 4, -1)  # (H, 4, C)
        if self.folds:
            return np.einsum("hfc,fyx->hcyx", filter_major, FILTERS)
        return filter_major.swapaxes(1, 2).reshape(*self.w1.shape, 1, 1)

    def fields(self) -> dict[str, Any]:
        """As JSON for the contestants' JavaScript; arrays row by row."""
        channels, hidden = self.w2.shape
        arrays = {"filters": FILTERS, "first": self.first, "w1": self.w1, "b1": self.b1, "w2": self.w2}
        flat = {name: array.flatten().tolist() for name, array in arrays.items()}
        return {"channels": channels, "hidden": hidden, "rate": self.rate, "folds": self.folds} | flat

    def update(self, state: Tensor) -> Tensor:
        """What a step adds to the cells that it updates: (C, height, width) to the same."""
        around = pad(state[None], (1, 1, 1, 1), mode="circular")
        seen = [conv2d(around.transpose(0, 1), torch.tensor(kernel)[None, None])[:, 0] for kernel in FILTERS]
        sums = torch.einsum("hp,pyx->hyx", torch.tensor(self.w1), torch.cat(seen))
        return torch.einsum("ch,hyx->cyx", torch.tensor(self.w2), (sums + torch.tensor(self.b1)[:, None, None]).relu())
