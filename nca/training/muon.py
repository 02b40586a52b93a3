"""The optimizer: momentum with equal weight for all directions (Jordan et al., "Muon", 2024).

Two thirds of an automaton's gradient lie in one direction and over 92 % in three (docs/training.md). Most of it changes
colours, and little of it shapes. Muon weighs all directions equally, so training learns both at once.
torch.optim.Muon accepts matrices only, and computes in bfloat16.
"""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import Parameter

__all__ = ["Muon", "orthogonal"]

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # the paper's polynomial: five rounds bring singular values to 0.7 .. 1.2
ROUNDS = 5


class Muon:
    """Each update has a root mean square of about `lr`, for any gradient. A bias is a matrix of one column.

    It does not derive from torch.optim.Optimizer, whose first use imports PyTorch's compiler: 150 MB of memory.
    """

    def __init__(self, parameters: Iterable[Parameter], lr: float, momentum: float = 0.9) -> None:
        self.parameters = list(parameters)
        self.param_groups = [{"params": self.parameters}]  # torch's GradScaler finds the gradients here
        self.means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.lr, self.momentum = lr, momentum

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Update every parameter that has a gradient."""
        for parameter, mean in zip(self.parameters, self.means, strict=True):
            if parameter.grad is not None:
                self._update(parameter, parameter.grad, mean)

    def _update(self, parameter: Parameter, gradient: Tensor, mean: Tensor) -> None:
        mean.lerp_(gradient, 1 - self.momentum)
        ahead = gradient.lerp(mean, self.momentum).reshape(len(parameter), -1)  # Nesterov momentum
        size = max(ahead.shape) ** 0.5  # the root mean square of an orthogonal matrix is 1 / size
        parameter.sub_(orthogonal(ahead).view_as(parameter), alpha=self.lr * size)


def orthogonal(matrix: Tensor) -> Tensor:
    """The nearest matrix with orthogonal rows or columns, approximately."""
    a, b, c = NEWTON_SCHULZ
    x: Tensor = matrix / (matrix.norm() + 1e-7)
    x = x.T if len(matrix) > matrix.shape[1] else x
    for _ in range(ROUNDS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if len(matrix) > matrix.shape[1] else x
