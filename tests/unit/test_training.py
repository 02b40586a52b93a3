"""The pool, the configuration and the training loop, on pictures of a few pixels."""

import math
import time

import numpy as np
import pytest
import torch
from torch.nn.functional import interpolate

from nca import UserError
from nca.features.registry import EXTRACTORS, make_features
from nca.model.automaton import Automaton
from nca.training.checkpoint import capture, load_captured
from nca.training.config import PRESETS, Config
from nca.training.descent import seeded
from nca.training.loss import StyleLoss, overflow
from nca.training.muon import Muon
from nca.training.pool import Pool
from nca.training.trainer import _healthy
from trainers import noise, stripes, trainer, weights

# The pool


def pool(size=8, side=2):
    states = torch.arange(1.0, size + 1)[:, None, None, None].expand(size, side, side, 4).clone()
    return Pool(states, torch.Generator().manual_seed(0))


def test_a_draw_is_of_distinct_states_and_a_copy():
    ours = pool()
    for _ in range(20):
        places, states = ours.draw(3, fresh=False, damaged=False)
        assert len(set(places)) == 3
        assert states[:, 0, 0, 0].tolist() == [place + 1 for place in places]
        states.zero_()
    assert torch.equal(ours.states, pool().states)


def test_draws_reach_the_whole_pool():
    ours = pool()
    assert {place for _ in range(30) for place in ours.draw(3, fresh=False, damaged=False)[0]} == set(range(8))


def test_a_reset_starts_the_first_state_anew_and_damages_the_last_with_a_disc_of_zeros_or_noise():
    ours, sizes, fillings = pool(side=16), [], []
    for _ in range(80):
        places, (first, *others, last) = ours.draw(3, fresh=True, damaged=True)
        assert not first.any()
        assert all(other.eq(place + 1).all() for other, place in zip(others, places[1:], strict=False))
        damage = (last != places[-1] + 1).any(2)
        sizes.append(int(damage.sum()))
        fillings.append(last[damage])
    assert min(sizes) == 13  # cells within 2 of one
    assert max(sizes) == 195  # within 8, where the torus of 16 x 16 cells meets itself
    noise = torch.cat([filling for filling in fillings if filling.any()])
    assert 20 < sum(not filling.any() for filling in fillings) < 60
    assert (noise.min(), noise.max()) == (-2047 / 1024, 2047 / 1024)
    assert noise.abs().mean().item() == pytest.approx(1, abs=0.01)
    assert torch.equal(ours.states, pool(side=16).states)


def test_states_are_put_back_where_they_came_from_without_their_graph():
    ours = pool()
    places, states = ours.draw(3, fresh=False, damaged=False)
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
        ("size", 15),
        ("field", 1025),
        ("steps", 0),
        ("minutes", 0.0),
        ("minutes", float("nan")),
        ("batch", 0),
        ("batch", 257),
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


OLDER = {"update": 128, "pool": 16, "shortest": 16, "longest": 32, "learning_rate": 0.002, "steps": 7}


def test_settings_that_older_runs_stored_still_load():
    assert Config.of(OLDER) == Config(pool=16, steps=7)


@pytest.mark.parametrize(("name", "value"), [("update", 0), ("shortest", 65), ("learning_rate", 0.0)])
def test_a_stored_setting_that_is_fixed_now_is_refused_at_other_values(name, value):
    with pytest.raises(UserError, match=f"^{name} is .*: expected ") as refusal:
        Config.of(OLDER | {name: value})
    assert str(value) in str(refusal.value)


@pytest.mark.parametrize("features", EXTRACTORS)
def test_each_kind_of_features_has_its_number_of_layer_weights(features):
    count = EXTRACTORS[features].layer_weights
    Config(features=features, layer_weights=(1.0,) * count)
    with pytest.raises(UserError, match=f"layer_weights is .*: expected {count} numbers"):
        Config(features=features, layer_weights=(1.0,) * 4)


# The loop


def test_training_brings_the_style_loss_down(monkeypatch):
    monkeypatch.setattr("nca.training.trainer.LEARNING_RATE", 0.01)
    orange = (0.7 + 0.3 * noise(1, 3, 16, 16)) * torch.tensor([1, 0.5, 0.2])[:, None, None]
    style = [progress.style for progress in trainer(orange, plain=False, steps=80, seed=1)]
    assert np.mean(style[-8:]) < 0.25 * style[0]


def test_progress_counts_to_the_end():
    steps = list(trainer())
    assert [each.step for each in steps] == [1, 2, 3, 4, 5, 6]
    assert [each.progress for each in steps] == [n / 6 for n in range(1, 7)]
    assert [each.seconds for each in steps] == sorted(each.seconds for each in steps)


def test_the_same_seed_trains_the_same_weights_and_another_seed_others():
    first, again, other = trainer(), trainer(), trainer(seed=1)
    for each in (first, again, other):
        list(each)
    assert torch.equal(weights(first), weights(again))
    assert not torch.equal(weights(first), weights(other))


