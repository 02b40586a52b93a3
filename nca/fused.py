"""All steps of a rollout as one differentiable function on the CPU, forward equal to `nca-fixed-1` bit for bit.

Of each step only the state is kept, and backward computes the rest again. Each thread takes states of its own
through all steps, so that none waits for another.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from nca import blocks
from nca.blocks import Gradients, Masks, Network, Transposed
from nca.mask import Plan, step_key
from nca.rule import HIDDEN_BITS, STATE_BITS
from nca.tile import GROUP

__all__ = ["run"]

STATE_SCALE, HIDDEN_SCALE = 2.0**STATE_BITS, 2.0**HIDDEN_BITS
WEIGHT_BITS, BIAS_BITS = 7, 30  # of the integers: as in the format, and so that no sum leaves int32
FINEST = 22  # of a row's unit, 2^-22: no rule has a finer one


def run(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, plan: Plan, products: torch.dtype = torch.float32) -> Tensor:
    """Apply a plan's steps to a batch of states, as nca.step.run does.

    products: of backward's matrix products, float32 or bfloat16; those of forward are always exact.
    """
    if not torch.is_grad_enabled():
        return _forward(_Record(x, plan, kept=1), _integers(w1, b1, w2))
    return _Run.apply(x, w1, b1, w2, plan, products)  # type: ignore[no-any-return]


class _Run(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, plan: Plan, products: torch.dtype) -> Tensor:
        ctx.record, ctx.network = _Record(x, plan, kept=plan.steps), _integers(w1, b1, w2)
        ctx.products = products
        ctx.save_for_backward(w1, w2)
        return _forward(ctx.record, ctx.network)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        w1, w2 = ctx.saved_tensors
        transposed = _transposed(w1, w2, ctx.products)
        d_states = gradients[0].clone(memory_format=torch.contiguous_format)

        def walk(state: int) -> Gradients:
            totals = _zeros(ctx.network)
            here = ctx.record.states[state].numpy(), ctx.record.masks[state]
            blocks.backward(*here, ctx.network, transposed, d_states[state].numpy(), totals)
            return totals

        sums = zip(*_in_threads(walk, len(d_states)), strict=True)
        d_w1, d_b1, d_w2 = (torch.from_numpy(sum(each)) for each in sums)
        H, C = len(w1), len(w2)
        return d_states, d_w1[:H] / STATE_SCALE, d_b1[:H], d_w2[:C, :H] / HIDDEN_SCALE, None, None


def _forward(record: "_Record", network: Network) -> Tensor:
    def walk(state: int) -> None:
        blocks.forward(record.states[state].numpy(), record.masks[state], network)

    _in_threads(walk, len(record.states))
    last: Tensor = record.states[:, record.last] / STATE_SCALE
    return last


class _Record:
    """The states that a rollout keeps, (B, 1 + kept, H, W, C) int16, and each one's masks.

    The memory is that of an earlier record where one is done with: fetching fresh pages from the system
    took a tenth of a rollout's time.
    """

    spares: ClassVar[list[np.ndarray]] = []  # one at most; taken and put back whole, since threads may share it

    def __init__(self, x: Tensor, plan: Plan, kept: int) -> None:
        keys = np.array([step_key(plan.seed, plan.first + step) for step in range(plan.steps)], np.int64)
        rows = ((plan.above + state) * x.shape[1] for state in range(len(x)))
        self.masks = [Masks(keys, first_row, plan.first, plan.rate) for first_row in rows]
        self.last = plan.steps % (1 + kept)
        size = (1 + kept) * x.numel()
        try:
            self.memory = _Record.spares.pop()
        except IndexError:
            self.memory = np.empty(0, np.int16)  # not torch's: what inference mode makes, training may not write to
        if len(self.memory) < size:
            self.memory = np.empty(size, np.int16)
        self.states = torch.from_numpy(self.memory[:size]).view(len(x), 1 + kept, *x.shape[1:])
        self.states[:, 0] = x * STATE_SCALE

    def __del__(self) -> None:
        _Record.spares[:] = [max([self.memory, *_Record.spares], key=len)]


def _integers(w1: Tensor, b1: Tensor, w2: Tensor) -> Network:
    """The weights as integers, each row in the finest unit that leaves them 7 bits, so in the rule's or a finer one."""
    rows1, bias, rows2 = (each.detach().double().numpy() for each in (w1, b1[:, None], w2))
    q1 = np.minimum(_exponents(rows1, WEIGHT_BITS), _exponents(bias, BIAS_BITS - STATE_BITS))
    q2 = _exponents(rows2, WEIGHT_BITS)
    k2 = _filled(q2 + HIDDEN_BITS - STATE_BITS)
    return Network(
        w1=_pairs(_filled(rows1 * 2.0**q1).T),
        b1=_filled(bias * 2.0 ** (q1 + STATE_BITS))[:, 0],
        k1=_filled(q1 + STATE_BITS - HIDDEN_BITS)[:, 0],
        w2=_pairs(_filled(_filled(rows2 * 2.0**q2).T)),
        half=(1 << k2 >> 1)[:, 0],
        k2=k2[:, 0],
        channels=(0,) * len(rows2),
    )


def _exponents(rows: np.ndarray, bits: int) -> np.ndarray:
    """Each row's q, (N, 1): the largest for which its numbers times 2^q are below 2^bits."""
    _, lengths = np.frexp(np.abs(rows).max(1, keepdims=True))
    return np.asarray(np.minimum(bits - lengths, FINEST))


def _filled(rows: np.ndarray) -> np.ndarray:
    """With rows of zeros up to a multiple of GROUP; int32."""
    return np.pad(rows.astype(np.int32), ((0, -len(rows) % GROUP), (0, 0)))


def _pairs(columns: np.ndarray) -> np.ndarray:
    """(2K, N) to words (K, N) of two int16, rows 2k and 2k + 1."""
    pairs = columns.reshape(len(columns) // 2, 2, -1).swapaxes(1, 2)
    words: np.ndarray = np.ascontiguousarray(pairs, np.int16).view(np.int32)[..., 0]
    return words


def _transposed(w1: Tensor, w2: Tensor, products: torch.dtype) -> Transposed:
    H = -len(w1) % GROUP
    return Transposed(
        w1=_words(pad(w1.detach(), (0, 0, 0, H)), products), w2=_words(pad(w2.detach(), (0, H)), products)
    )


def _words(matrix: Tensor, products: torch.dtype) -> np.ndarray:
    """For nca.tile.product: float32 as it is, or rows k and k + K / 2 in pairs of bfloat16."""
    if products == torch.float32:
        return matrix.numpy()
    pairs = torch.stack(matrix.to(products).chunk(2), dim=2)
    return pairs.view(torch.int32)[..., 0].numpy().view(np.uint32)


def _zeros(network: Network) -> Gradients:
    H, C = len(network.b1), len(network.channels)
    return Gradients(*(np.zeros(shape, np.float32) for shape in ((H, 4 * C), H, (GROUP, H))))


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
