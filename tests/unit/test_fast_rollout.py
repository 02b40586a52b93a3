"""The fast rollout: the reference's bits, with Numba and without."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nca.model import backend
from nca.model.rollout import rollout
from nca.rule.reference import reference_rollout
from nca.rule.rule import Rule
from rules import random_rule


@given(
    size=st.sampled_from([(4, 8), (8, 32), (12, 96), (16, 128)]),
    height=st.integers(1, 12),
    width=st.integers(1, 12),
    update=st.sampled_from([1, 100, 128, 200, 256]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=60)
def test_it_equals_the_reference(size, height, width, update, seed):
    rule = random_rule(*size, update=update)
    state = torch.randint(-2047, 2048, (size[0], height, width), generator=torch.Generator().manual_seed(seed)).float()
    ours = rollout(rule, state, 5, seed=seed, first=seed % 7)
    assert torch.equal(ours, reference_rollout(rule, state, 5, seed=seed, first=seed % 7))


def test_it_is_exact_at_the_bounds():
    """Sums that come as close to 2^24 as the format lets them."""
    rule = Rule(
        w1=np.full((128, 64), 127), b1=np.full(128, 130_000), k1=np.full(128, 15),
        w2=np.full((16, 128), 127) * np.where(np.arange(16) % 2, 1, -1)[:, None], k2=np.full(16, 14),
    )  # fmt: skip
    state = torch.full((16, 9, 7), 2047.0)
    assert torch.equal(rollout(rule, state, 20, seed=1), reference_rollout(rule, state, 20, seed=1))


@pytest.mark.parametrize("steps", [0, 1])
def test_without_numba_it_is_the_reference(monkeypatch, steps):
    monkeypatch.setattr(backend, "find_spec", lambda _: None)
    rule, state = random_rule(8, 32), torch.zeros(8, 5, 6)
    assert torch.equal(rollout(rule, state, steps, seed=2), reference_rollout(rule, state, steps, seed=2))
