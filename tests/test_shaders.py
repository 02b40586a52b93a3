"""The rendered shader text."""

import gzip
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from rules import random_rule
from strategies import rules

from nca import Rule, UserError
from nca.export.shaders import PASSES, read_rule, render_shaders

SIZES = [(4, 8), (8, 32), (12, 96), (16, 128)]
GOLDEN = Path(__file__).parent / "golden"


def same(a, b):
    names = ("w1", "b1", "k1", "w2", "k2")
    return a.update == b.update and all(np.array_equal(getattr(a, n), getattr(b, n)) for n in names)


@given(rules())
def test_the_step_shader_carries_the_whole_rule(rule):
    assert same(read_rule(render_shaders(rule)["step"], rule.channels), rule)


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


@pytest.mark.parametrize(
    "text", ["", "#version 300 es", "mat4(1,2)", "< 128u) vec4(1,2,3,4) mat4(1)", "< 0u)", "vec4(1e999)"]
)
def test_no_rule_is_read_from_other_text(text):
    with pytest.raises(UserError):
        read_rule(text, 4)


def test_rule_of_other_size_is_refused():
    with pytest.raises(UserError):
        read_rule(render_shaders(random_rule(4, 8))["step"], 8)
