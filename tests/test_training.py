"""The pool, the configuration and the training loop, on pictures of a few pixels."""

import time

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate
from trainers import noise, stripes, trainer, weights

from nca import UserError
from nca.checkpoint import capture, restore
from nca.config import FEATURES, PRESETS, Config
from nca.pool import Pool

# The pool


def pool(size=8, side=2):
    states = torch.arange(1.0, size + 1)[:, None, None, None].expand(size, side, side, 4).clone()
    return Pool(states, torch.Generator().manual_seed(0))


def test_a_draw_is_of_distinct_states_and_a_copy():
    ours = pool()
    for _ in range(20):
        places, states = ours.draw(3, reset=False)
        assert len(set(places.tolist())) == 3
        assert torch.equal(states[:, 0, 0, 0], places + 1.0)
        states.zero_()
    assert torch.equal(ours.states, pool().states)


def test_draws_reach_the_whole_pool():
    ours = pool()
    assert {int(place) for _ in range(30) for place in ours.draw(3, reset=False)[0]} == set(range(8))


def test_a_reset_starts_the_first_state_anew_and_wounds_the_last_with_a_disc_of_zeros_or_noise():
    ours, sizes, fillings = pool(side=16), [], []
    for _ in range(80):
        places, (first, *others, last) = ours.draw(3, reset=True)
        assert not first.any()
        assert all(other.eq(place + 1).all() for other, place in zip(others, places[1:], strict=False))
        wound = (last != places[-1] + 1).any(2)
        sizes.append(int(wound.sum()))
        fillings.append(last[wound])
    assert min(sizes) == 13  # cells within 2 of one
    assert max(sizes) == 195  # within 8, where the torus of 16 x 16 cells meets itself
    noise = torch.cat([filling for filling in fillings if filling.any()])
    assert 20 < sum(not filling.any() for filling in fillings) < 60
    assert (noise.min(), noise.max()) == (-2047 / 1024, 2047 / 1024)
    assert noise.abs().mean().item() == pytest.approx(1, abs=0.01)
    assert torch.equal(ours.states, pool(side=16).states)


def test_states_are_put_back_where_they_came_from_without_their_graph():
    ours = pool()
    places, states = ours.draw(3, reset=False)
    ours.put(places, (states / 8).requires_grad_())
    assert not ours.states.requires_grad
    expected = [(n + 1) / 8 if n in places else n + 1.0 for n in range(8)]
    assert ours.states[:, 0, 0, 0].tolist() == expected


# The configuration


