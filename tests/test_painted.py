"""Fields that several rules share: the page against torch, and torch against the oracle."""

import json
import math

import numpy as np
import oracle
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pages import wait
from rules import random_rule
from textures import ask, state

from nca import UserError
from nca.export.bundle import Bundle
from nca.export.replay import load_session, replay
from nca.painted import Paint, check_shared, paint, painted_rollout, turned

RULES = random_rule(8, 8, 1), random_rule(8, 32, 2)
BUNDLES = [Bundle.of(rule, name) for rule, name in zip(RULES, ("Moss", "Fern"), strict=True)]
STROKES = {
    "own": "nca.brush('own', 20, 12, 9, nca.add(other))",
    "slow": "nca.brush('slow', 5, 5, 7, 1), nca.brush('slow', 40, 9, 6, 8)",
    "turn": "nca.turn = 40",
    "erase": "nca.brush('erase', 30, 30, 6)",
    "keep": "nca.keep()",
    "noise": "nca.brush('noise', 10, 30, 8)",
    "restore": "nca.brush('restore', 30, 30, 12)",
    "own again": "nca.brush('own', 18, 10, 4, 0)",
    "turn again": "nca.turn = 200",
}


@pytest.fixture
def tab(open_page):
    def opened(size):
        tab = open_page(BUNDLES, f"#paused&size={size}&seed=7")
        fern = json.loads(BUNDLES[1].to_json())
        tab.evaluate("(bundle) => { window.other = bundle; }", fern)
        return tab

    return opened


def replayed(tab, tmp_path):
    """The session of a page, done again in torch."""
    path = tmp_path / "session.json"
    path.write_text(json.dumps(ask(tab, "nca.session()")))
    return replay(load_session(path)).numpy()


def do_all(tab):
    for stroke in STROKES.values():
        ask(tab, "nca.stroke(), nca.step(9)")
        tab.evaluate(f"() => {{ const {{ nca }} = document.querySelector('canvas'); {stroke}; }}")
    ask(tab, "nca.step(25)")


@pytest.mark.parametrize("size", ["64x40", "45x31", "6x3"])
def test_a_painted_field_equals_torch(tab, tmp_path, size):
    ours = tab(size)
    do_all(ours)
    assert np.array_equal(state(ours), replayed(ours, tmp_path))


def test_it_is_the_same_run_again_in_the_page(tab):
    ours = tab("45x31")
    do_all(ours)
    before, session = state(ours), ask(ours, "nca.session()")
    ask(ours, "(nca.reset(), nca.step(3), nca.replay(a[0]), 0)", session)
    wait(ours, "!nca.replaying && nca.stepCount > 100")
    assert np.array_equal(state(ours), before)


def test_undo_takes_paint_and_turn_back(tab, tmp_path):
    ours = tab("64x40")
    ask(ours, "nca.step(20), nca.stroke(), nca.brush('own', 20, 12, 9, nca.add(other)), nca.step(30)")
    first = ask(ours, "nca.session()")
    ask(ours, "nca.stroke(), nca.brush('own', 40, 12, 9, 1), nca.brush('slow', 9, 9, 5, 2), nca.step(10)")
    ask(ours, "(nca.undo(), 0)")
    wait(ours, "!nca.replaying")
    assert ask(ours, "nca.session().events") == first["events"]
    assert ask(ours, "nca.stepCount") == 60
    assert np.array_equal(state(ours), replayed(ours, tmp_path))


def test_a_painted_field_survives_a_lost_context(tab, tmp_path):
    ours = tab("45x31")
    do_all(ours)
    for _ in range(12):  # past a snapshot, which comes from the device while steps go on
        ask(ours, "nca.step(100)")
    do_all(ours)
    before = state(ours)
    ask(ours, "(window.lose = nca.gl.getExtension('WEBGL_lose_context'), lose.loseContext(), 0)")
    ours.wait_for_function("() => document.querySelector('canvas').nca.gl.isContextLost()")
    ask(ours, "setTimeout(() => lose.restoreContext(), 50)")
    wait(ours, f"!nca.gl.isContextLost() && nca.stepCount == {ask(ours, 'nca.stepCount')}")
    assert np.array_equal(state(ours), before)
    assert np.array_equal(state(ours), replayed(ours, tmp_path))


