"""Brushes under mouse, fingers and keys: what they do to the cells, against torch where it is arithmetic."""

import numpy as np
import pytest

from nca.export.bundle import Bundle
from nca.rule.noise import noise
from pages import PHONE, Fingers, disc, open_panel, wait
from rules import random_rule
from textures import ask, state

RULE = random_rule(4, 8, seed=1)
BUNDLES = [Bundle.of(random_rule(4, 8, seed), name) for seed, name in enumerate(["Moss", "Fern"], 1)]
OTHER = Bundle.of(random_rule(8, 8, 3), "Bark")


@pytest.fixture
def tab(open_page):
    """A grown texture of 64 x 40 cells, each 20 pixels wide, that stands still, and another to paint with."""
    tab = open_page(BUNDLES, "#paused&size=64x40&seed=3")
    ask(tab, "nca.step(100), nca.draw()")
    return tab


def drag(tab, start, end):
    tab.mouse.move(20 * start[0] + 10, 20 * start[1] + 10)
    tab.mouse.down()
    tab.mouse.move(20 * end[0] + 10, 20 * end[1] + 10)
    tab.mouse.up()


def choose(tab, brush, size=4):
    tab.locator(f"label:has([value={brush}])").click()
    tab.locator("#size").fill(str(size))


def assert_untouched(tab, steps):
    """The state is that of a run of so many steps in which nothing was done."""
    undone = state(tab)
    tab.keyboard.press("r")
    ask(tab, f"nca.step({steps})")
    assert np.array_equal(undone, state(tab))


def test_noise_is_torchs(tab):
    before = state(tab)
    choose(tab, "noise", 6)
    tab.mouse.click(20 * 30 + 10, 20 * 12 + 10)
    expected = noise(4, 40, 64).numpy()
    assert np.array_equal(state(tab), np.where(disc(30, 12, 6), expected, before))
    assert expected.min() < -1000
    assert expected.max() > 1000


def test_another_texture_grows_where_it_is_painted(tab):
    before = state(tab)
    choose(tab, "own", 8)
    assert tab.locator("#own").input_value() == "fern"
    drag(tab, (20, 12), (40, 12))
    assert ask(tab, "session.painter.bundles.map(({ name }) => name)") == ["Moss", "Fern"]
    assert np.array_equal(state(tab), before)  # until it takes steps
    ask(tab, "nca.step(50)")
    painted = state(tab)
    tab.keyboard.press("r")
    ask(tab, "nca.step(150)")
    differs = (painted != state(tab)).any(0)
    assert differs[12, 20:40].mean() > 0.9


def test_painting_is_undone_too(tab):
    choose(tab, "own", 8)
    drag(tab, (20, 12), (40, 12))
    tab.keyboard.press("u")
    wait(tab, "!session.replaying && session.toJSON().events.length == 0")
    ask(tab, "nca.step(50)")
    assert_untouched(tab, 150)


def test_one_that_cannot_share_the_field_is_explained(open_page):
    tab = open_page([BUNDLES[0], OTHER], "#paused&size=16x10")
    choose(tab, "own")
    tab.mouse.click(600, 400)
    assert tab.locator("#hint").inner_text() == "a rule of 8 channels: expected 4, as the field has"
    assert ask(tab, "session.toJSON().events") == []


def test_slow_cells_change_less_often(tab):
    choose(tab, "slow", 10)
    tab.locator("#slow").select_option(label="1/16")
    drag(tab, (20, 20), (44, 20))
    before = state(tab)
    ask(tab, "nca.step(2)")
    changed = (state(tab) != before).any(0)
    assert changed[18:23, 20:44].mean() < 0.3
    assert changed[36:].mean() > 0.6


def test_with_one_texture_there_is_none_to_paint_with(open_page):
    tab = open_page(RULE, "#paused&size=8x8")
    assert tab.locator("label:has([value=own])").is_hidden()
    tab.keyboard.press("4")
    assert tab.locator("[value=slow]").is_checked()


def test_a_pointer_that_rests_paints_ever_more_around_it(tab):
    choose(tab, "erase", 2)
    tab.mouse.move(20 * 30 + 10, 20 * 20 + 10)
    tab.mouse.down()
    wait(tab, "session.toJSON().events.length > 6")
    tab.mouse.up()
    hole = (state(tab) == 0).all(0)
    assert hole[disc(30, 20, 4)].all()
    grown = hole.sum()
    tab.wait_for_timeout(300)
    assert (state(tab) == 0).all(0).sum() == grown


def test_undo_takes_back_a_stroke_and_then_the_one_before(tab):
    whole = state(tab)
    choose(tab, "erase", 3)
    drag(tab, (10, 10), (30, 10))
    once = state(tab)
    choose(tab, "noise", 3)
    drag(tab, (10, 30), (30, 30))
    tab.keyboard.press("u")
    wait(tab, "!session.replaying")
    assert np.array_equal(state(tab), once)
    tab.keyboard.press("Control+z")
    wait(tab, "!session.replaying")
    assert np.array_equal(state(tab), whole)
    tab.keyboard.press("u")
    tab.wait_for_function("() => document.querySelector('#hint').textContent == 'There is no stroke to undo.'")


def test_undo_goes_on_with_the_steps_taken_since(tab):
    choose(tab, "erase", 5)
    drag(tab, (10, 10), (30, 10))
    ask(tab, "nca.step(40)")
    tab.locator("#undo").click()
    wait(tab, "nca.stepCount == 140 && !session.replaying")
    assert_untouched(tab, 140)


def test_clear_is_a_stroke_like_any_other(tab):
    before = state(tab)
    open_panel(tab, "view")
    tab.get_by_role("button", name="Clear").click()
    assert not state(tab).any()
    tab.keyboard.press("u")
    wait(tab, "!session.replaying")
    assert np.array_equal(state(tab), before)


SHAKE = "(x) => dispatchEvent(new DeviceMotionEvent('devicemotion', { acceleration: { x, y: 0, z: 0 } }))"


def test_a_shake_clears_where_that_is_wanted(open_page):
    tab = open_page(RULE, "#paused&size=39x84", **PHONE)
    ask(tab, "nca.step(30)")
    tab.evaluate(SHAKE, 30)
    assert state(tab).any()
    open_panel(tab, "view")
    tab.get_by_label("Shake to clear").check()
    tab.evaluate(SHAKE, 5)
    assert state(tab).any()
    tab.evaluate(SHAKE, 30)
    assert not state(tab).any()


def test_fingers_of_one_stroke_are_undone_together(open_page):
    tab = open_page(RULE, "#paused&size=39x84", **PHONE)
    ask(tab, "nca.step(60)")
    before = state(tab)
    fingers = Fingers(tab)
    fingers.down((55, 305), (305, 505))
    fingers.move((155, 305), (205, 505))
    fingers.up()
    assert (state(tab)[:, [30, 50], [10, 25]] == 0).all()
    tab.locator("#undo").click()
    wait(tab, "nca.read().some((value) => value)")
    assert np.array_equal(state(tab), before)


def test_keys_choose_brushes_and_their_size(tab):
    for key, brush in zip("123456", ["erase", "restore", "noise", "own", "slow", "move"], strict=True):
        tab.keyboard.press(key)
        assert tab.locator(f"[value={brush}]").is_checked()
    tab.keyboard.press("b")
    assert tab.locator("[value=erase]").is_checked()
