"""CUDA graphs: a GPU gets the kernels of a whole rollout at once, not one after another from Python."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from nca.model.step import plain_steps
from nca.rule.mask import MaskSchedule

__all__ = ["CapturedSteps"]

log = logging.getLogger(__name__)


class CapturedSteps:
    """Called like `nca.model.step.plain_steps`. A rollout of a new length is captured, and replayed from then on.

    A replay runs the kernels of the plain steps, so it computes the same. Its result is valid until the next rollout.
    Where a capture fails, all steps are plain from then on, with one warning.
    """

    def __init__(self) -> None:
        self.graphs: dict[object, Callable[..., Tensor]] = {}
        self.memory: Any = None  # which all graphs share, because no two of them run at the same time
        self.works = True

    def __call__(
        self,
        x: Tensor,
        w1: Tensor,
        b1: Tensor,
        w2: Tensor,
        schedule: MaskSchedule,
        matmul_dtype: torch.dtype = torch.float32,
    ) -> Tensor:
        """Apply the steps of a schedule. Only rollouts with gradients are captured."""
        if self.works and torch.is_grad_enabled():
            seed = torch.full((), int(schedule.seed), dtype=torch.int64, device=x.device)  # an input of the graph
            try:
                return self._graph(schedule, matmul_dtype, x, w1, b1, w2, seed)(x, w1, b1, w2, seed)
            except Exception as error:  # whatever goes wrong in it: a graph is optional
                self.works = False
                self.graphs.clear()
                reason = " ".join(str(error).split())
                log.warning("rollouts cannot be captured (%s): they run without CUDA graphs", reason)
        return plain_steps(x, w1, b1, w2, schedule, matmul_dtype)

    def _graph(self, schedule: MaskSchedule, matmul_dtype: torch.dtype, *inputs: Tensor) -> Callable[..., Tensor]:
        def run(x: Tensor, w1: Tensor, b1: Tensor, w2: Tensor, seed: Tensor) -> Tensor:
            return plain_steps(x, w1, b1, w2, replace(schedule, seed=seed), matmul_dtype)

        key = (inputs[0].shape, replace(schedule, seed=0), matmul_dtype)
        if key not in self.graphs:
            samples = tuple(each.detach().clone().requires_grad_(each.requires_grad) for each in inputs)
            self.memory = self.memory or torch.cuda.graph_pool_handle()
            graph: Any = torch.cuda.make_graphed_callables(run, samples, pool=self.memory)
            self.graphs[key] = graph
        return self.graphs[key]
