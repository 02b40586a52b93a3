"""Brushes under mouse, fingers and keys: what they do to the cells, against torch where it is arithmetic."""

import numpy as np
import pytest
from pages import PHONE, Fingers, disc, open_panel, wait
from rules import random_rule
from textures import ask, state

from nca.export.replay import noise

RULE = random_rule(4, 8, seed=1)


@pytest.fixture
def tab(open_page):
    """A grown texture of 64 x 40 cells, each 20 pixels wide, that stands still."""
    tab = open_page(RULE, "#paused&size=64x40&seed=3")
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


def test_noise_is_torchs(tab):
    before = state(tab)
    choose(tab, "noise", 6)
    tab.mouse.click(20 * 30 + 10, 20 * 12 + 10)
    expected = noise(4, 40, 64).numpy()
    assert np.array_equal(state(tab), np.where(disc(30, 12, 6), expected, before))
    assert expected.min() < -1000
    assert expected.max() > 1000


def test_a_pointer_that_rests_paints_ever_more_around_it(tab):
    choose(tab, "erase", 2)
    tab.mouse.move(20 * 30 + 10, 20 * 20 + 10)
    tab.mouse.down()
    wait(tab, "nca.session().events.length > 6")
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
    wait(tab, "!nca.replaying")
    assert np.array_equal(state(tab), once)
    tab.keyboard.press("Control+z")
    wait(tab, "!nca.replaying")
    assert np.array_equal(state(tab), whole)
    tab.keyboard.press("u")
    tab.wait_for_function("() => document.querySelector('#hint').textContent == 'There is no stroke to undo.'")


def test_undo_goes_on_with_the_steps_taken_since(tab):
    choose(tab, "erase", 5)
    drag(tab, (10, 10), (30, 10))
    ask(tab, "nca.step(40)")
    tab.locator("#undo").click()
    wait(tab, "nca.stepCount == 140 && !nca.replaying")
    undone = state(tab)
    tab.keyboard.press("r")
    ask(tab, "nca.step(140)")
    assert np.array_equal(undone, state(tab))


def test_clear_is_a_stroke_like_any_other(tab):
    before = state(tab)
    open_panel(tab, "view")
    tab.get_by_role("button", name="Clear").click()
    assert not state(tab).any()
    tab.keyboard.press("u")
    wait(tab, "!nca.replaying")
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
    for key, brush in zip("1234", ["erase", "restore", "noise", "move"], strict=True):
        tab.keyboard.press(key)
        assert tab.locator(f"[value={brush}]").is_checked()
    tab.keyboard.press("b")
    assert tab.locator("[value=erase]").is_checked()
