"""A running texture behind one interface: in torch, or in a browser that shows an exported page."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError
from nca.rule.decode import decode
from nca.rule.decoder import DETAILS, Decoder
from nca.rule.reference import erase, reference_rollout, restore, seed_state
from nca.rule.rule import Rule

__all__ = ["InBrowser", "InTorch", "Live", "Tab"]


class Live(Protocol):
    """A running texture: its grid, its seed and its state."""

    def reset(self) -> None:
        """Go back to step 0, and forget the kept state."""

    def step(self, count: int) -> None:
        """Take `count` steps."""

    def keep(self) -> None:
        """Keep the state for `restore`."""

    def erase(self, x: int, y: int, radius: int) -> None:
        """Set a disc of cells to zero."""

    def restore(self, x: int, y: int, radius: int) -> None:
        """Replace a disc of cells by the kept ones."""

    def read(self) -> NDArray[np.int16]:
        """The state: (C, height, width) in [-2047, 2047]."""

    def pixels(self, detail: int = 1) -> NDArray[np.uint8]:
        """The picture, with detail x detail pixels for each cell: (height * detail, width * detail, 3)."""


class InTorch:
    """A texture in torch, the reference. `size` is (height, width); `done` counts its steps.

    details: at which its picture is compared; 1 alone without a decoder, when a cell is a square of its colour.
    """

    def __init__(self, rule: Rule, width: int, height: int, seed: int, decoder: Decoder | None = None) -> None:
        self._rule, self._decoder, self.size, self._seed = rule, decoder, (height, width), seed
        self.details = DETAILS if decoder else (1,)
        self.reset()

    def reset(self) -> None:
        """Go back to step 0, and forget the kept state."""
        self._state, self.done = seed_state(self._rule, *self.size), 0
        self._kept = self._state

    def step(self, count: int) -> None:
        """Take `count` steps."""
        self._state = reference_rollout(self._rule, self._state, count, seed=self._seed, first=self.done)
        self.done += count

    def keep(self) -> None:
        """Keep the state for `restore`."""
        self._kept = self._state

    def erase(self, x: int, y: int, radius: int) -> None:
        """Set a disc of cells to zero."""
        self._state = erase(self._state, x, y, radius)

    def restore(self, x: int, y: int, radius: int) -> None:
        """Replace a disc of cells by the kept ones."""
        self._state = restore(self._state, self._kept, x, y, radius)

    def read(self) -> NDArray[np.int16]:
        """The state: (C, height, width) in [-2047, 2047]."""
        return self._state.numpy().astype(np.int16)

    def pixels(self, detail: int = 1) -> NDArray[np.uint8]:
        """The picture, with detail x detail pixels for each cell: (height * detail, width * detail, 3)."""
        return decode(self._decoder, self._state, detail)


class Tab(Protocol):
    """The part of a browser's tab that a texture needs. Playwright's Page has it."""

    def goto(self, url: str) -> object:
        """Open a page, and return when it has loaded."""

    def evaluate(self, expression: str, arg: Any = None) -> Any:
        """Call a JavaScript function with an argument; return its result, or the value of its promise."""


_RENDERER = """({ gl }) => {
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  return gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
}"""
# On a busy machine Chromium may change its renderer after the page has a context; it loses and restores the context.
_RESTORED_WITHIN = 10_000  # ms
_HELD = """({ gl }, limit) => new Promise((done) => {
  const end = performance.now() + limit;
  const look = () => gl.isContextLost() && performance.now() < end ? setTimeout(look, 50) : done(!gl.isContextLost());
  look();
})"""
_AT_ONCE = 100  # steps before the page waits for the device; browsers treat a longer queue as a hang
# gl.finish() does not wait in Chromium. Reading a texel does, from the state, which is bound after a step.
_WAIT = "({ gl }) => gl.readPixels(0, 0, 1, 1, gl.RGBA_INTEGER, gl.INT, new Int32Array(4))"
# Data leaves the page as base64; JSON arrays of numbers take ten times as long.
_BASE64 = """(nca, method, ...rest) => new Promise((done) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result.split(",")[1]);
  reader.readAsDataURL(new Blob([nca[method](...rest)]));
})"""


class InBrowser:
    """The texture of a page, controlled through the object `nca` on the page's canvas.

    errors: uncaught errors of the page, if the owner of the tab collects them.
    address: selects one of the page's textures; the first by default.

    Raises UserError if the page does not start, or loses its WebGL context.
    """

    def __init__(
        self, tab: Tab, page: Path, width: int, height: int, seed: int, errors: Sequence[str] = (), address: str = ""
    ) -> None:
        self._tab, self._page, self._size = tab, page, (height, width)
        tab.goto(f"{page.resolve().as_uri()}#{address}&paused&seed={seed}&size={width}x{height}")
        if not tab.evaluate("() => Boolean(document.querySelector('canvas')?.nca)"):
            said = " ".join(errors) or tab.evaluate("() => document.body.innerText")
            raise UserError(f"{page} does not run: {' '.join(said.split())}")
        if not self._ask(_HELD, _RESTORED_WITHIN):
            limit = f"{_RESTORED_WITHIN / 1000:g} s"
            raise UserError(f"{page}: the browser lost its WebGL context, and did not restore it within {limit}")
        self.renderer: str = self._ask(_RENDERER)

    def reset(self) -> None:
        """Go back to step 0, and forget the kept state."""
        self._call("reset")

    def step(self, count: int) -> None:
        """Take `count` steps."""
        for done in range(0, count, _AT_ONCE):
            self._call("step", min(_AT_ONCE, count - done))
            self._ask(_WAIT)

    def keep(self) -> None:
        """Keep the state for `restore`."""
        self._call("keep")

    def erase(self, x: int, y: int, radius: int) -> None:
        """Set a disc of cells to zero."""
        self._call("erase", x, y, radius)

    def restore(self, x: int, y: int, radius: int) -> None:
        """Replace a disc of cells by the kept ones."""
        self._call("restore", x, y, radius)

    def read(self) -> NDArray[np.int16]:
        """The state: (C, height, width) in [-2047, 2047]."""
        return np.frombuffer(self._bytes("read"), "<i2").reshape(-1, *self._size)

    def pixels(self, detail: int = 1) -> NDArray[np.uint8]:
        """The picture, with detail x detail pixels for each cell: (height * detail, width * detail, 3)."""
        height, width = (side * detail for side in self._size)
        return np.frombuffer(self._bytes("pixels", detail), np.uint8).reshape(height, width, 4)[..., :3]

    def _call(self, method: str, *arguments: int) -> None:
        self._ask("(nca, method, ...rest) => void nca[method](...rest)", method, *arguments)

    def _bytes(self, method: str, *arguments: int) -> bytes:
        encoded = self._ask(_BASE64, method, *arguments)
        if self._ask("({ gl }) => gl.isContextLost()"):
            raise UserError(f"{self._page}: the browser lost its WebGL context ({self.renderer})")
        return base64.b64decode(encoded)

    def _ask(self, function: str, *arguments: Any) -> Any:
        """Call a JavaScript function with the texture and these arguments; return its result."""
        return self._tab.evaluate(f"(rest) => ({function})(document.querySelector('canvas').nca, ...rest)", arguments)
