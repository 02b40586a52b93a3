"""The custom element for everyone: names, attributes, pointers and fingers."""

import numpy as np

from elements import ask, grown, paused, screen, shows_the_poster, state, wait
from nca.rule.reference import erase

INFINITY = float("inf")
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, "has_touch": True, "is_mobile": True}


def test_the_poster_is_shown_until_the_first_step(show):
    tab = paused(show, 'poster="poster.png"')
    shows_the_poster(tab)
    ask(tab, "e.step(50)")
    assert not (screen(tab)[10:250, 10:250] == (255, 0, 0)).all(axis=2).any()


def test_it_is_an_image_with_a_name(show):
    tab = show(
        '<nca-texture alt="Green moss"></nca-texture><nca-texture></nca-texture><nca-texture alt=""></nca-texture>'
    )
    tree = tab.context.new_cdp_session(tab).send("Accessibility.getFullAXTree")
    images = [node for node in tree["nodes"] if node["role"]["value"] in ("image", "img")]
    assert [node["name"]["value"] for node in images] == ["Green moss"]
    ask(tab, "e.alt = 'Dry moss'")
    assert ask(tab, "e.alt") == "Dry moss"


def test_attributes_mirror_properties(show):
    tab = show("<nca-texture hidden></nca-texture>")
    for name, absent, text, value in [
        ("src", "", "a.json", "a.json"),
        ("seed", 0, "7", 7),
        ("speed", 1, "0.25", 0.25),
        ("speed", 1, "fast", 1),
        ("fps", INFINITY, "15", 15),
        ("fps", INFINITY, "fast", INFINITY),
        ("fps", INFINITY, "-1", INFINITY),
        ("paused", False, "", True),
        ("grid", "", "320x200", "320x200"),
        ("cell", 2, "3.5", 3.5),
        ("brush", 0, "12", 12),
        ("brush", 0, "-3", 0),
        ("poster", "", "a.png", "a.png"),
        ("alt", "", "Moss", "Moss"),
    ]:
        assert ask(tab, "e[a[0]]", name) == absent
        ask(tab, "e.setAttribute(a[0], a[1])", name, text)
        assert ask(tab, "e[a[0]]", name) == value
        ask(tab, "e[a[0]] = a[1]", name, value)
        assert ask(tab, "e[a[0]]", name) == value
        ask(tab, "e[a[0]] = null", name)
        assert ask(tab, "e.hasAttribute(a[0])", name) is False
    assert ask(tab, "(e.speed = Infinity, e.speed == Infinity)")


def test_seed_begins_anew(show):
    tab = paused(show, 'grid="32"')
    ask(tab, "e.step(9), e.seed = 8, e.step(30)")
    assert np.array_equal(state(tab), grown(30, seed=8, width=32, height=32).numpy())
    ask(tab, "e.reset(9), e.step(30)")
    assert np.array_equal(state(tab), grown(30, seed=9, width=32, height=32).numpy())
    assert ask(tab, "e.getAttribute('seed')") == "9"
    ask(tab, "e.reset()")
    assert not state(tab).any()


def test_pointers_wipe_only_where_a_brush_is_asked_for(show):
    tab = paused(show)
    box = tab.locator("nca-texture").bounding_box()
    ask(tab, "e.step(50)")

    def drag():
        tab.mouse.move(box["x"] + 21, box["y"] + 41)
        tab.mouse.down()
        tab.mouse.move(box["x"] + 221, box["y"] + 121)  # in one event
        tab.mouse.up()

    drag()
    assert np.array_equal(state(tab), grown(50).numpy())
    ask(tab, "e.brush = 3")
    drag()
    along = np.linspace(0, 1, 200)
    x, y = (10 + 100 * along).round().astype(int), (20 + 40 * along).round().astype(int)
    assert not state(tab)[:, y, x].any()
    assert (state(tab) == grown(50).numpy()).mean() > 0.9

    ask(tab, "e.reset(), e.step(50)")
    tab.mouse.click(box["x"] + 100, box["y"] + 60)
    assert np.array_equal(state(tab), erase(grown(50), 50, 30, 3).numpy())


def test_a_finger_wipes_sideways_and_scrolls_the_page_up_and_down(show):
    tab = show('<nca-texture src="moss.nca.json" paused brush="4"></nca-texture>' + "<br>" * 300, **PHONE)
    wait(tab, "e.texture")
    box = tab.locator("nca-texture").bounding_box()
    ask(tab, "e.step(50)")
    tab.touchscreen.tap(box["x"] + 101, box["y"] + 61)
    assert np.array_equal(state(tab), erase(grown(50), 50, 30, 4).numpy())

    ask(tab, "e.reset(), e.step(50)")
    swipe(tab, (box["x"] + 60, box["y"] + 200), (15, 0))
    assert tab.evaluate("scrollY") == 0
    assert not state(tab)[:, 100, 40:75].any()

    ask(tab, "e.reset(), e.step(50)")
    swipe(tab, (box["x"] + 60, box["y"] + 200), (0, -15))
    tab.wait_for_function("scrollY > 20")
    assert np.array_equal(state(tab)[:, :70], grown(50).numpy()[:, :70])  # only a mark where it set out


def swipe(tab, start, by):
    touch = tab.context.new_cdp_session(tab)
    for part in range(8):
        kind = "touchMove" if part else "touchStart"
        point = {"x": start[0] + part * by[0], "y": start[1] + part * by[1]}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
