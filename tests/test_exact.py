"""The promise: in the browser, the same bits as in torch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rules import random_rule

from nca import UserError
from nca.export.bundle import Bundle, load_bundle
from nca.export.live import InBrowser, InTorch
from nca.export.shaders import render_shaders
from nca.export.verify import Difference, compare, page_of, verify
from nca.rollout import rollout, seed_state

QUICK = (1, 2, 10, 100)
LONG = (*QUICK, 1000)

# Every size of grid meets every size of rule; the largest grids take fewer steps, for time.
MATRIX = [
    (4, 8, 64, 64, LONG),
    (8, 32, 64, 64, (*QUICK, 5000)),
    (12, 96, 64, 64, LONG),
    (16, 128, 64, 64, LONG),
    (4, 8, 97, 61, LONG),
    (8, 32, 97, 61, LONG),
    (12, 96, 97, 61, LONG),
    (16, 128, 97, 61, LONG),
    (4, 8, 5, 3, LONG),
    (8, 32, 5, 3, LONG),
    (12, 96, 5, 3, LONG),
    (16, 128, 5, 3, LONG),
    (4, 8, 256, 256, LONG),
    (8, 32, 256, 256, LONG),
    (12, 96, 256, 256, QUICK),
    (16, 128, 256, 256, QUICK),
]


def check(browser, rule, **options):
    with page_of(Bundle.of(rule, "Random")) as page:
        report = verify(browser, page, rule, **options)
    assert report.differing == 0, str(report.first)
    return report


@pytest.mark.parametrize(("channels", "hidden", "width", "height", "steps"), MATRIX)
def test_browser_equals_torch(browser, channels, hidden, width, height, steps):
    seed = channels * width
    report = check(browser, random_rule(channels, hidden, seed=1), width=width, height=height, steps=steps, seed=seed)

    each = width * height * (channels + 3)
    assert report.values == each * (len(steps) + 4)  # then erased, restored, regrown, reset
    assert [found.name for found in report.checks[-4:]] == ["erased", "restored", "regrown", "reset"]


def test_a_trained_rule(browser):
    bundle = load_bundle(Path(__file__).parents[1] / "examples" / "lava.nca.json")
    with page_of(bundle) as page:
        report = verify(browser, page, bundle.rule, width=96, height=64, steps=LONG, seed=11)
    assert report.differing == 0, str(report.first)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 7), (2, 1), (33, 2)])
def test_smallest_tori(browser, width, height):
    check(browser, random_rule(4, 8, seed=1), width=width, height=height, steps=(1, 2, 300), seed=5)


@pytest.mark.parametrize("update", [1, 77, 256])
def test_update_rates(browser, update):
    check(browser, random_rule(8, 32, seed=2, update=update), steps=(1, 50), seed=3)


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1])
def test_seeds(browser, seed):
    check(browser, random_rule(4, 12, seed=3), width=31, height=17, steps=(1, 100), seed=seed)


def test_worst_cases(browser):
    """Weights at their limits and biases one below 2^24: every sum goes as far as the format allows."""
    draw = np.random.default_rng(0)
    rule = replace(
        random_rule(16, 128),
        w1=draw.choice([-127, 127], (128, 64)),
        b1=(2**24 - 1 - 127 * 64 * 2047) * draw.choice([-1, 1], 128),
        k1=np.full(128, 12),
        w2=draw.choice([-127, 127], (16, 128)),
        k2=draw.integers(12, 15, 16),
    )
    check(browser, rule, width=48, height=48, steps=(1, 10, 100), seed=1)


@pytest.mark.parametrize("layer", ["w1", "w2"])
def test_one_weight_off_by_one_is_found(browser, layer):
    rule = random_rule(8, 32, seed=1)
    mutant, expected = next(mutants(rule, layer, width=32, height=24, seed=9))
    bundle = replace(Bundle.of(rule, "Mutant"), shaders=render_shaders(mutant))

    with page_of(bundle) as page:
        report = verify(browser, page, rule, steps=(1, 2, 10, 100), width=32, height=24, seed=9)

    assert report.differing > 0
    assert report.first == expected


def mutants(rule, layer, **run):
    """Rules with one weight more by one, and where that shows first in torch."""
    for index in range(getattr(rule, layer).size):
        weights = getattr(rule, layer).copy()
        weights.flat[index] += 1
        mutant = replace(rule, **{layer: weights})
        if difference := first_difference(rule, mutant, **run):
            yield mutant, difference


def first_difference(rule, mutant, width, height, seed):
    states = [seed_state(rule, height, width)] * 2
    for step in range(100):
        states = [rollout(r, s, 1, seed=seed, first=step) for r, s in zip((rule, mutant), states, strict=True)]
        expected, found = (state.permute(1, 2, 0) for state in states)
        for y, x, channel in (expected != found).nonzero().tolist():
            values = int(expected[y, x, channel]), int(found[y, x, channel])
            return Difference(step + 1, x, y, f"channel {channel}", *values)
    return None


def test_a_wrong_picture_is_found(browser):
    """The state is right, what is shown is not."""
    rule = random_rule(4, 8, seed=1)
    bundle = Bundle.of(rule, "Mutant")
    shaders = bundle.shaders | {"display": bundle.shaders["display"].replace("+ 512) * 255", "+ 513) * 255")}
    with page_of(replace(bundle, shaders=shaders)) as page:
        report = verify(browser, page, rule, steps=(1, 5), width=8, height=8)
    assert report.first.what.endswith("byte")


class LosingTab:
    """Its page has no context once loaded; it comes back a moment later, or never."""

    def __init__(self, tab, restores):
        self.tab, self.restores = tab, restores

    def goto(self, url):
        self.tab.goto(url)
        self.tab.evaluate(
            """(restores) => {
              const loss = document.querySelector("canvas").nca.gl.getExtension("WEBGL_lose_context");
              loss.loseContext();
              if (restores) setTimeout(() => loss.restoreContext(), 300);
            }""",
            self.restores,
        )

    def evaluate(self, *asked):
        return self.tab.evaluate(*asked)


def test_a_context_lost_at_the_start_is_waited_for(browser):
    rule = random_rule(4, 8, seed=1)
    with page_of(Bundle.of(rule, "Random")) as page:
        found = InBrowser(LosingTab(browser.new_page(), restores=True), page, 16, 12, 0)
        report = compare(found, InTorch(rule, 16, 12, 0), steps=QUICK)
    assert report.differing == 0, str(report.first)


def test_a_context_that_does_not_come_back_is_one_clear_line(browser, monkeypatch):
    monkeypatch.setattr("nca.export.live._RESTORED_WITHIN", 200)
    tab = LosingTab(browser.new_page(), restores=False)
    complaint = r"lost its WebGL context, and did not restore it within 0\.2 s$"
    with page_of(Bundle.of(random_rule(4, 8, seed=1), "Random")) as page, pytest.raises(UserError, match=complaint):
        InBrowser(tab, page, 16, 12, 0)
