"""All steps of a rollout as one differentiable function on the CPU, forward equal to `nca-fixed-1` bit for bit.

Of each step only the state is kept, as the integers it is, and backward computes the rest again. Where
backward's products are of half precision, it is given the hidden units, too, a byte each: that is as precise
as the products are, and spares the first layer. Each thread takes states of its own through all steps, so
that none waits for another, and the matrices of a step, which the next one uses again, stay in its cache.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from nca import kernels
from nca.mask import Plan, step_key
from nca.rule import HIDDEN_BITS, STATE_BITS

__all__ = ["run"]

STATE_SCALE, HIDDEN_SCALE = 2.0**STATE_BITS, 2.0**HIDDEN_BITS
CODE_SCALE = HIDDEN_SCALE / 4


def run(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, plan: Plan, products: torch.dtype = torch.float32) -> Tensor:
    """Apply a plan's steps to a batch of states, as nca.step.run does.

    products: of backward's matrix products, float32 or bfloat16; those of forward are always exact.
    """
    if not torch.is_grad_enabled():
        record = _Record(x, len(b1), steps=1, codes=False)
        return _forward(x, _Network.of(w1, b1, w2), plan, record)
    return _Run.apply(x, w1, b1, w2, plan, products)  # type: ignore[no-any-return]


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, plan: Plan, products: torch.dtype) -> Tensor:
        ctx.record = _Record(x, len(b1), plan.steps, codes=products == torch.bfloat16)
        ctx.plan, ctx.products = plan, products
        ctx.save_for_backward(w1, b1, w2)
        return _forward(x, _Network.of(w1, b1, w2), plan, ctx.record)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        network = _Network.of(*ctx.saved_tensors)
        d_states = gradients[0].clone(memory_format=torch.contiguous_format)

        def walk(state: int) -> _Backward:
            return _Backward(network, state, ctx.plan, ctx.record, ctx.products).walk(d_states[state])

        walks = _in_threads(walk, len(d_states))
        d_w1, d_b1, d_w2 = (sum(each) for each in zip(*(walk.gradients() for walk in walks), strict=True))
        return d_states, d_w1, d_b1, d_w2, None, None


def _forward(x: Tensor, network: "_Network", plan: Plan, record: "_Record") -> Tensor:
    record.states[0] = x * STATE_SCALE
    _in_threads(lambda state: _Forward(network, state, plan, record).walk(), len(x))
    last: Tensor = record.states[plan.steps % len(record.states)] / STATE_SCALE
    return last


@dataclass(frozen=True)
class _Network:
    """Weights for states in units of 1/1024 and hidden units in 1/256."""

    w1: Tensor  # (H, 4C)
    b1: Tensor  # (H,)
    w2: Tensor  # (C, H)

    @classmethod
    def of(cls, w1: Tensor, b1: Tensor, w2: Tensor) -> "_Network":
        return cls(w1.detach(), b1.detach() * STATE_SCALE, w2.detach())


class _Record:
    """What backward needs of forward; of more steps than there is place for, the last ones are kept.

    states: (1 + steps, B, H, W, C) int16.
    codes: (steps, B, H * W, hidden) uint8, the first ones of which are those of the picked cells; or None.

    The memory is that of an earlier record where one is done with: fetching fresh pages from the system
    took a tenth of a rollout's time.
    """

    spares: ClassVar[list[Tensor]] = []  # one at most; taken and put back whole, since threads may share it

    def __init__(self, x: Tensor, hidden: int, steps: int, *, codes: bool) -> None:
        B, H, W, _ = x.shape
        sizes = 2 * (1 + steps) * x.numel(), steps * B * H * W * hidden * codes
        try:
            self.memory = _Record.spares.pop()
        except IndexError:
            self.memory = torch.empty(0, dtype=torch.uint8)
        if len(self.memory) < sum(sizes):
            self.memory = torch.empty(sum(sizes), dtype=torch.uint8)
        states, units = self.memory[: sizes[0]], self.memory[sizes[0] : sum(sizes)]
        self.states = states.view(torch.int16).view(1 + steps, *x.shape)
        self.codes = units.view(steps, B, H * W, hidden) if codes else None

    def __del__(self) -> None:
        _Record.spares[:] = [max([self.memory, *_Record.spares], key=len)]


class _Walk:
    """One state of a batch on its way through all steps, with the memory that each step uses again."""

    def __init__(self, network: _Network, state: int, plan: Plan, record: _Record) -> None:
        self.network, self.state, self.plan, self.record = network, state, plan, record
        self.height, self.width, self.C = record.states.shape[2:]
        self.H, self.cells = len(network.b1), self.height * self.width
        self.keys = [step_key(plan.seed, plan.first + step) for step in range(plan.steps)]
        self.columns, self.starts = np.empty(self.cells + 1, np.uint16), np.empty(self.height + 1, np.int32)
        self.rows, self.sums = torch.empty(self.cells, 4 * self.C), torch.empty(self.cells, self.H)

    def pick(self, step: int) -> int:
        """List the cells that the mask picks; returns their number."""
        shape, first_row, rate = (self.height, self.width), (self.plan.above + self.state) * self.height, self.plan.rate
        number = self.plan.first + step
        picked: int = kernels.pick(self.keys[step], first_row, number, rate, shape, self.columns, self.starts)
        return picked

    def first_layer(self, state: Tensor, picked: int) -> Tensor:
        """The picked cells' hidden units, (picked, H) integers in float32."""
        rows, hidden = self.rows[:picked], self.sums[:picked]
        kernels.perceive(state.numpy(), self.columns, self.starts, rows.numpy())
        torch.mm(rows, self.network.w1.T, out=hidden)
        kernels.activate(hidden.numpy(), self.network.b1.numpy())
        return hidden


