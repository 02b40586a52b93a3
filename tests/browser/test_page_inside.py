"""What the page shows of the inside: channels, mask, histogram, numbers."""

import numpy as np
import pytest

from elements import screen
from nca.export.bundle import Bundle
from pages import open_panel
from rules import random_rule
from textures import ask, state

BUNDLE = Bundle.of(random_rule(8, 12, seed=1), "Moss", {"picture": "moss.png"})
PICTURE = """(name) => {
  const canvas = document.querySelector(`#shows label:has([value="${name}"]) canvas`);
  return [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data];
}"""


@pytest.fixture
def tab(open_page):
    tab = open_page(BUNDLE, "#paused&size=64x64", viewport={"width": 700, "height": 700})
    ask(tab, "nca.step(40), nca.draw()")
    open_panel(tab, "inside")
    return tab


def picture(tab, name):
    return np.array(tab.evaluate(PICTURE, name), np.uint8).reshape(64, 64, 4)[..., :3]


def shown(tab, show):
    data = ask(tab, f"[...view.whole({show}, () => nca.pixels())]")
    return np.array(data, np.uint8).reshape(64, 64, 4)[..., :3]


def test_every_channel_has_a_picture(tab):
    choices = [label.inner_text() for label in tab.locator("#shows label").all()]
    assert choices == ["colour", *(f"channel {k}" for k in range(8)), "mask"]
    for k in range(8):
        assert np.array_equal(picture(tab, str(k)), shown(tab, k))
    assert len({picture(tab, str(k)).tobytes() for k in range(8)}) == 8


def test_colour_and_mask_have_one_too(tab):
    assert np.array_equal(picture(tab, "colour"), shown(tab, "'colour'"))
    mask = picture(tab, "mask")
    assert np.array_equal(mask, shown(tab, "'mask'"))
    assert mask.mean() == pytest.approx(127.5, abs=1)


def large(tab):
    """The middles of the cells, which are 11 pixels wide here."""
    return screen(tab)[5::11, 5::11]


@pytest.mark.parametrize(("choice", "show"), [("5", 5), ("mask", "'mask'")])
def test_one_is_shown_large(tab, choice, show):
    cells = np.s_[10:25, 0:18]  # away from the bars: their shadows do not repeat to the last bit
    assert np.array_equal(large(tab)[cells], shown(tab, "'colour'")[cells])
    tab.locator(f"#shows label:has([value='{choice}'])").click()
    assert np.array_equal(large(tab)[cells], shown(tab, show)[cells])
    tab.locator("#shows label:has([value=colour])").click()
    assert np.array_equal(large(tab)[cells], shown(tab, "'colour'")[cells])


def facts(tab):
    lines = tab.locator("#inside dl").inner_text().split("\n")
    return dict(zip(lines[::2], lines[1::2], strict=True))


def test_numbers_tell_what_the_rule_is(tab):
    assert facts(tab) == {
        "Rule": "8 channels, 12 hidden units",
        "Weights": "492 parameters, 548 bytes",
        "Trained on": "moss.png",
        "Grid": "64 x 64 cells",
        "Step": "40",
    }


def test_numbers_tell_how_fast_it_runs(tab):
    tab.locator("#play").dispatch_event("click")  # the panel covers it in so small a window
    tab.wait_for_function("() => document.querySelector('#inside dl').innerText.includes('million cells')")
    found = facts(tab)
    steps = float(found["A second"].split()[0].replace(",", ""))
    millions = float(found["A second"].split(", ")[1].split()[0])
    assert 1 < steps < 2000
    assert millions == pytest.approx(steps * 64 * 64 / 1e6, abs=0.1)
    assert 0 < float(found["A step takes"].removesuffix(" ms")) < 200


def test_the_histogram_counts_bytes_of_each_colour(tab):
    heights = """() => {
      const canvas = document.querySelector("#histogram");
      const { data } = canvas.getContext("2d").getImageData(0, 0, 256, 64);
      return Array.from({ length: 256 }, (_, x) =>
        Array.from({ length: 64 }, (_, y) => data[4 * (256 * y + x) + 3] > 0).filter(Boolean).length);
    }"""
    bars = np.array(tab.evaluate(heights))  # of the 64 x 64 cells, which the canvas shows all
    bytes_ = ((state(tab)[:3].astype(int) + 512) * 255 + 512) // 1024
    present = np.isin(np.arange(256), bytes_.clip(0, 255))
    counts = max(np.bincount(channel.ravel().clip(0, 255), minlength=256)[1:255].max() for channel in bytes_)
    often = np.array([max((channel.clip(0, 255) == byte).sum() for channel in bytes_) for byte in range(256)])
    assert (bars[~present] == 0).all()
    assert (bars[often > counts / 8] > 0).all()


def test_nothing_is_looked_at_while_the_panel_is_closed(tab):
    ask(tab, "nca.read = () => 0")
    tab.keyboard.press("Escape")
    count = """() => new Promise((done) => {
      const { nca } = document.querySelector("canvas"), { draw } = Object.getPrototypeOf(nca);
      let drawn = 0;
      nca.draw = (...values) => (drawn++, draw.apply(nca, values));
      setTimeout(() => done(drawn), 1200);
    })"""
    assert tab.evaluate(count) == 0
