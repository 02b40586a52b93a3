"""The torch rollout against the plain NumPy oracle, value by value."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import oracle
from nca import UserError
from nca.device import pick_device
from nca.rule.mask import mask, step_key
from nca.rule.reference import erase, perceive, reference_rollout, restore, rgb_bytes, seed_state
from rules import random_rule
from strategies import UINT32, rules, states

SIDES = st.integers(1, 9)


def lanes(state, device="cpu"):
    return torch.tensor(state, dtype=torch.float32, device=device)


def same(lanes, integers):
    """Whether float32 lanes hold exactly these integers."""
    return lanes.dtype == torch.float32 and np.array_equal(lanes.cpu().numpy(), integers)


@st.composite
def runs(draw):
    """A rule, a state for it, a number of steps."""
    rule = draw(rules())
    return rule, draw(states(rule.channels)), draw(st.integers(1, 4))


# Against the oracle


@given(run=runs(), seed=UINT32, first=UINT32)
@settings(max_examples=250)
def test_a_rollout_equals_the_oracle(run, seed, first):
    rule, state, steps = run
    assert same(
        reference_rollout(rule, lanes(state), steps, seed=seed, first=first),
        oracle.rollout(rule, state, steps, seed=seed, first=first),
    )


@pytest.mark.parametrize(("channels", "hidden"), [(4, 8), (8, 32), (12, 96), (16, 128)])
def test_a_long_rollout_equals_the_oracle(channels, hidden):
    rule = random_rule(channels, hidden)
    state, expected = seed_state(rule, 5, 7), np.zeros((channels, 5, 7), dtype=np.int64)
    state = reference_rollout(rule, state, 300, seed=7)
    assert same(state, oracle.rollout(rule, expected, 300, seed=7))
    assert len(state.unique()) > 30  # alive: there was something to compare


@given(st.data())
def test_perception_equals_the_oracle_and_stays_in_the_states_range(data):
    state = data.draw(states(channels=4))
    seen = oracle.perceive(state)
    assert same(perceive(lanes(state)), seen)
    assert np.abs(seen).max() <= 2047


@given(data=st.data(), x=st.integers(-20, 20), y=st.integers(-20, 20), radius=st.integers(0, 12))
def test_the_brush_equals_the_oracle_on_the_torus(data, x, y, radius):
    state = data.draw(states(channels=4))
    kept = np.flip(state)
    assert same(erase(lanes(state), x, y, radius), oracle.erase(state, x, y, radius))
    assert same(restore(lanes(state), lanes(kept.copy()), x, y, radius), oracle.restore(state, kept, x, y, radius))


def test_the_brush_reaches_across_the_border():
    state = torch.ones(4, 6, 6)
    wiped = erase(state, 0, 0, 1)[0] == 0
    assert sorted(map(tuple, wiped.nonzero().tolist())) == [(0, 0), (0, 1), (0, 5), (1, 0), (5, 0)]
    assert state.all()  # the caller's state is left alone


def test_rgb_bytes_equal_the_oracle_for_every_value_of_the_state():
    state = np.arange(-2047, 2048).reshape(1, 45, 91).repeat(4, axis=0)
    picture = rgb_bytes(lanes(state))
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, oracle.rgb_bytes(state))


def test_rgb_bytes_show_the_middle_of_the_state_as_grey_and_its_ends_as_black_and_white():
    state = np.zeros((4, 1, 5), dtype=np.int64)
    state[:3, 0] = [-2047, -512, 0, 512, 2047]
    assert rgb_bytes(lanes(state))[0, :, 0].tolist() == [0, 0, 128, 255, 255]


# A rollout does not depend on how it is asked for


@given(run=runs(), before=st.integers(0, 3), seed=UINT32, first=UINT32)
@settings(max_examples=50)
def test_going_on_equals_one_go(run, before, seed, first):
    rule, state, after = run
    start = lanes(state)
    halfway = reference_rollout(rule, start, before, seed=seed, first=first)
    end = reference_rollout(rule, halfway, after, seed=seed, first=first + before)
    assert torch.equal(end, reference_rollout(rule, start, before + after, seed=seed, first=first))
    assert same(start, state)  # the caller's state is left alone


def test_seed_and_step_count_modulo_2_to_the_32():
    rule, state = random_rule(4, 8), lanes(np.arange(4 * 30).reshape(4, 5, 6))
    once = reference_rollout(rule, state, 3, seed=5, first=2**32 - 1)
    assert torch.equal(once, reference_rollout(rule, state, 3, seed=5 + 2**32, first=-1))
    then = reference_rollout(rule, reference_rollout(rule, state, 1, seed=5, first=2**32 - 1), 2, seed=5, first=0)
    assert torch.equal(once, then)


@pytest.fixture(params=["highest", "high", "medium", "cuda tf32", "mkldnn bf16"])
def precision(request):
    """Whatever a caller may have set, by torch's old interface or by its new one."""
    *backend, precision = request.param.split()
    if not backend:
        torch.set_float32_matmul_precision(precision)
    elif backend[0] in own_precisions():
        getattr(torch.backends, backend[0]).matmul.fp32_precision = precision
    else:
        pytest.skip("in this torch backends have no precisions of their own")
    yield request.param
    torch.set_float32_matmul_precision("highest")


