"""A GPU for machines without one: its tensors have shapes, types and a device, but no values.

PyTorch's FakeTensorMode makes them, and refuses an operator whose tensors are on different devices. Added here: tensors
on the CPU stay real, values that come from the GPU are random numbers, and each wait for the GPU is noted.
"""

from contextlib import contextmanager
from unittest import mock

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensor, FakeTensorMode, unset_fake_temporarily
from torch.autograd.function import BackwardCFunction
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

__all__ = ["backward", "fake_gpu"]

aten = torch.ops.aten
COPIES = (aten._to_copy.default, aten.copy_.default)
ANSWERS = (aten._local_scalar_dense.default, aten.equal.default, aten.nonzero.default)  # of which the CPU needs a value


@contextmanager
def fake_gpu():
    """Within it, tensors on "cuda" are fake. Gives the GPU."""
    with (
        FakeTensorMode() as fakes,
        mock.patch("torch.cuda.amp.common.amp_definitely_not_available", lambda: False),
        mock.patch("torch.autograd.backward", backward),
        mock.patch.object(FakeTensor, "tolist", lambda tensor: tensor.cpu().tolist()),  # its own asks for each number
        FakeGpu(fakes) as gpu,
    ):
        yield gpu


class FakeGpu(TorchDispatchMode):
    """waits: the operators for which the CPU waited. operators, dtypes: of all that ran on the GPU."""

    def __init__(self, fakes):
        super().__init__()
        self.fakes = fakes
        self.waits, self.operators, self.dtypes, self.pinned = [], set(), set(), []

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        tensors = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        if operator is aten._pin_memory.default:
            return self._pin(*args)
        if not any(map(on_gpu, [*tensors, kwargs.get("device")])):
            with unset_fake_temporarily():
                return operator(*args, **kwargs)
        self._note_wait(operator, tensors, kwargs)
        if operator is aten._local_scalar_dense.default:
            return 1.0
        if "device" in kwargs and not on_gpu(kwargs["device"]):
            return random_values(args[0], kwargs.get("dtype"))
        args, kwargs = tree_map_only(Tensor, self._fake, (args, kwargs))
        result = operator(*args, **kwargs)
        self.operators.add(operator)
        results = (each for each in tree_leaves(result) if isinstance(each, Tensor))
        self.dtypes |= {each.dtype for each in (*tensors, *results) if on_gpu(each)}
        return result

    def _pin(self, tensor):
        with unset_fake_temporarily():
            self.pinned.append(tensor.clone())
        return self.pinned[-1]

    def _note_wait(self, operator, tensors, kwargs):
        """A copy between the devices waits, except one of pinned memory that is told not to."""
        crosses = operator in COPIES and len(set(map(on_gpu, [*tensors, *[kwargs.get("device", tensors[0])]]))) == 2
        free = kwargs.get("non_blocking") and any(tensors[-1] is each for each in self.pinned)
        if operator in ANSWERS or (crosses and not free):
            self.waits.append(operator)

    def _fake(self, tensor):
        return tensor if isinstance(tensor, FakeTensor) else self.fakes.from_tensor(tensor)


def on_gpu(value):
    """Whether a device is the GPU, or a tensor is on it."""
    device = value.device if isinstance(value, Tensor) else value
    return isinstance(device, torch.device | str) and torch.device(device).type == "cuda"


def random_values(tensor, dtype=None):
    """What the CPU gets from the GPU."""
    with unset_fake_temporarily():
        return (torch.rand(tensor.shape) + 0.5).to(dtype or tensor.dtype)


@torch.no_grad()
def backward(root, gradient=None):
    """As torch.autograd.backward, whose engine needs a real GPU: each node of the graph, the latest first."""
    first = torch.ones_like(root) if gradient is None else gradient
    waiting = {root.grad_fn: {root.output_nr: first}}
    while waiting:
        node = max(waiting, key=lambda node: node._sequence_nr())
        gradients = waiting.pop(node)
        if hasattr(node, "variable"):
            before = node.variable.grad
            node.variable.grad = gradients[0] if before is None else before + gradients[0]
            continue
        given = [
            gradients[number].to(each.dtype) if number in gradients else None
            for number, each in enumerate(node._input_metadata)
        ]
        found = node.apply(*given) if isinstance(node, BackwardCFunction) else node(*given)
        found = found if isinstance(found, tuple) else (found,)
        for (earlier, number), gradient in zip(node.next_functions, found, strict=False):  # our functions' numbers last
            if earlier and gradient is not None:
                sums = waiting.setdefault(earlier, {})
                sums[number] = sums[number] + gradient if number in sums else gradient
