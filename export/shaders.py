"""GLSL ES 3.00 from a rule: one text a pass, the weights inlined as numbers."""

import re
from functools import cache

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray

from nca.errors import UserError
from nca.rule import EXACT, Rule

__all__ = ["PASSES", "read_rule", "render", "render_shaders"]

PASSES = {
    "vertex": "vertex.vert.j2",
    "step": "step.frag.j2",
    "brush": "brush.frag.j2",
    "display": "display.frag.j2",
}

Array = NDArray[np.integer | np.floating]


def render_shaders(rule: Rule) -> dict[str, str]:
    """The shader texts of a rule: vertex, step, brush and display; the same rule gives the same bytes."""
    return {name: render(file, rule) for name, file in PASSES.items()}


def render(template: str, rule: Rule, **more: object) -> str:
    """One template with a rule's numbers, and whatever else it names."""
    return _templates().get_template(template).render(_numbers(rule) | more)


def read_rule(step: str, channels: int) -> Rule:
    """The rule that a rendered step shader of C channels carries: the inverse of `render_shaders`.

    A page carries its weights once, in the shader, and is a third smaller for it.
    Raises UserError where the text is not such a shader.
    """
    try:
        return _parse(step, channels)
    except ValueError as error:
        raise UserError(f"no rule of {channels} channels in its step shader, expected one that nca rendered") from error


@cache
def _templates() -> Environment:
    return Environment(  # noqa: S701 - what goes in is no HTML, and escapes would spoil GLSL's "<"
        loader=PackageLoader("nca.shaders", "."),
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def _numbers(rule: Rule) -> dict[str, object]:
    C, H = rule.channels, rule.hidden
    scale1, scale2 = 0.5**rule.k1, 0.5**rule.k2
    # GLSL fills a mat4 column by column: (group of 4 hidden units, matrix, column, row).
    w1 = rule.w1.reshape(H // 4, 4, C, 4).transpose(0, 2, 3, 1)
    w2 = rule.w2.reshape(C // 4, 4, H // 4, 4).transpose(2, 0, 3, 1)
    groups = zip(_vectors(rule.b1), _vectors(scale1), w1, w2, strict=True)
    return {
        "C": C,
        "H": H,
        "K": C // 4,
        "parameters": rule.parameters,
        "update": rule.update,
        "hidden": [
            {"bias": bias, "scale": scale, "w1": [_join(m) for m in first], "w2": [_join(m) for m in second]}
            for bias, scale, first, second in groups
        ],
        "half": _vectors(0.5 / scale2),
        "scale": _vectors(scale2),
    }


def _vectors(values: Array) -> list[str]:
    """Arguments of one vec4 for each four values; a single number where all four are equal."""
    return [_join(four[:1] if (four == four[0]).all() else four) for four in values.reshape(-1, 4)]


def _join(values: Array) -> str:
    """Literals that GLSL reads back exactly: whole numbers as integers, powers of two as Python's repr."""
    return ",".join(f"{value:.0f}" if value == int(value) else repr(float(value)) for value in values.flat)


def _parse(step: str, channels: int) -> Rule:
    K = channels // 4
    matrices = _literals("mat4", 16, step)
    vectors = _literals("vec4", 4, step)  # K rounding halves; bias and scale of each group; K scales
    groups = vectors[K:-K].reshape(-1, 2, 4)
    each = _whole(matrices).reshape(len(groups), channels + K, 4, 4)
    [update] = set(re.findall(r"(?:<|rate =|rate=) ?(\d+)u", step))
    return Rule(
        w1=each[:, :channels].transpose(0, 3, 1, 2).reshape(4 * len(groups), 4 * channels),
        b1=_whole(groups[:, 0].reshape(-1)),
        k1=_shifts(groups[:, 1].reshape(-1)),
        w2=each[:, channels:].transpose(1, 3, 0, 2).reshape(channels, 4 * len(groups)),
        k2=_shifts(vectors[-K:].reshape(-1)),
        update=int(update),
    )


def _literals(kind: str, size: int, text: str) -> NDArray[np.float64]:
    """Every constructor of numbers alone, in order: (how many, size)."""
    found = [part.split(",") for part in re.findall(rf"\b{kind}\(([-+\d.,e]+)\)", text)]
    return np.array([part * (size // len(part)) for part in found], dtype=np.float64).reshape(-1, size)


def _whole(values: NDArray[np.float64]) -> NDArray[np.int64]:
    if not (np.abs(values) < EXACT).all() or (values % 1).any():
        raise ValueError("a weight or bias is no whole number in range")
    return values.astype(np.int64)


def _shifts(scales: NDArray[np.float64]) -> NDArray[np.int64]:
    """The k of each scale 2^-k."""
    mantissa, exponent = np.frexp(scales)
    if (mantissa != 0.5).any():
        raise ValueError("a scale is no power of two")
    return (1 - exponent).astype(np.int64)