def test_rules_of_other_sizes_are_refused(tab):
    ours = tab("16x16")
    other = json.loads(Bundle.of(random_rule(4, 8), "Small").to_json())
    message = ours.evaluate(
        "(b) => { try { document.querySelector('canvas').nca.add(b); } catch (error) { return error.message; } }",
        other,
    )
    assert message == "a rule of 4 channels: expected 8, as the field has"
    with pytest.raises(UserError, match="rules of 8 and 4 channels: expected as many in all"):
        check_shared((RULES[0], random_rule(4, 8)))
    with pytest.raises(UserError, match="update rate 200/256: expected at most 1/2"):
        check_shared((RULES[0], random_rule(8, 8, update=200)))


# torch against plain integers


def random_state(seed, height, width):
    draw = np.random.default_rng(seed)
    return draw.integers(-2047, 2048, (8, height, width))


@given(height=st.integers(1, 9), width=st.integers(1, 9), turn=st.integers(0, 255), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40, deadline=None)
def test_torch_equals_the_oracle(height, width, turn, seed):
    draw = np.random.default_rng(seed)
    before = random_state(seed, height, width)
    owners, slowness = draw.integers(0, 2, (height, width)), draw.integers(0, 9, (height, width))
    painted = Paint(torch.tensor(owners), torch.tensor(slowness), turn)
    ours = painted_rollout(RULES, torch.tensor(before).float(), painted, 3, seed=seed, first=5)
    theirs = oracle.painted_rollout(RULES, before, owners, slowness, turn, 3, seed=seed, first=5)
    assert np.array_equal(ours.numpy(), theirs)


def test_nothing_painted_is_the_plain_rollout():
    before = random_state(3, 12, 17)
    ours = painted_rollout(RULES[:1], torch.tensor(before).float(), Paint.none(12, 17), 30, seed=4)
    assert np.array_equal(ours.numpy(), oracle.rollout(RULES[0], before, 30, seed=4))


@pytest.mark.parametrize("turn", range(256))
def test_a_turned_slope_stays_in_range_and_below_2_to_24(turn):
    """The largest slopes of every sign; sums are exact since each stays below 2^24."""
    ends = torch.tensor([-2047.0, 2047.0])
    x, y = torch.meshgrid(ends, ends, indexing="ij")
    zeros = torch.zeros_like(x)
    ours = turned(torch.stack([zeros, x, y, zeros]), turn)
    cosine, sine = (round(1024 * of(turn * math.pi / 128)) for of in (math.cos, math.sin))
    assert abs(cosine) + abs(sine) <= 1448
    assert 1448 * 2047 + 512 < 2**24
    assert ours.abs().max() <= 2047


def test_sine_and_cosine_are_far_from_a_tie():
    """So every machine's sine, exact or not to the last bit, rounds to the same integer."""
    values = 1024 * np.sin(2 * np.pi * np.arange(256) / 256)
    assert np.abs(np.abs(values % 1) - 0.5).min() > 1e-4


def test_no_turn_is_exactly_no_turn_and_a_quarter_swaps_the_slopes():
    seen = torch.arange(-8.0, 8).reshape(4, 2, 2)
    assert torch.equal(turned(seen, 0), seen)
    here, x, y, around = seen
    assert torch.equal(turned(seen, 64), torch.stack([here, y, -x, around]))


def test_the_border_of_paint_frays_over_a_few_cells():
    painted = paint(torch.zeros(64, 64, dtype=torch.int64), 60, 3, 12, 1)
    distance = np.sqrt(oracle_distance2(64, 64, 60, 3))
    assert painted[distance <= 8].all()
    assert not painted[distance > 12].any()
    border = painted[(distance > 8) & (distance <= 12)].float().mean()
    assert 0.3 < border < 0.7


def oracle_distance2(height, width, x, y):
    down, across = np.mgrid[:height, :width]
    down, across = abs(down - y), abs(across - x)
    return np.minimum(down, height - down) ** 2 + np.minimum(across, width - across) ** 2
