"""The bounds of `nca-fixed-1`: at them a rule is exact, past them it is refused."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import oracle
from nca import Rule, UserError
from nca.rule.reference import reference_rollout
from rules import random_rule
from strategies import UINT32, heaviest, rules

SIZES = [(4, 4), (8, 32), (12, 96), (16, 128)]
ENDS = (-2047, 2047)


def blank(channels=4, hidden=4, **changes):
    """A rule whose every weight is 0, but for the changes."""
    w1, w2 = np.zeros((hidden, 4 * channels), dtype=int), np.zeros((channels, hidden), dtype=int)
    arrays = {"w1": w1, "b1": w1[:, 0], "k1": w1[:, 0], "w2": w2, "k2": w2[:, 0] + 1}
    return Rule(**{**arrays, **changes})


# At the bound


@pytest.mark.parametrize(("channels", "hidden"), SIZES)
@pytest.mark.parametrize("shift", [0, 13])  # hidden units all at their ends, or over their whole range
def test_a_rule_at_the_bound_stays_exact(channels, hidden, shift):
    rule = heaviest(channels, hidden, seed=1, shift=shift)
    assert (rule.worst_cases()[0] == 2**24 - 1).all()
    state = np.random.default_rng(2).choice(ENDS, (channels, 9, 8))
    ours = reference_rollout(rule, torch.tensor(state, dtype=torch.float32), 30, seed=3)
    assert np.array_equal(ours.numpy(), oracle.rollout(rule, state, 30, seed=3))


def loudest_neighbourhood():
    """3x3 cells, each at an end of the range, whose middle one has the largest perceptions of all: 3.25 * 2047 of 4."""
    every = np.array(list(itertools.product(ENDS, repeat=9))).reshape(512, 3, 3)
    seen = oracle.perceive(every).reshape(4, 512, 3, 3)[:, :, 1, 1]
    return every[np.abs(seen).sum(axis=0).argmax()]


@pytest.mark.parametrize(("channels", "hidden"), SIZES)
def test_the_largest_sums_that_states_can_reach_stay_exact(channels, hidden):
    state = np.repeat(loudest_neighbourhood()[None], channels, axis=0)
    seen = oracle.perceive(state)[:, 1, 1]
    signs = np.where(seen < 0, -1, 1)
    rule = heaviest(channels, hidden, seed=0, shift=0)
    rule = replace(rule, w1=127 * np.repeat(signs[None], hidden, axis=0), b1=np.abs(rule.b1), w2=np.abs(rule.w2))
    assert (rule.w1 @ seen + rule.b1).min() > 0.8 * 2**24  # in layer 2, H times 127 * 1023
    for each in (rule, replace(rule, w2=-rule.w2)):
        ours = reference_rollout(each, torch.tensor(state, dtype=torch.float32), 1, seed=0)
        assert np.array_equal(ours.numpy(), oracle.rollout(each, state, 1, seed=0))


@given(rule=rules(), row=UINT32, spare=st.integers(0, 2))
@settings(max_examples=50)
def test_the_last_integer_below_the_bound_is_accepted_and_the_next_refused(rule, row, spare):
    row %= rule.hidden
    room = 2**24 - 1 - 2047 * int(np.abs(rule.w1[row]).sum())
    for sign in (-1, 1):
        b1 = rule.b1.copy()
        b1[row] = sign * (room - spare)
        assert replace(rule, b1=b1).worst_cases()[0][row] == 2**24 - 1 - spare
        b1[row] = sign * (room + 1)
        with pytest.raises(UserError, match=f"layer 1, row {row} can reach 16,777,216|b1 holds -?16777216"):
            replace(rule, b1=b1)


@pytest.mark.parametrize(("k2", "most"), [(19, 16143), (20, 15887)])
def test_the_second_layers_bound_counts_the_half_of_its_rounding(k2, most):
    """1023 * 16143 + 2^18 and 1023 * 15887 + 2^19 are the last that stay below 2^24."""
    full = {"hidden": 128, "b1": np.full(128, 1023), "k2": np.full(4, k2)}  # every hidden unit at its end
    rule = blank(w2=np.array([spread(most), -spread(most), spread(0), spread(0)]), update=256, **full)
    ours = reference_rollout(rule, torch.zeros(4, 1, 1), 1, seed=0)
    assert np.array_equal(ours.numpy(), oracle.rollout(rule, np.zeros((4, 1, 1), dtype=int), 1, seed=0))
    with pytest.raises(UserError, match=r"layer 2, row 2 can reach 16,777,\d\d\d: expected below 2\^24 = 16,777,216"):
        blank(w2=np.array([spread(0), spread(0), -spread(most + 1), spread(0)]), **full)


def spread(total):
    """128 weights from 0 to 127 that sum to this."""
    return np.diff(np.minimum(np.arange(129) * 127, total))


def test_no_weights_of_the_largest_rule_exceed_the_bound_by_themselves():
    """The widths of the format are chosen so: only biases and shifts can break a bound."""
    C, H = SIZES[-1]
    rule = blank(C, H, w1=np.full((H, 4 * C), -127), w2=np.full((C, H), 127))
    assert max(worst.max() for worst in rule.worst_cases()) == 127 * 4 * C * 2047


# Refused

W1 = np.zeros((4, 16), dtype=int)
TOO_LARGE = {
    "w1 holds 128": {"w1": W1 + 128},
    "w1 holds -128": {"w1": (W1 - 128).astype(np.int8)},
    "w2 holds 128": {"w2": W1[:, :4] + 128},
    "w2 holds -2147483648": {"w2": W1[:, :4] - 2**31},
    "b1 holds 16777216": {"b1": W1[:, 0] + 2**24},
    "b1 holds -9223372036854775808": {"b1": np.full(4, -(2**63))},  # whose magnitude is no int64
    "k1 holds -1": {"k1": W1[:, 0] - 1},
    "k1 holds 21": {"k1": W1[:, 0] + 21},
    "k2 holds 0": {"k2": W1[:, 0]},
    "k2 holds 21": {"k2": W1[:, 0] + 21},
    "update holds 0": {"update": 0},
    "update holds 257": {"update": 257},
}
WRONG_TYPE = {
    "w1 holds float64": {"w1": W1.astype(float)},
    "b1 holds bool": {"b1": W1[:, 0] > 0},
    "k1 holds uint64": {"k1": np.full(4, 2**64 - 1, dtype=np.uint64)},  # as int64 it would be -1
    "k2 holds <U1": {"k2": np.array(list("1111"))},
    "w2 holds object": {"w2": np.full((4, 4), 2**70)},
    "update holds float64": {"update": 127.5},
}
WRONG_SHAPE = {
    r"w1 \(16,\), w2 \(4, 4\)": {"w1": W1[0]},
    r"w2 \(5, 4\): .*with C one of \(4, 8, 12, 16\)": {"w2": np.zeros((5, 4), dtype=int)},
    r"w2 \(0, 4\)": {"w2": np.zeros((0, 4), dtype=int)},
    r"w1 has shape \(4, 20\): expected \(4, 16\)": {"w1": np.zeros((4, 20), dtype=int)},
    r"b1 has shape \(5,\): expected \(4,\)": {"b1": np.zeros(5, dtype=int)},
    r"k1 has shape \(\): expected \(4,\)": {"k1": np.int64(3)},
    r"w2 has shape \(4, 8\): expected \(4, 4\)": {"w2": np.zeros((4, 8), dtype=int)},
    r"k2 has shape \(4, 1\): expected \(4,\)": {"k2": np.ones((4, 1), dtype=int)},
    "0 hidden units: expected a multiple of 4": {"w1": W1[:0]},
    "6 hidden units": {"w1": np.zeros((6, 16), dtype=int)},
    "132 hidden units: .*from 4 to 128": {"w1": np.zeros((132, 16), dtype=int)},
}


@pytest.mark.parametrize(("message", "changes"), [*TOO_LARGE.items(), *WRONG_TYPE.items(), *WRONG_SHAPE.items()])
def test_what_is_no_rule_is_refused_by_name_and_value(message, changes):
    with pytest.raises(UserError, match=message) as refusal:
        blank(**changes)
    assert "expected" in str(refusal.value)
    assert "\n" not in str(refusal.value)


@given(
    rule=rules(), name=st.sampled_from(["w1", "b1", "k1", "w2", "k2"]), place=UINT32, value=st.integers(-(2**31), 2**31)
)
def test_one_integer_anywhere_outside_its_range_is_found(rule, name, place, value):
    low, high = {"w1": (-127, 127), "w2": (-127, 127), "b1": (1 - 2**24, 2**24 - 1), "k1": (0, 20), "k2": (1, 20)}[name]
    array = getattr(rule, name).copy()
    array.flat[place % array.size] = value if not low <= value <= high else high + 1
    with pytest.raises(UserError, match=rf"{name} holds -?\d+: expected integers in \[{low}, {high}\]"):
        replace(rule, **{name: array})


# A value


def test_a_rule_cannot_be_changed_and_leaves_the_callers_arrays_alone():
    w1 = W1.copy()
    rule = blank(w1=w1)
    w1[:] = 999
    assert not rule.w1.any()
    with pytest.raises(ValueError, match="read-only"):
        rule.w1[0, 0] = 999
    with pytest.raises(AttributeError):
        rule.update = 999


def test_a_rule_takes_small_integers_and_lists():
    rule = random_rule(4, 8)
    small = Rule(rule.w1.astype(np.int8), rule.b1.astype(np.int32), rule.k1.tolist(), rule.w2.tolist(), rule.k2)
    assert all((getattr(small, name) == getattr(rule, name)).all() for name in ("w1", "b1", "k1", "w2", "k2"))
    assert {getattr(small, name).dtype for name in ("w1", "b1", "k1", "w2", "k2")} == {np.dtype(np.int64)}


def test_parameters_are_counted_as_the_lesson_counts_its_168():
    assert random_rule(4, 8).parameters == 168
    assert random_rule(12, 96).parameters == 12 * 4 * 96 + 96 + 96 * 12
