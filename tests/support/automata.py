"""Float automata with random weights, and what their steps compute."""

import numpy as np
import torch

from nca.model.automaton import Automaton

__all__ = ["random_automaton", "rollout_and_gradients"]


def random_automaton(channels, hidden, seed, *, spread=1.0, bias=1.0, update=128):
    """Random weights; spread: of a row's magnitude, 10 to a normal power times this; bias: in the state's range."""
    random = np.random.default_rng(seed)
    model = Automaton(channels, hidden, update)
    with torch.no_grad():
        for weight in (model.layer1.weight, model.layer2.weight):
            magnitudes = 10 ** random.normal(-1, spread, (len(weight), 1, 1, 1)).clip(-9, 2)
            weight.copy_(torch.tensor(random.uniform(-1, 1, weight.shape) * magnitudes))
        model.layer1.bias.copy_(torch.tensor(random.normal(0, bias, hidden).clip(-2e4, 2e4)))
    return model


def rollout_and_gradients(run, model, x, plan, matmul_dtype=torch.float32):
    """The last states, and the gradients of x and of all weights on their grids, for a fixed direction."""
    grid = model._on_grid()
    leaves = [each.detach().requires_grad_() for each in (x, grid.w1, grid.b1, grid.w2)]
    y = run(*leaves, plan, matmul_dtype)
    towards = torch.randn(y.shape, generator=torch.Generator().manual_seed(0))
    return y.detach(), torch.autograd.grad((y * towards).sum(), leaves)
