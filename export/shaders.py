"""GLSL from a rule and its decoder, in three steps.

1. Jinja assembles a text from a template (shaders/*.j2) and the pieces that it includes, with the format's constants.
2. `unroll` fits the text to the rule's size: it repeats what stands between @for(k) and @end(k) for each channel
   group, whose number replaces @k@ in it, and what stands between @for(hidden) and @end(hidden) for each four hidden
   units. @for(unit) repeats for each four hidden units of the decoder, @for(grain) for each of its inputs of grain.
3. `fill` puts the rule's numbers in place of the marks: the first four biases for the first @b1@, and so on.

A page carries assembled texts and each rule's arrays. viewer/data/unroll.js and fill.js do the other steps there.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray

from nca.files import one_line
from nca.rule.decoder import COLOR_MAX, Decoder
from nca.rule.rule import HIDDEN_MAX, NOISE_MAX, STATE_BITS, STATE_MAX, UPDATE_ALWAYS, Rule

__all__ = ["DECODE", "PASSES", "fill", "passes", "render", "render_shader", "render_shaders", "unroll"]

PASSES = {
    "vertex": "vertex.vert.j2",
    "step": "step.frag.j2",
    "brush": "brush.frag.j2",
    "display": "display.frag.j2",
}
DECODE = "decode.frag.j2"  # the display pass of a texture with a decoder
_CONSTANTS = {
    "COLOR_MAX": COLOR_MAX,
    "HIDDEN_MAX": HIDDEN_MAX,
    "NOISE_MAX": NOISE_MAX,
    "STATE_BITS": STATE_BITS,
    "STATE_MAX": STATE_MAX,
    "UNIT": 1 << STATE_BITS,  # the state that is the real value 1
    "UPDATE_ALWAYS": UPDATE_ALWAYS,
}
_LOOP = re.compile(r"@for\((\w+)\)\n?(.*?)@end\(\1\)\n?", re.DOTALL)
_MARK = re.compile(r"@(\w+)@")


def passes(decoder: Decoder | None) -> dict[str, str]:
    """The template of each pass of a texture with this decoder."""
    return PASSES | {"display": DECODE} if decoder else PASSES


def render_shaders(rule: Rule, decoder: Decoder | None = None) -> dict[str, str]:
    """The shaders of a texture by pass: vertex, step, brush and display. The same weights give the same bytes."""
    return {name: render_shader(file, rule, decoder=decoder) for name, file in passes(decoder).items()}


def render_shader(template: str, rule: Rule, k: int | None = None, *, decoder: Decoder | None = None) -> str:
    """One shader of a texture. k: the only channel group that it updates; else it updates all."""
    return fill(unroll(render(template, rule, k=k, decoder=decoder), rule, k, decoder), rule, k, decoder)


def render(template: str, rule: Rule, **values: object) -> str:
    """One template with the rule's sizes and these values; marks stay."""
    values = {"decoder": None} | values
    sizes = {"C": rule.channels, "H": rule.hidden, "K": rule.channels // 4}
    more = {"parameters": rule.parameters, "update": rule.update}
    return templates().get_template(template).render(sizes | more | values)


def unroll(text: str, rule: Rule, k: int | None = None, decoder: Decoder | None = None) -> str:
    """A text for rules and decoders of this size and update rate, from one for all.

    k: the only channel group that it updates; else it updates all.
    """
    K = rule.channels // 4
    rarely = rule.update <= UPDATE_ALWAYS // 2  # at most one cell of a pair updates
    loops = {
        "rarely": range(rarely),
        "often": range(not rarely),
        "hidden": range(rule.hidden // 4),
        "k": range(K),
        "row": _rows(rule, k),
    }
    if decoder:
        loops |= {"unit": range(decoder.units // 4), "grain": range(decoder.grain), "skip": range(decoder.skip)}
    return _repeat(text, loops).replace("@K@", str(K)).replace("@update@", str(rule.update))


def fill(text: str, rule: Rule, k: int | None = None, decoder: Decoder | None = None) -> str:
    """An unrolled text with the numbers of the rule and the decoder in place of its marks."""
    numbers = _numbers(rule, _rows(rule, k)) | (_decoder_numbers(decoder) if decoder else {})
    return _MARK.sub(lambda mark: next(numbers[mark[1]]), text)


@cache
def templates() -> Environment:
    """The environment of all shader templates, with the format's constants."""
    environment = Environment(  # noqa: S701 - no HTML; escapes would spoil GLSL's "<"
        loader=PackageLoader("nca.shaders", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(_CONSTANTS)
    environment.filters["one_line"] = one_line  # for the names in a README
    return environment


def _rows(rule: Rule, k: int | None) -> Sequence[int]:
    return range(rule.channels // 4) if k is None else [k]


def _repeat(text: str, loops: Mapping[str, Iterable[int]]) -> str:
    def repeated(loop: re.Match[str]) -> str:
        name, body = loop.groups()
        return "".join(_repeat(body.replace(f"@{name}@", str(i)), loops) for i in loops[name])

    return _LOOP.sub(repeated, text)


def _numbers(rule: Rule, rows: Sequence[int]) -> dict[str, Iterator[str]]:
    """By mark, its numbers in the order in which a text takes them: hidden units outermost, four at a time."""
    C, H = rule.channels, rule.hidden
    # GLSL fills a mat4 column by column: (four hidden units, matrix, column, row).
    w1 = rule.w1.reshape(H // 4, 4, C, 4).transpose(0, 2, 3, 1).reshape(-1, 16)
    w2 = rule.w2.reshape(C // 4, 4, H // 4, 4)[list(rows)].transpose(2, 0, 3, 1).reshape(-1, 16)
    k2 = rule.k2.reshape(C // 4, 4)[list(rows)]
    return {
        "w1": map(literals, w1),
        "b1": vectors(rule.b1),
        "scale1": vectors(0.5**rule.k1),
        "w2": map(literals, w2),
        "half": vectors(1 << k2 >> 1),
        "scale2": vectors(0.5**k2),
    }


def _decoder_numbers(decoder: Decoder) -> dict[str, Iterator[str]]:
    """Like `_numbers`. A group of four hidden units has a matrix for each channel group, a column for each grain."""
    C, D = decoder.channels, decoder.units
    w1 = decoder.w1[:, :C].reshape(D // 4, 4, C // 4, 4).transpose(0, 2, 3, 1).reshape(-1, 16)
    grain = decoder.w1[:, C:].reshape(D // 4, 4, -1).transpose(0, 2, 1).reshape(-1, 4)
    w2 = decoder.w2.reshape(3, D // 4, 4).transpose(1, 2, 0).reshape(-1, 12)
    return {
        "dw1": map(literals, w1),
        "dgrain": map(literals, grain),
        "db1": vectors(decoder.b1),
        "dscale1": vectors(0.5**decoder.k1),
        "dw2": map(literals, w2),
        "db2": iter([literals(decoder.b2 + (1 << decoder.k2 >> 1))]),
        "dscale2": iter([literals(0.5**decoder.k2)]),
    }


def vectors(values: NDArray[np.integer | np.floating]) -> Iterator[str]:
    """Arguments of one vec4 for each four values; a single number where all four are equal."""
    return (literals(four[:1] if (four == four[0]).all() else four) for four in values.reshape(-1, 4))


def literals(values: NDArray[np.integer | np.floating]) -> str:
    """Numbers that GLSL reads back exactly: whole ones without a point, powers of two as Python's repr."""
    return ",".join(repr(int(value) if value == int(value) else value) for value in values.tolist())