def own_precisions():
    products = {name: getattr(getattr(torch.backends, name), "matmul", None) for name in ("cuda", "mkldnn")}
    return {name: each.fp32_precision for name, each in products.items() if hasattr(each, "fp32_precision")}


def overall_precision():
    try:
        return torch.get_float32_matmul_precision()
    except RuntimeError:
        return "torch does not tell where a backend has its own"


@pytest.mark.parametrize("autocast", [None, torch.float16, torch.bfloat16])
def test_the_callers_precision_changes_neither_the_result_nor_itself(precision, autocast):
    rule = random_rule(8, 32)
    state = np.random.default_rng(0).integers(-2047, 2048, (8, 32, 32))
    with torch.autocast("cpu", autocast, enabled=autocast is not None):
        before = own_precisions(), overall_precision(), torch.is_autocast_enabled("cpu")
        assert same(reference_rollout(rule, lanes(state), 5, seed=0), oracle.rollout(rule, state, 5, seed=0))
        assert (own_precisions(), overall_precision(), torch.is_autocast_enabled("cpu")) == before


def test_a_rollout_leaves_no_graph_behind():
    rule = random_rule(4, 8)
    state = seed_state(rule, 4, 4).requires_grad_()
    assert not reference_rollout(rule, state, 2, seed=0).requires_grad


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("tf32", [False, True])
@pytest.mark.parametrize(("channels", "hidden"), [(4, 8), (12, 96), (16, 128)])
def test_cuda_equals_the_cpu(channels, hidden, tf32):
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    try:
        rule = random_rule(channels, hidden)
        on_cpu = reference_rollout(rule, seed_state(rule, 97, 61), 300, seed=3)
        on_cuda = reference_rollout(rule, seed_state(rule, 97, 61, "cuda"), 300, seed=3)
        assert on_cuda.is_cuda
        assert torch.equal(on_cuda.cpu(), on_cpu)
        assert np.array_equal(rgb_bytes(on_cuda), rgb_bytes(on_cpu))
        assert torch.equal(erase(on_cuda, -3, 60, 9).cpu(), erase(on_cpu, -3, 60, 9))
    finally:
        torch.set_float32_matmul_precision("highest")


# The mask


@given(height=SIDES, width=SIDES, seed=UINT32, step=UINT32, update=st.integers(1, 256))
def test_the_mask_equals_the_oracle(height, width, seed, step, update):
    ours = mask(height, width, seed, step, update)
    assert np.array_equal(ours.numpy(), oracle.mask(height, width, seed, step, update))


def test_golden_keys_and_masks():
    """What every exported page computes too: a change here breaks the pages that are out there."""
    assert [hex(step_key(seed, step)) for seed, step in GOLDEN_KEYS] == list(GOLDEN_KEYS.values())
    for step, expected in GOLDEN_MASKS.items():
        rows = [sum(int(cell) << x for x, cell in enumerate(row)) for row in mask(4, 16, 1, step, 128)]
        assert [hex(row) for row in rows] == expected


