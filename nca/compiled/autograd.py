"""All steps of a rollout as one differentiable function on the CPU. Its forward pass equals `nca-fixed-1` bit for bit.

Forward keeps only the state of each step; backward computes everything else again. Each thread takes its own states
through all steps, so no thread waits for another.
"""

import threading
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import pad

from nca.compiled import loops
from nca.compiled.loops import Gradients, Masks, Network, Transposed
from nca.compiled.matmul import GROUP
from nca.rule.mask import MaskSchedule, step_key
from nca.rule.rule import HIDDEN_BITS, STATE_BITS

__all__ = ["compiled_steps"]

STATE_SCALE, HIDDEN_SCALE = 2.0**STATE_BITS, 2.0**HIDDEN_BITS
WEIGHT_BITS, BIAS_BITS = 7, 30  # sizes of the integers: the format's, and one with which all sums fit int32
FINEST = 22  # the smallest unit of a row is 2^-22: no rule has a smaller one


def compiled_steps(
    x: Tensor,
    w1: Tensor,
    b1: Tensor,
    w2: Tensor,
    schedule: MaskSchedule,
    matmul_dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Apply the steps of a schedule to a batch of states, like `nca.model.step.plain_steps`.

    matmul_dtype: precision of the matrix products in backward, float32 or bfloat16; forward is always exact.
    """
    if not torch.is_grad_enabled():
        return _forward(_Record(x, schedule, kept=1), _integers(w1, b1, w2))
    return _Rollout.apply(x, w1, b1, w2, schedule, matmul_dtype)  # type: ignore[no-any-return]


class _Rollout(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, schedule: MaskSchedule, matmul_dtype: torch.dtype
    ) -> Tensor:
        ctx.record, ctx.network = _Record(x, schedule, kept=schedule.steps), _integers(w1, b1, w2)
        ctx.matmul_dtype = matmul_dtype
        ctx.save_for_backward(w1, w2)
        return _forward(ctx.record, ctx.network)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        w1, w2 = ctx.saved_tensors
        transposed = _transposed(w1, w2, ctx.matmul_dtype)
        d_states = gradients[0].clone(memory_format=torch.contiguous_format)

        def walk(state: int) -> Gradients:
            totals = _zeros(ctx.network)
            here = ctx.record.states[state].numpy(), ctx.record.masks[state]
            loops.backward(*here, ctx.network, transposed, d_states[state].numpy(), totals)
            return totals

        sums = zip(*_in_threads(walk, len(d_states)), strict=True)
        d_w1, d_b1, d_w2 = (torch.from_numpy(sum(each)) for each in sums)
        H, C = len(w1), len(w2)
        return d_states, d_w1[:H] / STATE_SCALE, d_b1[:H], d_w2[:C, :H] / HIDDEN_SCALE, None, None


def _forward(record: "_Record", network: Network) -> Tensor:
    def walk(state: int) -> None:
        loops.forward(record.states[state].numpy(), record.masks[state], network)

    _in_threads(walk, len(record.states))
    last: Tensor = record.states[:, record.last] / STATE_SCALE
    return last


class _Record:
    """The states that a rollout keeps, (B, 1 + kept, H, W, C) int16, and the masks of each state in the batch."""

    def __init__(self, x: Tensor, schedule: MaskSchedule, kept: int) -> None:
        keys = np.array(
            [step_key(int(schedule.seed), schedule.first + step) for step in range(schedule.steps)], np.int64
        )
        rows = ((schedule.batch_offset + state) * x.shape[1] for state in range(len(x)))
        self.masks = [Masks(keys, first_row, schedule.first, schedule.rate) for first_row in rows]
        self.last = schedule.steps % (1 + kept)
        memory = _buffer.lend((1 + kept) * x.numel(), borrower=self)
        self.states = torch.from_numpy(memory).view(len(x), 1 + kept, *x.shape[1:])
        self.states[:, 0] = x * STATE_SCALE


class _Buffer(threading.local):
    """Each thread's memory for records. A new record reuses the memory of the thread's last one, if that is gone.

    Fresh memory from the system took a tenth of a rollout's time. It is NumPy's, because training may not write to a
    tensor that was made in inference mode.
    """

    def __init__(self) -> None:
        self.memory = np.empty(0, np.int16)
        self.borrower: Callable[[], object] = lambda: None

    def lend(self, size: int, borrower: object) -> np.ndarray:
        """(size,) int16, for as long as the borrower lives."""
        if self.borrower() is not None or len(self.memory) < size:
            self.memory = np.empty(size, np.int16)
        self.borrower = weakref.ref(borrower)
        return self.memory[:size]


_buffer = _Buffer()


def _integers(w1: Tensor, b1: Tensor, w2: Tensor) -> Network:
    """The weights as integers. Each row's unit is the smallest that fits 7 bits, so the rule's own or a smaller one."""
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
    """Each row's q, (N, 1): the largest one that keeps the row's numbers times 2^q below 2^bits."""
    _, lengths = np.frexp(np.abs(rows).max(1, keepdims=True))
    return np.asarray(np.minimum(bits - lengths, FINEST))


def _filled(rows: np.ndarray) -> np.ndarray:
    """Rows of zeros are added up to a multiple of GROUP; the result is int32."""
    return np.pad(rows.astype(np.int32), ((0, -len(rows) % GROUP), (0, 0)))


def _pairs(columns: np.ndarray) -> np.ndarray:
    """Pack (2K, N) into words (K, N) of two int16 each, from rows 2k and 2k + 1."""
    pairs = columns.reshape(len(columns) // 2, 2, -1).swapaxes(1, 2)
    words: np.ndarray = np.ascontiguousarray(pairs, np.int16).view(np.int32)[..., 0]
    return words


def _transposed(w1: Tensor, w2: Tensor, matmul_dtype: torch.dtype) -> Transposed:
    H = -len(w1) % GROUP
    return Transposed(
        w1=_words(pad(w1.detach(), (0, 0, 0, H)), matmul_dtype), w2=_words(pad(w2.detach(), (0, H)), matmul_dtype)
    )


def _words(matrix: Tensor, matmul_dtype: torch.dtype) -> np.ndarray:
    """A matrix for `nca.compiled.matmul.product`: float32, or pairs of bfloat16 from rows k and k + K / 2."""
    if matmul_dtype == torch.float32:
        return matrix.numpy()
    pairs = torch.stack(matrix.to(matmul_dtype).chunk(2), dim=2)
    return pairs.view(torch.int32)[..., 0].numpy().view(np.uint32)


def _zeros(network: Network) -> Gradients:
    H, C = len(network.b1), len(network.channels)
    return Gradients(*(np.zeros(shape, np.float32) for shape in ((H, 4 * C), H, (GROUP, H))))


def _in_threads(work: Callable[[int], Any], count: int) -> list[Any]:
    """Do the work for each of range(count) in torch's number of threads; inside each, torch uses one thread."""
    threads = min(count, torch.get_num_threads())
    if threads == 1:
        return [work(each) for each in range(count)]
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(work, range(count)))
    finally:
        torch.set_num_threads(torch.get_num_threads())  # restores MKL's number, which all threads share
