"""The one place that chooses what computes the steps: compiled code or plain torch.

The compiled steps run on the CPU, where Numba is installed. They multiply in float32 or bfloat16.
"""

import logging
from collections.abc import Callable, Iterable
from functools import cache
from importlib.util import find_spec

import torch
from torch import Tensor

from nca.model.step import plain_steps

__all__ = ["Steps", "find_compiled_steps", "pick_steps"]

Steps = Callable[..., Tensor]  # called like nca.model.step.plain_steps
log = logging.getLogger(__name__)


def pick_steps(
    device: torch.device, weights: Iterable[Tensor], matmul_dtype: torch.dtype, plain: Steps = plain_steps
) -> Steps:
    """The fastest differentiable steps for these weights: the compiled ones, or else `plain`.

    Weights that are not finite take the plain steps: these carry a NaN on to the loss, where training reports it. The
    compiled steps compute with integers, which have no NaN.
    """
    compiled = find_compiled_steps(device, matmul_dtype)
    if compiled and all(each.isfinite().all() for each in weights):
        return compiled
    return plain


def find_compiled_steps(device: torch.device, matmul_dtype: torch.dtype = torch.float32) -> Steps | None:
    """The compiled steps, or None if they cannot run here."""
    if device.type != "cpu" or matmul_dtype == torch.float16 or not find_spec("numba"):
        return None
    return _import_compiled_steps()


@cache
def _import_compiled_steps() -> Steps | None:
    """None, and one warning, if Numba is installed and cannot be used: it refuses some versions of NumPy."""
    try:
        from nca.compiled.autograd import compiled_steps  # Numba takes half a second to import
    except Exception as error:  # whatever goes wrong in it: an accelerator is optional
        reason = " ".join(str(error).split())
        log.warning("Numba cannot be used (%s): the steps run without it, several times slower", reason)
        return None
    return compiled_steps