@pytest.mark.parametrize("seed", [0, 1])
def test_one_pixel_a_cell_trains_the_weights_of_a_loop_without_a_decoder(seed):
    """The loop as it was before there were decoders, bit for bit. No hash is stored: CPUs differ in how they add."""
    target, steps = stripes(16, 4), 24
    ours = trainer(target, plain=False, detail=1, steps=steps, seed=seed)
    styles = [progress.style for progress in ours]
    random, expected = torch.Generator().manual_seed(seed), []
    with seeded(seed):
        automaton = Automaton(4, 8)
    style = StyleLoss(make_features("multiscale", target), target)
    states, optimizer = Pool(automaton.seed_state(4, 16, 16), random), Muon(automaton.parameters(), lr=0)
    for step in range(steps):
        places, drawn = states.draw(2, fresh=step == 0, damaged=step == 0)
        length = 16 + int(torch.randint(17, (), generator=random))
        length = round(length * min(1, 0.3 + 7 * step / steps))
        grown = automaton(drawn, length, seed=int(torch.randint(1 << 32, (), generator=random)))
        distance = style(grown[..., :3].permute(0, 3, 1, 2) + 0.5)
        optimizer.zero_grad()
        (0.5 * distance.log() + 10 * overflow(grown)).backward()
        for parameter in automaton.parameters():
            parameter.grad /= parameter.grad.norm() + 1e-8
        optimizer.lr = 2e-3 * (0.02 + 0.98 * (1 + math.cos(math.pi * step / steps)) / 2)
        optimizer.step()
        states.put(places, _healthy(grown))
        expected.append(distance.item())
    assert styles == expected
    assert torch.equal(weights(ours), torch.cat([each.detach().flatten() for each in automaton.parameters()]))
    assert torch.equal(ours.pool.integers, states.integers)
    assert not any("decoder" in name for name in capture(ours))


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
    load_captured(second, {name: tensor.clone() for name, tensor in capture(first).items()})
    list(stopped)  # what the first does later must not reach the second
    assert [progress.style for progress in second] == styles[3:]
    assert torch.equal(weights(second), weights(whole))
    assert torch.equal(second.pool.states, whole.pool.states)
    assert second.precision.scaler.state_dict() == whole.precision.scaler.state_dict()


def test_a_captured_state_of_another_size_is_refused():
    with pytest.raises(UserError, match="the saved state does not fit the configuration"):
        load_captured(trainer(hidden=16), capture(trainer()))
    with pytest.raises(UserError, match="does not fit the configuration"):
        load_captured(trainer(field=20), capture(trainer()))
    with pytest.raises(UserError, match="does not fit the configuration"):
        load_captured(trainer(), {})


def test_minutes_end_training_by_the_clock(monkeypatch):
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    steps = list(trainer(minutes=1.0, steps=1))  # each step takes 10 s
    assert [each.seconds for each in steps] == [10, 20, 30, 40, 50, 60]
    assert steps[-1].progress == 1


def test_the_pool_grows_older_and_its_states_stay_on_the_rules_grid(monkeypatch):
    monkeypatch.setattr("nca.training.trainer.LEARNING_RATE", 0.01)
    ours = trainer(steps=10)
    list(ours)
    states = ours.pool.states * 1024
    assert states.any()
    assert torch.equal(states, states.round())
    assert states.abs().max() <= 2047


def test_rollouts_are_short_while_the_automaton_is_noise(monkeypatch):
    monkeypatch.setattr("nca.training.trainer.SHORTEST", 10)
    monkeypatch.setattr("nca.training.trainer.LONGEST", 15)
    ours, lengths = trainer(steps=50), []
    ours.automaton.register_forward_pre_hook(lambda _, args: lengths.append(args[1]))
    list(ours)
    assert lengths[0] <= 5
    assert set(lengths[25:]) <= set(range(10, 16))
    assert len(set(lengths[25:])) > 3


@pytest.mark.parametrize("batch", [1, 2])
def test_now_and_then_a_state_starts_anew_and_another_is_damaged(monkeypatch, batch):
    """So that the texture always grows from nothing, grows old, and heals."""
    monkeypatch.setattr("nca.training.trainer.SHORTEST", 1)
    monkeypatch.setattr("nca.training.trainer.LONGEST", 1)
    ours, resets = trainer(steps=200, batch=batch), []
    draw = ours.pool.draw

    def spy(batch, *, fresh, damaged):
        resets.append((fresh, damaged))
        return draw(batch, fresh=fresh, damaged=damaged)

    monkeypatch.setattr(ours.pool, "draw", spy)
    list(ours)
    for due in zip(*resets, strict=True):
        assert 2 <= sum(due) <= 100
    assert all(fresh == damaged for fresh, damaged in resets) == (batch > 1)  # else the fresh state is the wounded one


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
