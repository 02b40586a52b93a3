"""The compiled rollout against the plain one: the same bits, the same gradients to float32's error."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_automaton import automaton

from nca import step
from nca.mask import Plan

fused = pytest.importorskip("nca.fused")


def rollout_and_gradients(run, model, x, plan, products=torch.float32):
    """The last states, and the gradients of x and of all weights on their grids, for a fixed direction."""
    grid = model._on_grid()
    leaves = [each.detach().requires_grad_() for each in (x, grid.w1, grid.b1, grid.w2)]
    y = run(*leaves, plan, products)
    towards = torch.randn(y.shape, generator=torch.Generator().manual_seed(0))
    return y.detach(), torch.autograd.grad((y * towards).sum(), leaves)


@given(
    size=st.sampled_from([(4, 8), (8, 32), (12, 96), (16, 12)]),
    batch=st.integers(1, 3),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    rate=st.integers(1, 256),
    steps=st.integers(1, 4),
    first=st.integers(0, 2**32 - 1),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=100, deadline=None)
def test_it_equals_the_plain_steps(size, batch, height, width, rate, steps, first, seed):
    """Also on odd and tiny grids, and whatever part of the cells updates."""
    model, plan = automaton(*size, seed=seed, spread=0.2, bias=0.3), Plan(steps, seed, first, rate)
    x = torch.randint(-2047, 2048, (batch, height, width, size[0])) / 1024
    expected, gradients = rollout_and_gradients(step.run, model, x, plan)
    found, ours = rollout_and_gradients(fused.run, model, x, plan)
    assert torch.equal(found, expected)
    for mine, theirs in zip(ours, gradients, strict=True):
        assert (mine - theirs).abs().max() <= 1e-5 * theirs.abs().max() + 1e-7
    with torch.no_grad():
        weights = model._on_grid()
        assert torch.equal(fused.run(x, weights.w1, weights.b1, weights.w2, plan), expected)


def test_backward_in_bfloat16_comes_close_and_leaves_forward_exact():
    model, plan = automaton(12, 96, seed=1, spread=0.0, bias=0.1), Plan(4, 3, 0, 128)
    x = torch.randint(-1024, 1025, (2, 16, 16, 12), generator=torch.Generator().manual_seed(0)) / 1024
    expected, gradients = rollout_and_gradients(step.run, model, x, plan)
    found, ours = rollout_and_gradients(fused.run, model, x, plan, torch.bfloat16)
    assert torch.equal(found, expected)
    for mine, theirs in zip(ours, gradients, strict=True):
        assert (mine - theirs).norm() < 0.01 * theirs.norm()


def test_training_goes_on_after_a_look_in_inference_mode():
    """Whose memory torch would not let it write to."""
    model, plan = automaton(4, 8, seed=0, spread=0.2, bias=0.3), Plan(3, 0, 0, 128)
    fused._Record.spares.clear()
    with torch.inference_mode():
        seen = fused.run(torch.zeros(1, 9, 9, 4), *model._on_grid()[:2], model._on_grid().w2, plan)
    assert torch.equal(rollout_and_gradients(fused.run, model, torch.zeros(1, 9, 9, 4), plan)[0], seen)


def test_the_number_of_threads_changes_nothing(monkeypatch):
    model, plan = automaton(8, 32, seed=1), Plan(5, 3, 0, 128)
    x = torch.randint(-1024, 1025, (3, 16, 16, 8), generator=torch.Generator().manual_seed(0)) / 1024
    threads = torch.get_num_threads()
    results = []
    for number in (1, 2):
        torch.set_num_threads(number)
        results.append(rollout_and_gradients(fused.run, model, x, plan))
        assert torch.get_num_threads() == number
    torch.set_num_threads(threads)
    assert torch.equal(results[0][0], results[1][0])
    assert all(torch.equal(*pair) for pair in zip(results[0][1], results[1][1], strict=True))


def test_a_first_run_computes_what_every_later_one_does(tmp_path):
    """Numba runs what it has just compiled, then what it finds on the disk, which it links in another order."""
    once = """
import hashlib
from test_automaton import automaton
from test_fused import Plan, fused, rollout_and_gradients, torch
x = torch.randint(-1024, 1025, (1, 16, 16, 12), generator=torch.Generator().manual_seed(0)) / 1024
state, gradients = rollout_and_gradients(fused.run, automaton(12, 96, seed=1, spread=0.2), x, Plan(3, 0, 0, 128))
print(*(hashlib.sha256(each.numpy().tobytes()).hexdigest() for each in (state, *gradients)))
"""
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(Path(__file__).parent)}
    options = {"env": environment, "capture_output": True, "text": True, "check": True}
    first, second = (subprocess.run([sys.executable, "-c", once], **options).stdout for _ in range(2))
    assert len(first.split()) == 5
    assert first == second
    assert list(tmp_path.rglob("*.nbc"))