def test_presets_are_configurations():
    assert Config(**PRESETS["tiny"]).channels == 4
    assert {Config(**preset).features for preset in PRESETS.values()} == {"multiscale"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("channels", 5),
        ("channels", 4.0),
        ("hidden", 6),
        ("hidden", 132),
        ("update", 0),
        ("size", 15),
        ("field", 1025),
        ("steps", 0),
        ("minutes", 0.0),
        ("minutes", float("nan")),
        ("batch", 0),
        ("batch", 257),
        ("shortest", 65),
        ("learning_rate", 0.0),
        ("features", "resnet"),
        ("layer_weights", (1.0,)),
        ("layer_weights", (1.0, -1.0)),
        ("layer_weights", (0.0, 0.0)),
        ("layer_weights", (1.0, float("inf"))),
        ("layer_weights", (1.0, float("nan"))),
        ("amp", "fp8"),
        ("seed", -1),
        ("seed", 2**32),
        ("seed", True),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name_and_value(name, value):
    with pytest.raises(UserError, match=f"^{name} is .*: expected ") as refusal:
        Config(**{name: value})
    assert str(value) in str(refusal.value)


def test_unknown_settings_are_refused():
    with pytest.raises(UserError, match=r"unknown keys \['chanels'\]: expected some of \['channels', "):
        Config.of({"chanels": 4})


@pytest.mark.parametrize("features", FEATURES)
def test_each_kind_of_features_has_its_number_of_layer_weights(features):
    Config(features=features, layer_weights=(1.0,) * FEATURES[features])
    with pytest.raises(UserError, match=f"layer_weights is .*: expected {FEATURES[features]} numbers"):
        Config(features=features, layer_weights=(1.0,) * 4)


# The loop


def test_training_brings_the_style_loss_down():
    orange = (0.7 + 0.3 * noise(1, 3, 16, 16)) * torch.tensor([1, 0.5, 0.2])[:, None, None]
    style = [progress.style for progress in trainer(orange, plain=False, steps=80, learning_rate=0.01, seed=1)]
    assert np.mean(style[-8:]) < 0.25 * style[0]


def test_progress_counts_to_the_end():
    steps = list(trainer())
    assert [each.step for each in steps] == [1, 2, 3, 4, 5, 6]
    assert [each.part for each in steps] == [n / 6 for n in range(1, 7)]
    assert [each.seconds for each in steps] == sorted(each.seconds for each in steps)


def test_the_same_seed_trains_the_same_weights_and_another_seed_others():
    first, again, other = trainer(), trainer(), trainer(seed=1)
    for each in (first, again, other):
        list(each)
    assert torch.equal(weights(first), weights(again))
    assert not torch.equal(weights(first), weights(other))


def test_training_neither_reads_nor_moves_the_callers_random_state():
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    ours = trainer()
    list(ours)
    assert torch.equal(torch.random.get_rng_state(), before)
    torch.manual_seed(2)
    other = trainer()
    list(other)
    assert torch.equal(weights(ours), weights(other))


@pytest.mark.parametrize("amp", ["off", "bf16", "fp16"])
def test_resuming_goes_on_exactly_as_if_never_stopped(amp):
    whole, first, second = (trainer(plain=False, amp=amp) for _ in range(3))
    styles = [progress.style for progress in whole]
    stopped = iter(first)
    for _ in range(3):
        next(stopped)
    restore(second, {name: tensor.clone() for name, tensor in capture(first).items()})
    list(stopped)  # what the first does later must not reach the second
    assert [progress.style for progress in second] == styles[3:]
    assert torch.equal(weights(second), weights(whole))
    assert torch.equal(second.pool.states, whole.pool.states)
    assert second.scaler.state_dict() == whole.scaler.state_dict()


def test_a_captured_state_of_another_size_is_refused():
    with pytest.raises(UserError, match="cannot resume: the saved state does not fit the configuration"):
        restore(trainer(hidden=16), capture(trainer()))
    with pytest.raises(UserError, match="cannot resume"):
        restore(trainer(field=20), capture(trainer()))
    with pytest.raises(UserError, match="cannot resume"):
        restore(trainer(), {})


def test_minutes_end_training_by_the_clock(monkeypatch):
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    steps = list(trainer(minutes=1.0, steps=1))  # each step takes 10 s
    assert [each.seconds for each in steps] == [10, 20, 30, 40, 50, 60]
    assert steps[-1].part == 1


def test_the_pool_grows_older_and_its_states_stay_on_the_rules_grid():
    ours = trainer(steps=10, learning_rate=0.01)
    list(ours)
    states = ours.pool.states * 1024
    assert states.any()
    assert torch.equal(states, states.round())
    assert states.abs().max() <= 2047


def test_rollouts_are_short_while_the_automaton_is_noise():
    ours, lengths = trainer(steps=50, shortest=10, longest=15), []
    ours.automaton.register_forward_pre_hook(lambda _, args: lengths.append(args[1]))
    list(ours)
    assert lengths[0] <= 5
    assert set(lengths[25:]) <= set(range(10, 16))
    assert len(set(lengths[25:])) > 3


def test_now_and_then_a_state_starts_anew(monkeypatch):
    """So that the texture always grows from nothing, and yet grows old."""
    ours, resets = trainer(steps=200, shortest=1, longest=1), []
    draw = ours.pool.draw

    def spy(batch, *, reset):
        resets.append(reset)
        return draw(batch, reset=reset)

    monkeypatch.setattr(ours.pool, "draw", spy)
    list(ours)
    assert 2 <= sum(resets) <= 100


def test_the_learning_rate_falls_towards_the_end():
    ours, rates = trainer(steps=20), []
    step = ours.optimizer.step
    ours.optimizer.step = lambda: rates.append(ours.optimizer.lr) or step()
    list(ours)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.2 * rates[0]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("amp", ["auto", "off", "bf16"])
def test_training_runs_on_cuda_at_sizes_that_are_no_power_of_two(amp):
    ours = trainer(interpolate(stripes(16, 4), 24).cuda(), plain=False, size=24, field=20, amp=amp, steps=10)
    assert np.isfinite([progress.loss for progress in ours]).all()


def test_a_state_that_blew_up_is_not_kept():
    ours = trainer(plain=False)
    states = torch.stack([torch.full((16, 16, 4), 0.875), torch.full((16, 16, 4), 1.9)])
    ours.automaton.forward = lambda *_, **__: states.clone().requires_grad_()
    next(iter(ours))
    kept = ours.pool.states.flatten(1).amax(1).unique()
    assert kept.tolist() == [0, 0.875]
