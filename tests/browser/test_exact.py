"""The promise: in the browser, the same bits as in torch."""

from dataclasses import replace

import numpy as np
import pytest

from decoders import random_decoder
from nca import UserError
from nca.export.bundle import Bundle, load_bundle
from nca.export.check.live import InBrowser, InTorch
from nca.export.check.verify import Difference, compare, page_of, verify
from nca.rule.reference import reference_rollout, seed_state
from paths import LAVA
from rules import random_rule

QUICK = (1, 2, 10, 100)
LONG = (*QUICK, 1000)
RULES = [(4, 8), (8, 32), (12, 96), (16, 128)]
GRIDS = [(5, 3), (64, 64), (97, 61), (256, 256)]

# Every rule, and every grid with a small rule and a large one. The rare runs are long, of every rule on every grid.
MATRIX = [
    *((*rule, 5, 3, LONG) for rule in RULES),
    *((*rule, 64, 64, QUICK) for rule in RULES),
    (8, 32, 97, 61, LONG),
    (16, 128, 97, 61, QUICK[:3]),
    (4, 8, 256, 256, QUICK),
    (16, 128, 256, 256, QUICK[:2]),
    *(pytest.param(*rule, *grid, LONG, marks=pytest.mark.rare) for rule in RULES for grid in GRIDS[1:]),
    pytest.param(8, 32, 64, 64, (*QUICK, 5000), marks=pytest.mark.rare),
]


@pytest.fixture
def check(new_tab):
    """Compares a rule's page with torch, in the tab that is kept: check(rule, width=64, height=64, steps, seed)."""

    def check(rule, *, steps, seed, width=64, height=64):
        with page_of(Bundle.of(rule, "Random")) as page:
            found = InBrowser(new_tab(viewport={"width": 320, "height": 200}), page, width, height, seed)
            report = compare(found, InTorch(rule, width, height, seed), steps)
        assert report.differing == 0, str(report.first)
        return report

    return check


@pytest.mark.parametrize(("channels", "hidden", "width", "height", "steps"), MATRIX)
def test_browser_equals_torch(check, channels, hidden, width, height, steps):
    seed = channels * width
    report = check(random_rule(channels, hidden, seed=1), width=width, height=height, steps=steps, seed=seed)

    each = width * height * (channels + 3)
    assert report.values == each * (len(steps) + 4)  # then erased, restored, regrown, reset
    assert [found.name for found in report.checks[-4:]] == ["erased", "restored", "regrown", "reset"]


def test_a_trained_rule(browser):
    bundle = load_bundle(LAVA)
    with page_of(bundle) as page:
        report = verify(browser, page, bundle.rule, decoder=bundle.decoder, width=96, height=64, steps=QUICK, seed=11)
    assert report.differing == 0, str(report.first)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 7), (2, 1), (33, 2)])
def test_smallest_tori(check, width, height):
    check(random_rule(4, 8, seed=1), width=width, height=height, steps=(1, 2, 300), seed=5)


@pytest.mark.parametrize("update", [1, 77, 256])
def test_update_rates(check, update):
    check(random_rule(8, 32, seed=2, update=update), steps=(1, 50), seed=3)


@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1])
def test_seeds(check, seed):
    check(random_rule(4, 12, seed=3), width=31, height=17, steps=(1, 100), seed=seed)


def test_worst_cases(check):
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
    check(rule, width=48, height=48, steps=(1, 10, 100), seed=1)


@pytest.mark.parametrize("layer", ["w1", "w2"])
def test_one_weight_off_by_one_is_found(browser, layer):
    rule = random_rule(8, 32, seed=1)
    mutant, expected = next(mutants(rule, layer, width=32, height=24, seed=9))

    with page_of(Bundle.of(mutant, "Mutant")) as page:
        report = verify(browser, page, rule, steps=(1, 2, 10, 100), width=32, height=24, seed=9)

    assert report.differing > 0
    assert report.first == expected


def mutants(rule, layer, **run):
    """Rules with one weight more by one, and where that shows first in torch."""
    for index in np.random.default_rng(0).permutation(getattr(rule, layer).size):
        weights = getattr(rule, layer).copy()
        weights.flat[index] += 1
        mutant = replace(rule, **{layer: weights})
        if difference := first_difference(rule, mutant, **run):
            yield mutant, difference


def first_difference(rule, mutant, width, height, seed):
    states = [seed_state(rule, height, width)] * 2
    for step in range(100):
        states = [
            reference_rollout(r, s, 1, seed=seed, first=step) for r, s in zip((rule, mutant), states, strict=True)
        ]
        expected, found = (state.permute(1, 2, 0) for state in states)
        for y, x, channel in (expected != found).nonzero().tolist():
            values = int(expected[y, x, channel]), int(found[y, x, channel])
            return Difference(step + 1, x, y, f"channel {channel}", *values)
    return None


def test_a_wrong_picture_is_found(browser):
    """The state is right, what is shown is not."""
    rule = random_rule(4, 8, seed=1)
    with page_of(Bundle.of(rule, "Mutant")) as page:
        text = page.read_text()
        assert "(s+512)*255" in text
        page.write_text(text.replace("(s+512)*255", "(s+513)*255"))
        report = verify(browser, page, rule, steps=(1, 5), width=8, height=8)
    assert report.first.what.endswith("byte")


@pytest.mark.parametrize(("channels", "units", "grain"), [(4, 8, 0), (12, 16, 2), (16, 64, 4)])
def test_a_decoders_pictures_are_compared_at_each_detail(browser, channels, units, grain):
    rule, decoder = random_rule(channels, 16, seed=1), random_decoder(channels, units, grain)
    with page_of(Bundle.of(rule, "Random", decoder=decoder)) as page:
        report = verify(browser, page, rule, decoder=decoder, steps=(1, 30), width=23, height=17, seed=2)
    assert report.differing == 0, str(report.first)
    assert report.values == 23 * 17 * (channels + 3 * (1 + 4 + 16 + 64)) * len(report.checks)


def test_a_wrong_decoder_is_found_at_its_detail_and_pixel(browser):
    """The page's place in a cell is wrong at the finest detail alone."""
    rule, decoder = random_rule(4, 8, seed=1), random_decoder(4, 8, 0)
    bundle = Bundle.of(rule, "Mutant", decoder=decoder)
    with page_of(bundle) as page:
        text = page.read_text()
        assert "floor(o*vec3(@dscale2@));" in text
        wrong = "floor(o*vec3(@dscale2@));o+=64.*float(d==8 && p==ivec2(5,3));"
        page.write_text(text.replace("floor(o*vec3(@dscale2@));", wrong))
        report = verify(browser, page, rule, decoder=decoder, steps=(1, 5), width=8, height=8)
    first = report.first
    assert (first.step, first.detail, first.x, first.y) == (1, 8, 5, 3)
    assert str(first).startswith(f"step 1, detail 8, pixel x=5 y=3, {first.what}: torch has {first.expected}, ")


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
    monkeypatch.setattr("nca.export.check.live._RESTORED_WITHIN", 200)
    tab = LosingTab(browser.new_page(), restores=False)
    complaint = r"lost its WebGL context, and did not restore it within 0\.2 s$"
    with page_of(Bundle.of(random_rule(4, 8, seed=1), "Random")) as page, pytest.raises(UserError, match=complaint):
        InBrowser(tab, page, 16, 12, 0)
