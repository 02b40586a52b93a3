"""The rendered shader text, in Python and in the page."""

import gzip
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from decoders import decoders
from nca import Rule
from nca.export.bundle import Bundle
from nca.export.js.strip import bare_glsl
from nca.export.shaders import DECODE, PASSES, render, render_shaders
from rules import random_rule
from scripts import call, canonical_glsl
from strategies import rules

SIZES = [(4, 8), (8, 32), (12, 96), (16, 128)]
GOLDEN = Path(__file__).parent / "golden"
ANY = random_rule(4, 4)


def read_rule(step, channels):
    """The rule that a step shader carries, read from its literals alone."""
    K = channels // 4
    matrices, vectors = literals("mat4", 16, step), literals("vec4", 4, step)
    groups = vectors[K:-K].reshape(-1, 2, 4)  # between halves and scales of the update: bias and scale of each
    each = matrices.reshape(len(groups), channels + K, 4, 4)
    [update] = set(re.findall(r"(?:<|rate =) ?(\d+)u", step))
    return Rule(
        w1=each[:, :channels].transpose(0, 3, 1, 2).reshape(4 * len(groups), 4 * channels).astype(int),
        b1=groups[:, 0].reshape(-1).astype(int),
        k1=-np.log2(groups[:, 1].reshape(-1)).astype(int),
        w2=each[:, channels:].transpose(1, 3, 0, 2).reshape(channels, 4 * len(groups)).astype(int),
        k2=-np.log2(vectors[-K:].reshape(-1)).astype(int),
        update=int(update),
    )


def literals(kind, size, text):
    """Every constructor of numbers alone, in order: (how many, size)."""
    found = [part.split(",") for part in re.findall(rf"\b{kind}\(([-+\d.,e]+)\)", text)]
    return np.array([part * (size // len(part)) for part in found], dtype=float).reshape(-1, size)


def same(a, b):
    names = ("w1", "b1", "k1", "w2", "k2")
    return a.update == b.update and all(np.array_equal(getattr(a, n), getattr(b, n)) for n in names)


@given(rules())
def test_the_step_shader_carries_the_whole_rule(rule):
    assert same(read_rule(render_shaders(rule)["step"], rule.channels), rule)


@pytest.fixture(scope="module")
def tab(browser):
    tab = browser.new_page()
    yield tab
    tab.close()


@given(rules())
@settings(max_examples=20)
def test_the_page_makes_the_same_shaders(tab, rule):
    texts = [bare_glsl(render(template, ANY)) for template in PASSES.values()]
    made = "(texts, rule) => texts.map((text) => fill(unroll(text, rule), rule))"
    found = call(tab, "data/bundle.js", made, texts, Bundle.of(rule, "Moss").fields())
    assert [canonical_glsl(text) for text in found] == [canonical_glsl(text) for text in render_shaders(rule).values()]


@given(rules(), st.data())
@settings(deadline=None, max_examples=40)
def test_the_page_makes_the_same_decoder(tab, rule, data):
    bundle = Bundle.of(rule, "Moss", decoder=data.draw(decoders(rule.channels)))
    made = "(text, texture) => fill(unroll(text, texture), texture, marks(texture))"
    found = call(tab, "data/bundle.js", made, bare_glsl(render(DECODE, ANY)), bundle.fields())
    assert canonical_glsl(found) == canonical_glsl(bundle.shaders["display"])


@given(rules())
def test_what_a_page_carries_is_the_same_for_all_rules(rule):
    for template in (*PASSES.values(), "show.frag.j2", DECODE):
        assert bare_glsl(render(template, rule)) == bare_glsl(render(template, ANY))


@pytest.mark.parametrize(("channels", "hidden"), SIZES)
def test_text_is_complete_deterministic_and_names_its_format(channels, hidden):
    shaders = render_shaders(random_rule(channels, hidden))
    assert shaders == render_shaders(random_rule(channels, hidden))
    assert list(shaders) == list(PASSES)
    for name, text in shaders.items():
        assert text.startswith("#version 300 es\n")
        assert text.endswith("}\n")
        assert not re.search(r"\{\{|\{%|\{#|None|nan|inf\b", text)
        assert text.isascii()
        if name != "vertex":
            facts = f"{channels} channels, {hidden} hidden units"
            assert text.splitlines()[1].startswith(f"// nca-fixed-1, {name}: {facts}")
            assert all(f"precision highp {kind};" in text for kind in ("float", "int", "isampler2D"))
    assert shaders["step"].count("out ivec4") == channels // 4


@pytest.mark.parametrize(("channels", "hidden", "most", "gzipped"), [(4, 8, 5600, 2500), (12, 96, 36_000, 11_500)])
def test_step_shader_is_compact(channels, hidden, most, gzipped):
    text = render_shaders(random_rule(channels, hidden, seed=1))["step"].encode()
    assert len(text) < most
    assert len(gzip.compress(text)) < gzipped


def test_lines_are_short_enough_to_read():
    for text in render_shaders(random_rule(16, 128)).values():
        assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize("name", list(PASSES))
def test_golden(name):
    """A rule small enough to check by hand; the invariants above hold for it as for all others."""
    w1 = np.arange(4 * 16).reshape(4, 16) - 32
    w2 = np.eye(4, dtype=int) * 3
    rule = Rule(w1=w1, b1=np.array([5, -6, 0, 7]), k1=np.array([1, 2, 3, 20]), w2=w2, k2=np.array([4, 4, 4, 4]))
    assert render_shaders(rule)[name] == (GOLDEN / f"{name}.glsl").read_text()


def test_scales_are_exact_powers_of_two():
    rule = random_rule(4, 8)
    for shift in range(1, 21):
        even = Rule(w1=rule.w1, b1=rule.b1, k1=np.full(8, shift), w2=rule.w2, k2=np.full(4, shift))
        text = render_shaders(even)["step"]
        scale = re.search(r"floor\(u0 \* vec4\((.*?)\)", text)[1]
        assert Fraction(scale) == Fraction(1, 2**shift)
        assert np.float32(scale) == np.float32(2.0**-shift)
