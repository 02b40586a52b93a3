"""Published sets of 8-bit models: JSON with the weights of all models in one PNG for each layer.

The sets come from the demo of Self-Organising Textures (Niklasson et al., Distill 2021). A layer holds `scale`;
`shape`, [inputs + 1, outputs]; `layout`, [columns, rows], in which the models are tiled; `data`, a PNG as a data URL;
and `quant_scale_zero`, [s, z]. Each texel holds the weights of four outputs, for one input; the last row is the bias. A
weight is (byte - 127) / 255 * scale. The results of a layer are limited to [-z s, (1 - z) s].
"""

import base64
import binascii
import io
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from nca.errors import UserError
from nca.importing.convert import Conventions, Layers, convert
from nca.importing.floats import FloatAutomaton
from nca.jsontext import fault, parse_json
from nca.reading import read_file
from nca.rule.rule import CHANNELS, MAX_HIDDEN

__all__ = ["read_models"]

Array = NDArray[np.float64]

MOST_BYTES = 1 << 26
MOST_MODELS = 1024
COLOUR_UNIT = 0.5  # a colour is state / 2 + 1/2, so ours is half of their state
# Kernels are divided by 8. A Laplacian with centre -12 is a blur (centre 4) less 16 times the cell.
CONVENTIONS = Conventions(order="filters", divisor=8, centre=-12)
CENTRE = 127
PREFIX = "data:image/png;base64,"


def read_models(path: Path) -> dict[str, FloatAutomaton]:
    """The automata of a set by their names.

    Raises UserError if the file is no such set, or is damaged.
    """
    try:
        return _parse(parse_json(read_file(path, MOST_BYTES)))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
    except ValueError as error:
        raise UserError(f"{path}: {fault(error)}, expected a set of 8-bit models") from None
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def _parse(content: Any) -> dict[str, FloatAutomaton]:
    fields = content if isinstance(content, dict) else {}
    names, layers = fields.get("model_names"), fields.get("layers")
    if not _is_list(names, str) or not _is_list(layers, dict) or not 0 < len(names) <= MOST_MODELS:
        raise UserError(f"expected `model_names`, 1 to {MOST_MODELS} texts, and `layers`, a list of objects")
    if twins := [name for name in names if names.count(name) > 1]:
        raise UserError(f"{names.count(twins[0])} models of the name {twins[0][:60]!r}: expected a name for each alone")
    if len(layers) != 2:
        raise UserError(f"{len(layers)} layers: expected 2")
    first, second = (_weights(number, layer, len(names)) for number, layer in enumerate(layers))
    limits = [_limits(number, layer) for number, layer in enumerate(layers)]
    _check_sizes(first, second)
    return {name: _automaton(first[i], second[i], *limits) for i, name in enumerate(names)}


def _is_list(value: object, kind: type) -> TypeGuard[list[Any]]:
    return isinstance(value, list) and all(isinstance(each, kind) for each in value)


def _check_sizes(first: Array, second: Array) -> None:
    (inputs, hidden), (units, channels) = (weights.shape[1:] for weights in (first, second))
    if channels not in CHANNELS or hidden % 4 or hidden > MAX_HIDDEN:
        raise UserError(f"{channels} channels and {hidden} hidden units: expected {CHANNELS} and up to {MAX_HIDDEN}")
    if inputs != 4 * channels + 1 or units != hidden + 1:
        raise UserError(f"layers of {inputs - 1} and {units - 1} inputs: expected {4 * channels} and {hidden}")


def _automaton(first: Array, second: Array, hidden: tuple[float, float], state: tuple[float, float]) -> FloatAutomaton:
    """One model, in our units: our state is half of theirs."""
    low, high = hidden
    if low < -high / 255:
        raise UserError(f"hidden units in [{low:g}, {high:g}]: expected none below 0, as after a ReLU")
    layers = Layers(first[:-1].T / COLOUR_UNIT, first[-1], second[:-1].T * COLOUR_UNIT, second[-1] * COLOUR_UNIT)
    found = convert(layers, CONVENTIONS)
    limit = np.full(found.channels, min(-state[0], state[1]) * COLOUR_UNIT)
    return FloatAutomaton(found.w1, found.b1, found.w2, found.update, high, limit)


def _limits(number: int, layer: dict[str, Any]) -> tuple[float, float]:
    pair = layer.get("quant_scale_zero")
    if not _is_numbers(pair, 2) or not (0 < pair[0] < 1e3 and 0 <= pair[1] < 1):
        raise UserError(f"layer {number}'s quant_scale_zero is {str(pair)[:60]}: expected [scale, zero in [0, 1)]")
    scale, zero = pair
    return -zero * scale, (1 - zero) * scale


def _is_numbers(value: object, count: int) -> TypeGuard[list[Any]]:
    return isinstance(value, list) and len(value) == count and all(type(each) in (int, float) for each in value)


def _weights(number: int, layer: dict[str, Any], count: int) -> Array:
    """The weights of all models: (models, inputs + 1, outputs)."""
    rows, outputs = _sides(number, "shape", layer.get("shape"))
    across, down = _sides(number, "layout", layer.get("layout"))
    scale = layer.get("scale")
    if not isinstance(scale, int | float) or not 0 < abs(scale) < 1e4:
        raise UserError(f"layer {number}'s scale is {str(scale)[:60]}: expected a number")
    if outputs % 4 or across * down < count:
        raise UserError(f"layer {number} holds {across * down} models of {outputs} outputs: expected {count}, of 4 n")
    texels = _texels(number, layer.get("data"), (across * outputs // 4, down * rows))
    tiles = texels.reshape(down, rows, across, outputs // 4, 4).transpose(0, 2, 1, 3, 4)
    return np.asarray((tiles.reshape(across * down, rows, outputs)[:count] - CENTRE) / 255 * scale)


def _sides(number: int, name: str, value: object) -> tuple[int, int]:
    if not _is_numbers(value, 2) or not all(type(each) is int and 0 < each <= 4096 for each in value):
        raise UserError(f"layer {number}'s {name} is {str(value)[:60]}: expected two whole numbers up to 4096")
    across, down = value
    return across, down


def _texels(number: int, data: object, size: tuple[int, int]) -> Array:
    """The bytes of a PNG of this width and height: (height, width, 4)."""
    if not isinstance(data, str) or not data.startswith(PREFIX):
        raise UserError(f"layer {number}'s data is {str(data)[:40]}: expected text that begins with {PREFIX}")
    try:
        content = base64.b64decode(data.removeprefix(PREFIX), validate=True)
        with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
            if image.size != size or image.mode != "RGBA":  # before anything is decoded
                raise UserError(
                    f"layer {number}'s PNG is {image.mode} of {image.width}x{image.height}: "
                    f"expected RGBA of {size[0]}x{size[1]}"
                )
            return np.asarray(image, dtype=np.float64)
    except UserError:
        raise
    except (binascii.Error, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise UserError(f"layer {number}'s data is no PNG ({str(error)[:80]})") from None
