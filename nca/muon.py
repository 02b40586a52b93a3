"""The optimizer: momentum whose directions all count the same (Jordan et al., "Muon", 2024).

Two thirds of an automaton's gradient lie in one direction, over 92 % in three (docs/training.md): most of it asks for
other colours, and little for other shapes. Muon makes all directions equal, so that both are learnt at once.
torch.optim.Muon takes matrices only, in bfloat16.
"""

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

__all__ = ["Muon", "orthogonal"]

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # the paper's quintic: five rounds bring singular values to 0.7 .. 1.2
ROUNDS = 5


class Muon(Optimizer):
    """Each update has a root mean square of about lr, whatever the gradient; a bias is a matrix of one column."""

    def __init__(self, parameters: Iterable[Parameter], lr: float, momentum: float = 0.9) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update every parameter that has a gradient. No closure is called."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group["lr"], group["momentum"])

    def _update(self, parameter: Parameter, gradient: Tensor, lr: float, momentum: float) -> None:
        state = self.state[parameter]
        mean = state.setdefault("mean", torch.zeros_like(parameter)).lerp_(gradient, 1 - momentum)
        ahead = gradient.lerp(mean, momentum).reshape(len(parameter), -1)  # Nesterov's
        size = max(ahead.shape) ** 0.5  # an orthogonal matrix's root mean square is one over this
        parameter.sub_(orthogonal(ahead).view_as(parameter), alpha=lr * size)


def orthogonal(matrix: Tensor) -> Tensor:
    """The nearest matrix of orthogonal rows or columns, about."""
    a, b, c = NEWTON_SCHULZ
    x: Tensor = matrix / (matrix.norm() + 1e-7)
    x = x.T if len(matrix) > matrix.shape[1] else x
    for _ in range(ROUNDS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if len(matrix) > matrix.shape[1] else x
