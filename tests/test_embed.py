"""The page for an <iframe>, as someone meets it who opens it or builds it into a page."""

import gzip
from functools import partial

import numpy as np
import pytest
from rules import random_rule
from textures import ask, state

from nca.export.bundle import Bundle
from nca.export.html import render_embed
from nca.export.verify import verify

RULE = random_rule(4, 8, seed=1)
DISC = [(x, y) for x in range(-2, 3) for y in range(-2, 3) if x * x + y * y <= 4]


@pytest.fixture
def embed(open_page):
    """Opens a rule's page in a window of 640 x 400."""
    return partial(open_page, render=render_embed, viewport={"width": 640, "height": 400})


@pytest.mark.parametrize(("channels", "hidden"), [(4, 8), (12, 96)])
def test_equals_torch(browser, tmp_path, channels, hidden):
    rule = random_rule(channels, hidden, seed=1)
    page = tmp_path / "embed.html"
    page.write_text(render_embed(Bundle.of(rule, "Moss")), encoding="utf-8")
    report = verify(browser, page, rule, width=33, height=20, steps=(1, 2, 100), seed=4)
    assert report.differing == 0, str(report.first)


def test_sizes():
    sizes = {
        H: len(gzip.compress(render_embed(Bundle.of(random_rule(C, H, seed=1), "Moss")).encode(), 9))
        for C, H in [(4, 8), (12, 96)]
    }
    assert sizes[8] <= 6 * 1024
    assert sizes[96] <= 14 * 1024


def test_plays_at_once_without_a_complaint(embed):
    tab = embed(RULE)
    tab.wait_for_function("() => document.querySelector('canvas').nca.stepCount > 10")
    assert tab.locator("canvas").bounding_box() == {"x": 0, "y": 0, "width": 640, "height": 400}
    assert tab.complaints == []


def test_a_drag_wipes_without_a_gap(embed):
    tab = embed(RULE, "#paused&size=32x20")
    ask(tab, "nca.step(60)")
    before = state(tab)
    tab.mouse.move(20 * 5 + 10, 20 * 8 + 10)
    tab.mouse.down()
    tab.mouse.move(20 * 20 + 10, 20 * 8 + 10)
    tab.mouse.up()
    tab.mouse.move(20 * 20 + 10, 20 * 16 + 10)  # no button is down
    wiped = before.copy()
    for column in range(5, 21):
        for x, y in DISC:
            wiped[:, 8 + y, column + x] = 0
    after = state(tab)
    assert not after[:, 8, 5:21].any()
    assert np.array_equal(after[:, 11:], before[:, 11:])
    assert np.array_equal(np.where(wiped == 0, 0, after), np.where(wiped == 0, 0, before))


def test_two_fingers_wipe_two_strokes(embed):
    tab = embed(RULE, "#paused&size=32x20", has_touch=True)
    ask(tab, "nca.step(60)")
    touch = tab.context.new_cdp_session(tab)
    for kind, points in [
        ("touchStart", [(50, 90), (450, 290)]),
        ("touchMove", [(150, 90), (350, 290)]),
        ("touchEnd", []),
    ]:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    wiped = state(tab)[:, [4, 4, 4, 14, 14, 9], [2, 5, 7, 22, 17, 12]]
    assert not wiped[:, :5].any()
    assert wiped[:, 5].any()


def test_reduced_motion_shows_a_grown_still_and_reacts(embed):
    tab = embed(RULE, reduced_motion="reduce")
    assert ask(tab, "nca.stepCount") == 256
    tab.emulate_media(reduced_motion="no-preference")
    tab.wait_for_function("() => document.querySelector('canvas').nca.stepCount > 260")


def test_without_webgl2_it_says_so(embed):
    tab = embed(RULE, prepare=lambda tab: tab.add_init_script("HTMLCanvasElement.prototype.getContext = () => null"))
    assert "WebGL2 is not available" in tab.locator("body").inner_text()


def test_works_in_a_sandboxed_frame(browser, tmp_path):
    (tmp_path / "moss.html").write_text(render_embed(Bundle.of(RULE, "Moss")), encoding="utf-8")
    (tmp_path / "page.html").write_text('<iframe src="moss.html#seed=7" sandbox="allow-scripts" title="Moss"></iframe>')
    tab = browser.new_page()
    tab.goto((tmp_path / "page.html").as_uri())
    frame = tab.frames[1]
    frame.wait_for_function("() => document.querySelector('canvas')?.nca?.stepCount > 5")
    tab.close()
