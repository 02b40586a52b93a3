"""Several processes that train one automaton: each one runs its share of the batch, and all take the same step.

All of them draw the same random numbers and hold the whole pool. They exchange losses, gradients and new states. So a
run is the same for any number of processes, up to the rounding of sums.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import Parameter

from nca.errors import UserError

__all__ = ["ALONE", "Ranks", "join_ranks"]


@dataclass(frozen=True)
class Ranks:
    """This process and the number of all. index: 0 to count - 1; process 0 writes files and messages."""

    index: int = 0
    count: int = 1

    def share(self, batch: Tensor) -> tuple[int, Tensor]:
        """This process' share of a batch, and the number of states before it. Raises UserError for an uneven batch."""
        if len(batch) % self.count:
            raise UserError(
                f"a batch of {len(batch)} cannot be shared by {self.count} processes: set --batch to a multiple"
            )
        size = len(batch) // self.count
        return self.index * size, batch[self.index * size :][:size]

    def gather(self, share: Tensor) -> Tensor:
        """The whole batch, from the shares of all processes; without gradients."""
        if self.count == 1:
            return share.detach()
        shares = [torch.empty_like(share) for _ in range(self.count)]
        _together(dist.all_gather, shares, share.detach().contiguous())
        return torch.cat(shares)

    def mean(self, value: Tensor) -> Tensor:
        """The mean over all processes. Its gradient is that of this process' own value."""
        return value if self.count == 1 else _Mean.apply(value, self.count)

    def mean_gradients(self, parameters: Iterable[Parameter]) -> None:
        """Replace each gradient by its mean over all processes."""
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad = self.mean(parameter.grad)

    def agree(self, value: float, device: torch.device) -> float:
        """The mean of a number over all processes. It waits for all of them."""
        return value if self.count == 1 else self.mean(torch.tensor(value, device=device)).item()


ALONE = Ranks()


class _Mean(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, value: Tensor, count: int) -> Tensor:
        total = value.clone()
        _together(dist.all_reduce, total)
        return total / count

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None  # mean_gradients takes the mean, once


@contextmanager
def join_ranks(device: torch.device) -> Iterator[Ranks]:
    """Join the processes that torchrun has started, or stay alone. The exchanges raise UserError if a process ends."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield ALONE
        return
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Ranks(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()


def _together(exchange: Callable[..., object], *arguments: object) -> None:
    try:
        exchange(*arguments)
    except RuntimeError:
        raise UserError(
            "another process of this training has ended: continue from the last save with --resume"
        ) from None
