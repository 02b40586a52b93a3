"""Pages with the custom element, and what tests ask of them."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from nca.export.bundle import Bundle
from nca.rule.reference import reference_rollout, rgb_bytes, seed_state
from rules import random_rule
from textures import BASE64

__all__ = [
    "HEAD",
    "MOSS",
    "POLICY",
    "RULE",
    "STRICT",
    "ask",
    "grown",
    "paused",
    "picture",
    "screen",
    "shows_many_colours",
    "shows_the_poster",
    "state",
    "tiled",
    "wait",
]

RULE = random_rule(8, 32, seed=1)
MOSS = Bundle.of(RULE, "Moss")
HEAD = """<!doctype html><meta charset="utf-8"><title>Test</title><meta name="viewport" content="width=device-width">
<script type="module" src="nca-texture.js"></script>"""
POLICY = "Content-Security-Policy"
STRICT = {POLICY: "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'"}


def ask(tab, expression, *arguments):
    """The value of a JavaScript expression of `all` elements, the first, `e`, and `a`, the arguments."""
    return tab.evaluate(f"(a) => {{ {_NAMES} return {expression}; }}", arguments)


def wait(tab, condition):
    tab.wait_for_function(f"() => {{ {_NAMES} return {condition}; }}", timeout=20_000)


_NAMES = "const all = [...document.querySelectorAll('nca-texture')], e = all[0];"


def state(tab, which=0):
    """An element's, (C, height, width) int16."""
    read = f"(({{ texture: t }}) => [t.width, t.height, ({BASE64})(t.read())])(all[a[0]])"
    width, height, data = ask(tab, read, which)
    return np.frombuffer(base64.b64decode(data), "<i2").reshape(-1, height, width)


def picture(tab):
    """What the first element shows, a pixel a cell: (height, width, 3) uint8."""
    read = f"""((shown) => {{
      const {{ width, height }} = shown;
      const copy = new OffscreenCanvas(width, height).getContext("2d", {{ willReadFrequently: true }});
      copy.drawImage(shown, 0, 0);
      return [width, height, ({BASE64})(copy.getImageData(0, 0, width, height).data)];
    }})(e.shadowRoot.querySelector("canvas"))"""
    width, height, data = ask(tab, read)
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(height, width, 4)[..., :3]


def tiled(state, width, height):
    """A picture of this size that repeats a state's."""
    tile = rgb_bytes(state)
    return np.tile(tile, (-(-height // tile.shape[0]), -(-width // tile.shape[1]), 1))[:height, :width]


def paused(show, attributes="", **options):
    """A loaded element at step 0."""
    tab = show(f'<nca-texture src="moss.nca.json" paused {attributes}></nca-texture>', **options)
    wait(tab, "e.texture")
    return tab


def screen(tab, box=None):
    """(height, width, 3) uint8 device pixels."""
    return np.array(Image.open(io.BytesIO(tab.screenshot(clip=box))).convert("RGB"))


def grown(steps, seed=0, width=128, height=128):
    return reference_rollout(RULE, seed_state(RULE, height, width), steps, seed=seed)


def shows_the_poster(tab):
    """Sooner or later: it is a picture to load."""
    for _ in range(40):
        if (screen(tab)[10:250, 10:250] == (255, 0, 0)).all():
            return
        tab.wait_for_timeout(50)
    pytest.fail("the poster is not shown")


def shows_many_colours(tab):
    """Sooner or later, as a texture does and a page without one does not."""
    for _ in range(400):
        if len(np.unique(screen(tab).reshape(-1, 3), axis=0)) > 100:
            return
        tab.wait_for_timeout(50)
    pytest.fail("no texture is shown")