GOLDEN_KEYS = {
    (0, 0): "0xae6f80f1",
    (0, 1): "0xa07c7a97",
    (1, 0): "0x23064794",
    (2**32 - 1, 2**32 - 1): "0x592784d3",
}
GOLDEN_MASKS = {  # of seed 1, by step: a row each, column 0 the lowest bit
    2: ["0xa596", "0x6565", "0x9959", "0x5a5a"],
    3: ["0xcb34", "0xb2b2", "0x52b3", "0xb4b2"],
}


def test_no_key_repeats_among_neighbouring_seeds_and_steps():
    keys = {step_key(seed, step) for seed in range(40) for step in range(40)}
    assert len(keys) == 1600


@pytest.mark.parametrize("update", [1, 64, 128, 200, 256])
def test_the_mask_updates_at_its_rate(update):
    cells = torch.stack([mask(64, 64, seed, 3, update) for seed in range(16)])
    rate, n = update / 256, cells.numel()
    assert abs(cells.float().mean() - rate) <= 4 * (rate * (1 - rate) / n) ** 0.5


@pytest.mark.parametrize(("width", "step"), [(64, 0), (64, 1), (64, 2**32 - 1), (7, 0), (7, 1), (2, 1), (1, 0)])
def test_exactly_one_of_each_pair_updates(width, step):
    """Pairs begin at column 0 in even steps, at 1 in odd ones; in an odd width the last column has no partner."""
    columns = mask(64, width, 5, step, 128).roll(-(step % 2), 1)
    assert (columns[:, 0 : width - 1 : 2] ^ columns[:, 1::2]).all()


@pytest.mark.parametrize(("update", "together"), [(64, 0), (127, 0), (129, 2), (200, 144), (256, 256)])
def test_below_one_half_never_both_and_above_never_none(update, together):
    left, right = mask(512, 512, 3, 0, update).view(512, 256, 2).unbind(2)
    assert (left & right).float().mean() == pytest.approx(together / 256, abs=0.01)
    assert (left | right).float().mean() == pytest.approx(min(2 * update / 256, 1), abs=0.01)


def test_the_mask_is_independent_of_all_but_its_pairs_in_space_time_and_seed():
    """Correlations of a fair coin over n pairs have deviation 1 / sqrt(n)."""
    here = coins(seed=1, step=5)
    others = {
        "right": here.roll(-1, 1)[:, 0::2],  # step 5 pairs odd columns with the next ones
        "two to the right": here.roll(-2, 1),
        "below": here.roll(-1, 0),
        "diagonal": here.roll((-1, -1), (0, 1)),
        "next step": coins(seed=1, step=6),
        "step after": coins(seed=1, step=7),
        "next seed": coins(seed=2, step=5),
        "next seed, step before": coins(seed=2, step=4),
        "transposed": here.T,
    }
    correlations = {
        name: (here[:, :: here.shape[1] // other.shape[1]] * other).mean().item() for name, other in others.items()
    }
    assert max(map(abs, correlations.values())) < 4 / (here.numel() / 2) ** 0.5, correlations


def test_the_mask_has_no_stripes():
    """Sums along columns spread as those of coins do; along rows the pairs cancel."""
    coin = coins(seed=0, step=0)
    assert 0.75 < coin.sum(0).var() / coin.shape[0] < 1.25
    assert (coin.sum(1) == 0).all()


def test_the_pairs_leave_no_lattice():
    """Of a lively rule: a wave of two columns is no stronger than its neighbours. Pairs at rest printed it 80-fold."""
    rule = random_rule(8, 32, seed=0)
    state = reference_rollout(rule, seed_state(rule, 128, 128), 200, seed=1)
    power = torch.zeros(128, 128)
    for step in range(200, 280, 10):
        state = reference_rollout(rule, state, 10, seed=1, first=step)
        power += torch.fft.fft2(state - state.mean((1, 2), keepdim=True)).abs().square().mean(0)
    across, beside = power[0, 64], power[[0, 0, 3, 125], [60, 68, 64, 64]].mean()
    assert across < 2 * beside


def coins(seed, step, side=512):
    """The mask at rate 1/2 as +1 and -1."""
    return 2 * mask(side, side, seed, step, 128).float() - 1


# Where to run


def test_auto_is_a_device_at_hand():
    assert pick_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_a_missing_device_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UserError, match=r"device cuda is not available: expected one of \['cpu'"):
        pick_device("cuda")
