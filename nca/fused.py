"""All steps of a rollout as one differentiable function on the CPU, forward equal to `nca-fixed-1` bit for bit.

Only the states are kept, as the integers they are: backward computes the rest again, which costs a third
more products and a tenth of the memory. Each thread runs the states of its own through all steps, so that
none waits for another and a state's matrices stay in its core's cache.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nca import kernels
from nca.mask import Plan, step_key
from nca.rule import HIDDEN_BITS, STATE_BITS

__all__ = ["run"]

STATE_SCALE, HIDDEN_SCALE = 2.0**STATE_BITS, 2.0**HIDDEN_BITS


def run(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, plan: Plan, products: torch.dtype = torch.float32) -> Tensor:
    """Apply a plan's steps to a batch of states, as nca.step.run does.

    products: of backward's matrix products, float32 or bfloat16; those of forward are always exact.
    """
    if not torch.is_grad_enabled():
        return _real(_forward(x, _Network.of(w1, b1, w2), plan, keep=False)[-1])
    return _Run.apply(x, w1, b1, w2, plan, products)  # type: ignore[no-any-return]


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, plan: Plan, products: torch.dtype) -> Tensor:
        states = _forward(x, _Network.of(w1, b1, w2), plan, keep=True)
        ctx.save_for_backward(w1, b1, w2, states)
        ctx.plan, ctx.products = plan, products
        return _real(states[-1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        w1, b1, w2, states = ctx.saved_tensors
        d_state = gradients[0].clone(memory_format=torch.contiguous_format)
        network = _Network.of(w1, b1, w2)

        def walk(state: int) -> "_Walk":
            ours = _Walk(network, state, states.shape[2:], ctx.plan, ctx.products)
            ours.backward(states, d_state)
            return ours

        walks = _in_threads(walk, len(d_state))
        d_w1 = sum(each.d_w1 for each in walks) / STATE_SCALE
        d_w2 = sum(each.d_w2 for each in walks) / HIDDEN_SCALE
        return d_state, d_w1, sum(each.d_b1 for each in walks), d_w2, None, None


def _forward(x: Tensor, network: "_Network", plan: Plan, *, keep: bool) -> Tensor:
    """The states (1 + steps, B, H, W, C) int16; not keeping them, all but the last share one place."""
    states = torch.empty((1 + plan.steps if keep else 2, *x.shape), dtype=torch.int16)
    states[0] = x * STATE_SCALE

    def walk(state: int) -> None:
        _Walk(network, state, x.shape[1:], plan).forward(states)

    _in_threads(walk, len(x))
    return states if keep else states[plan.steps % 2][None]


def _real(states: Tensor) -> Tensor:
    return states / STATE_SCALE


@dataclass(frozen=True)
class _Network:
    """Weights for states in units of 1/1024 and hidden units in 1/256."""

    w1: Tensor  # (H, 4C)
    b1: Tensor  # (H,)
    w2: Tensor  # (C, H)

    @classmethod
    def of(cls, w1: Tensor, b1: Tensor, w2: Tensor) -> "_Network":
        return cls(w1.detach(), b1.detach() * STATE_SCALE, w2.detach())


class _Walk:
    """One state of a batch on its way through all steps, with the memory that each step uses again."""

    def __init__(
        self, network: _Network, state: int, shape: torch.Size, plan: Plan, products: torch.dtype = torch.float32
    ) -> None:
        height, width, C = shape
        H, cells = len(network.b1), height * width
        self.network, self.state, self.shape, self.plan = network, state, shape, plan
        self.keys = [step_key(plan.seed, plan.first + step) for step in range(plan.steps)]
        self.columns, self.starts = np.empty(cells + 1, np.uint16), np.empty(height + 1, np.int32)
        self.rows, self.sums, self.change = (torch.empty(cells, size) for size in (4 * C, H, C))
        self.w1, self.w2 = network.w1.to(products), network.w2.to(products)
        self.half_rows, self.hidden, self.d_hidden, self.d_change, self.d_rows = (
            torch.empty(cells, size, dtype=products) for size in (4 * C, H, H, C, 4 * C)
        )
        self.d_w1, self.d_b1, self.d_w2 = torch.zeros(H, 4 * C), torch.zeros(H), torch.zeros(C, H)

    def forward(self, states: Tensor) -> None:
        for step in range(self.plan.steps):
            here, following = (states[number % len(states), self.state] for number in (step, step + 1))
            n = self._first_layer(step, here)
            kernels.activate(self.sums[:n].numpy(), self.network.b1.numpy())
            torch.mm(self.sums[:n], self.network.w2.T, out=self.change[:n])
            kernels.update(here.numpy(), self.columns, self.starts, self.change.numpy(), following.numpy())

    def backward(self, states: Tensor, d_states: Tensor) -> None:
        """Carry the gradient of the last state to the first, in place, and gather the weights'."""
        d_state = d_states[self.state].numpy()
        for step in reversed(range(self.plan.steps)):
            n = self._first_layer(step, states[step, self.state])
            rows, hidden, d_hidden = self.half_rows[:n], self.hidden[:n], self.d_hidden[:n]
            d_change, d_rows = self.d_change[:n], self.d_rows[:n]
            kernels.gather(d_state, self.columns, self.starts, _bits(d_change))
            torch.mm(d_change, self.w2, out=d_hidden)
            kernels.gate(
                self.sums[:n].numpy(), self.network.b1.numpy(), _bits(d_hidden), _bits(hidden), self.d_b1.numpy()
            )
            torch.mm(d_hidden, self.w1, out=d_rows)
            kernels.spread(_bits(d_rows), self.columns, self.starts, d_state)
            self.d_w1 += d_hidden.T @ rows.copy_(self.rows[:n])
            self.d_w2 += d_change.T @ hidden

    def _first_layer(self, step: int, state: Tensor) -> int:
        """Fill rows and sums for the cells that the mask picks; returns their number."""
        height, width, _ = self.shape
        n: int = kernels.pick(
            self.keys[step],
            (self.plan.above + self.state) * height,
            self.plan.first + step,
            self.plan.rate,
            (height, width),
            self.columns,
            self.starts,
        )
        kernels.perceive(state.numpy(), self.columns, self.starts, self.rows.numpy())
        torch.mm(self.rows[:n], self.network.w1.T, out=self.sums[:n])
        return n


def _bits(matrix: Tensor) -> np.ndarray:
    """As NumPy sees it, which knows no bfloat16."""
    return (matrix.view(torch.uint16) if matrix.dtype == torch.bfloat16 else matrix).numpy()


def _in_threads(work: Callable[[int], Any], count: int) -> list[Any]:
    """Each of range(count) in one of torch's number of threads, whose own operations then take one each."""
    threads = min(count, torch.get_num_threads())
    if threads == 1:
        return [work(each) for each in range(count)]
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(work, range(count)))
    finally:
        torch.set_num_threads(torch.get_num_threads())  # MKL's, which all threads share
