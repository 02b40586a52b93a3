"""Fields that several rules share: the page against torch, and torch against the oracle."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import oracle
from nca import UserError
from nca.export.bundle import Bundle
from nca.export.check.replay import load_session, replay
from nca.rule.painted import Paint, check_shared, paint, painted_rollout, turned
from pages import wait
from rules import random_rule
from textures import ask, state

RULES = random_rule(8, 8, 1), random_rule(8, 32, 2)
BUNDLES = [Bundle.of(rule, name) for rule, name in zip(RULES, ("Moss", "Fern"), strict=True)]
STROKES = {
    "own": "session.brush('own', 20, 12, 9, session.painter.add(other))",
    "slow": "session.brush('slow', 5, 5, 7, 1), session.brush('slow', 40, 9, 6, 8)",
    "turn": "session.turn = 40",
    "erase": "session.brush('erase', 30, 30, 6)",
    "keep": "session.keep()",
    "noise": "session.brush('noise', 10, 30, 8)",
    "restore": "session.brush('restore', 30, 30, 12)",
    "own again": "session.brush('own', 18, 10, 4, 0)",
    "turn again": "session.turn = 200",
}


@pytest.fixture
def tab(open_page):
    def opened(size):
        tab = open_page(BUNDLES, f"#paused&size={size}&seed=7")
        fern = BUNDLES[1].fields() | {"shaders": BUNDLES[1].shaders}
        tab.evaluate("(bundle) => { window.other = bundle; }", fern)
        return tab

    return opened


def replayed(tab, tmp_path):
    """The session of a page, done again in torch."""
    path = tmp_path / "session.json"
    path.write_text(json.dumps(ask(tab, "session.toJSON()")))
    return replay(load_session(path)).numpy()


def do_all(tab):
    for stroke in STROKES.values():
        ask(tab, "session.stroke(), nca.step(9)")
        tab.evaluate(f"() => {{ const {{ session }} = document.querySelector('canvas'); {stroke}; }}")
    ask(tab, "nca.step(25)")


@pytest.mark.parametrize("size", ["64x40", "45x31", "6x3"])
def test_a_painted_field_equals_torch(tab, tmp_path, size):
    ours = tab(size)
    do_all(ours)
    assert np.array_equal(state(ours), replayed(ours, tmp_path))


def test_it_is_the_same_run_again_in_the_page(tab):
    ours = tab("45x31")
    do_all(ours)
    before, session = state(ours), ask(ours, "session.toJSON()")
    ask(ours, "(nca.reset(), nca.step(3), session.replay(a[0]), 0)", session)
    wait(ours, "!session.replaying && nca.stepCount > 100")
    assert np.array_equal(state(ours), before)


def test_undo_takes_paint_and_turn_back(tab, tmp_path):
    ours = tab("64x40")
    ask(
        ours,
        "nca.step(20), session.stroke(), session.brush('own', 20, 12, 9, session.painter.add(other)), nca.step(30)",
    )
    first = ask(ours, "session.toJSON()")
    ask(ours, "session.stroke(), session.brush('own', 40, 12, 9, 1), session.brush('slow', 9, 9, 5, 2), nca.step(10)")
    ask(ours, "(session.undo(), 0)")
    wait(ours, "!session.replaying")
    assert ask(ours, "session.toJSON().events") == first["events"]
    assert ask(ours, "nca.stepCount") == 60
    assert np.array_equal(state(ours), replayed(ours, tmp_path))


@pytest.mark.parametrize("meanwhile", ["nca.reset()", "nca.resize(20, 20)"])
def test_another_run_ends_the_undo_of_the_last(tab, tmp_path, meanwhile):
    """Neither its steps nor its strokes get into the new one."""
    ours = tab("45x31")
    for brush in ("erase", "noise"):
        ask(ours, "nca.step(50), session.stroke(), session.brush(a[0], 9, 9, 9)", brush)
    ask(ours, "nca.step(900)")
    seen = ask(
        ours, f"(session.undo(), session.undo(), [session.replaying, {meanwhile}, nca.step(5), session.replaying])"
    )
    assert [seen[0], seen[3]] == [True, False]
    ask(ours, "new Promise((done) => setTimeout(done, 300))")
    assert ask(ours, "session.undo()") is False
    assert ask(ours, "nca.stepCount") == 5
    assert np.array_equal(state(ours), replayed(ours, tmp_path))


def test_another_texture_may_open_while_this_one_undoes(tab):
    ours = tab("45x31")
    ask(ours, "(session.stroke(), session.brush('erase', 9, 9, 9), nca.step(900), session.undo(), 0)")
    ours.evaluate("() => { location.hash = '#fern&size=45x31'; }")
    wait(ours, "nca.bundle.name == 'Fern'")
    ask(ours, "new Promise((done) => setTimeout(done, 300))")
    assert ours.complaints == []


def test_undoing_twice_at_once_undoes_once(tab):
    ours = tab("45x31")
    for brush in ("erase", "noise"):
        ask(ours, "nca.step(50), session.stroke(), session.brush(a[0], 9, 9, 9)", brush)
    ask(ours, "(nca.step(900), session.undo(), session.undo(), 0)")
    wait(ours, "!session.replaying")
    assert len(ask(ours, "session.toJSON().events")) == 1
    assert ask(ours, "session.undo()") is True
    assert ask(ours, "session.toJSON().events") == []


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
        "(b) => { try { document.querySelector('canvas').session.painter.add(b); }"
        " catch (error) { return error.message; } }",
        other,
    )
    assert message == "a rule of 4 channels: expected 8, as the field has"
    with pytest.raises(UserError, match="rules of 8 and 4 channels: expected equal numbers"):
        check_shared((RULES[0], random_rule(4, 8)))
    with pytest.raises(UserError, match="update rate 200/256: expected at most 1/2"):
        check_shared((RULES[0], random_rule(8, 8, update=200)))


# torch against plain integers


def random_state(seed, height, width):
    draw = np.random.default_rng(seed)
    return draw.integers(-2047, 2048, (8, height, width))


@given(height=st.integers(1, 9), width=st.integers(1, 9), turn=st.integers(0, 255), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
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


def test_a_turned_slope_stays_in_range_and_below_2_to_24():
    """The largest slopes of every sign; sums are exact since each stays below 2^24."""
    ends = torch.tensor([-2047.0, 2047.0])
    x, y = torch.meshgrid(ends, ends, indexing="ij")
    zeros = torch.zeros_like(x)
    assert 1448 * 2047 + 512 < 2**24
    for turn in range(256):
        ours = turned(torch.stack([zeros, x, y, zeros]), turn)
        cosine, sine = (round(1024 * of(turn * math.pi / 128)) for of in (math.cos, math.sin))
        assert abs(cosine) + abs(sine) <= 1448, turn
        assert ours.abs().max() <= 2047, turn


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