class _Forward(_Walk):
    def walk(self) -> None:
        states, codes = self.record.states[:, self.state], self.record.codes
        change = torch.empty(self.C * self.cells)
        for step in range(self.plan.steps):
            here, following = states[step % len(states)], states[(step + 1) % len(states)]
            picked = self.pick(step)
            hidden = self.first_layer(here, picked)
            if codes is not None:
                kernels.encode(hidden.numpy(), codes[step, self.state].numpy())
            sums = change[: self.C * picked].view(self.C, picked)
            torch.mm(self.network.w2, hidden.T, out=sums)  # twice as fast as its transpose
            kernels.update(here.numpy(), self.columns, self.starts, sums.numpy(), following.numpy())


class _Backward(_Walk):
    def __init__(self, network: _Network, state: int, plan: Plan, record: _Record, products: torch.dtype) -> None:
        super().__init__(network, state, plan, record)
        H, C, cells = self.H, self.C, self.cells
        self.w1, self.w2 = network.w1.to(products), network.w2.to(products)
        self.matrices = [torch.empty(cells, size, dtype=products) for size in (H, H, C, 4 * C)]
        self.half_rows = torch.empty(cells, 4 * C, dtype=torch.bfloat16)
        self.d_w1, self.d_b1, self.d_w2 = torch.zeros(H, 4 * C), torch.zeros(H), torch.zeros(C, H)

    def gradients(self) -> tuple[Tensor, Tensor, Tensor]:
        scale = HIDDEN_SCALE if self.record.codes is None else CODE_SCALE
        return self.d_w1 / STATE_SCALE, self.d_b1, self.d_w2 / scale

    def walk(self, d_states: Tensor) -> "_Backward":
        """Carry the gradient of the last state to the first, in place, and gather the weights'."""
        d_state = d_states.numpy()
        for step in reversed(range(self.plan.steps)):
            picked = self.pick(step)
            hidden, d_hidden, d_change, d_rows = (each[:picked] for each in self.matrices)
            rows, units = self.seen(step, picked)
            kernels.gather(d_state, self.columns, self.starts, _bits(d_change))
            torch.mm(d_change, self.w2, out=d_hidden)
            kernels.gate(units.numpy(), _bits(d_hidden), _bits(hidden), self.d_b1.numpy())
            torch.mm(d_hidden, self.w1, out=d_rows)
            kernels.spread(_bits(d_rows), self.columns, self.starts, d_state)
            self.d_w1 += d_hidden.T @ rows
            self.d_w2 += d_change.T @ hidden
        return self

    def seen(self, step: int, picked: int) -> tuple[Tensor, Tensor]:
        """The picked cells' perception and their hidden units, or these units' codes."""
        state = self.record.states[step, self.state]
        if self.record.codes is None:
            hidden = self.first_layer(state, picked)
            return self.rows[:picked], hidden
        rows = self.half_rows[:picked]
        kernels.perceive(state.numpy(), self.columns, self.starts, _bits(rows))
        return rows, self.record.codes[step, self.state, :picked]


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
