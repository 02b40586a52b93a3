"""The compiled rollout against the plain one: the same bits, the same gradients to float32's error."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from automata import random_automaton, rollout_and_gradients
from nca.model.step import plain_steps
from nca.rule.mask import MaskSchedule
from paths import ROOT

autograd = pytest.importorskip("nca.compiled.autograd")
from nca.compiled import kernels, loops, matmul  # noqa: E402 - where Numba is not installed, this file is skipped


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
@settings(max_examples=100)
def test_it_equals_the_plain_steps(size, batch, height, width, rate, steps, first, seed):
    """Also on odd and tiny grids, and whatever part of the cells updates."""
    model, plan = random_automaton(*size, seed=seed, spread=0.2, bias=0.3), MaskSchedule(steps, seed, first, rate)
    x = torch.randint(-2047, 2048, (batch, height, width, size[0])) / 1024
    expected, gradients = rollout_and_gradients(plain_steps, model, x, plan)
    found, ours = rollout_and_gradients(autograd.compiled_steps, model, x, plan)
    assert torch.equal(found, expected)
    for mine, theirs in zip(ours, gradients, strict=True):
        assert (mine - theirs).abs().max() <= 1e-5 * theirs.abs().max() + 1e-7
    with torch.no_grad():
        weights = model._on_grid()
        assert torch.equal(autograd.compiled_steps(x, weights.w1, weights.b1, weights.w2, plan), expected)


def test_backward_in_bfloat16_comes_close_and_leaves_forward_exact():
    model, plan = random_automaton(12, 96, seed=1, spread=0.0, bias=0.1), MaskSchedule(4, 3, 0, 128)
    x = torch.randint(-1024, 1025, (2, 16, 16, 12), generator=torch.Generator().manual_seed(0)) / 1024
    expected, gradients = rollout_and_gradients(plain_steps, model, x, plan)
    found, ours = rollout_and_gradients(autograd.compiled_steps, model, x, plan, torch.bfloat16)
    assert torch.equal(found, expected)
    for mine, theirs in zip(ours, gradients, strict=True):
        assert (mine - theirs).norm() < 0.01 * theirs.norm()


def test_training_goes_on_after_a_look_in_inference_mode(monkeypatch):
    """Whose memory torch would not let it write to."""
    model, plan = random_automaton(4, 8, seed=0, spread=0.2, bias=0.3), MaskSchedule(3, 0, 0, 128)
    monkeypatch.setattr(autograd, "_buffer", autograd._Buffer())
    with torch.inference_mode():
        seen = autograd.compiled_steps(torch.zeros(1, 9, 9, 4), *model._on_grid()[:2], model._on_grid().w2, plan)
    assert torch.equal(rollout_and_gradients(autograd.compiled_steps, model, torch.zeros(1, 9, 9, 4), plan)[0], seen)


def test_the_number_of_threads_changes_nothing(monkeypatch):
    model, plan = random_automaton(8, 32, seed=1), MaskSchedule(5, 3, 0, 128)
    x = torch.randint(-1024, 1025, (3, 16, 16, 8), generator=torch.Generator().manual_seed(0)) / 1024
    threads = torch.get_num_threads()
    results = []
    for number in (1, 2):
        torch.set_num_threads(number)
        results.append(rollout_and_gradients(autograd.compiled_steps, model, x, plan))
        assert torch.get_num_threads() == number
    torch.set_num_threads(threads)
    assert torch.equal(results[0][0], results[1][0])
    assert all(torch.equal(*pair) for pair in zip(results[0][1], results[1][1], strict=True))


@pytest.mark.parametrize("learns", [False, True])
def test_two_threads_at_once_compute_what_each_does_alone(monkeypatch, learns):
    """Records of two sizes, as those of two threads once shared memory. Each `len` waits, so that the threads meet."""

    def slow_len(values):
        time.sleep(0.0005)
        return len(values)

    monkeypatch.setattr(autograd, "len", slow_len, raising=False)
    model, schedule = random_automaton(4, 8, seed=0, spread=0.2, bias=0.3), MaskSchedule(3, 0, 0, 128)
    starts = [torch.randint(-1024, 1025, (1, side, side, 4)) / 1024 for side in (6, 9)]

    def run(x):
        if learns:
            state, gradients = rollout_and_gradients(autograd.compiled_steps, model, x, schedule)
            return torch.cat([each.flatten() for each in (state, *gradients)])
        with torch.no_grad():
            weights = model._on_grid()
            return autograd.compiled_steps(x, weights.w1, weights.b1, weights.w2, schedule)

    alone = [run(x) for x in starts]

    def work(number):
        return all(torch.equal(run(starts[number]), alone[number]) for _ in range(150))

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, range(2))) == [True, True]


ONCE = """
import hashlib
import torch
from automata import random_automaton, rollout_and_gradients
from nca.compiled import loops
from nca.compiled.autograd import compiled_steps
from nca.rule.mask import MaskSchedule
x = torch.randint(-1024, 1025, (1, 16, 16, 12), generator=torch.Generator().manual_seed(0)) / 1024
state, gradients = rollout_and_gradients(
    compiled_steps, random_automaton(12, 96, seed=1, spread=0.2), x, MaskSchedule(3, 0, 0, 128)
)
print(*(hashlib.sha256(each.numpy().tobytes()).hexdigest() for each in (state, *gradients)))
print(*(len(each.stats.cache_misses) for each in (loops.forward, loops.backward)))
"""


def run_once(**variables):
    """The digests of a state and of its gradients, and how much was compiled, in a process of its own."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests" / "support"), **variables}
    ran = subprocess.run([sys.executable, "-c", ONCE], env=environment, capture_output=True, text=True, check=True)
    digests, compiled = ran.stdout.splitlines()
    assert len(digests.split()) == 5
    return digests, compiled


def test_a_second_process_compiles_nothing():
    run_once()
    assert run_once()[1] == "0 0"


@pytest.mark.rare  # compiles for half a minute
def test_a_first_run_computes_what_every_later_one_does(tmp_path):
    """Numba runs what it has just compiled, then what it finds on the disk, which it links in another order."""
    (first, compiled), (second, loaded) = (run_once(NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2))
    assert first == second
    assert (compiled, loaded) == ("1 1", "0 0")


def test_no_sum_is_reordered():
    """The rare test above shows why: with fastmath, code from the disk would differ in the last bit."""
    functions = [each for module in (kernels, loops, matmul) for each in vars(module).values() if is_compiled(each)]
    assert len(functions) > 20
    assert not any(each.targetoptions.get("fastmath") for each in functions)


def is_compiled(value):
    return hasattr(value, "targetoptions")
