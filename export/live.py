"""A texture under way behind one interface: in torch, and in a browser that has an exported page open."""

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError
from nca.rollout import erase, restore, rgb_bytes, rollout, seed_state
from nca.rule import Rule

__all__ = ["InBrowser", "InTorch", "Live", "Tab"]


class Live(Protocol):
    """One texture: a grid, a seed, and how far it has come."""

    def reset(self) -> None:
        """Back to step 0, nothing kept."""

    def step(self, count: int) -> None:
        """Take so many steps."""

    def keep(self) -> None:
        """Remember the state for `restore`."""

    def erase(self, x: int, y: int, radius: int) -> None:
        """Zero a disc of cells."""

    def restore(self, x: int, y: int, radius: int) -> None:
        """Put a disc of the kept cells back."""

    def read(self) -> NDArray[np.int16]:
        """The state: (C, height, width) in [-2047, 2047]."""

    def pixels(self) -> NDArray[np.uint8]:
        """The picture: (height, width, 3)."""


class InTorch:
    """The reference; `size` is (height, width), `done` counts its steps."""

    def __init__(self, rule: Rule, width: int, height: int, seed: int) -> None:
        self._rule, self.size, self._seed = rule, (height, width), seed
        self.reset()

    def reset(self) -> None:
        """Back to step 0, nothing kept."""
        self._state, self.done = seed_state(self._rule, *self.size), 0
        self._kept = self._state

    def step(self, count: int) -> None:
        """Take so many steps."""
        self._state = rollout(self._rule, self._state, count, seed=self._seed, first=self.done)
        self.done += count

    def keep(self) -> None:
        """Remember the state for `restore`."""
        self._kept = self._state

    def erase(self, x: int, y: int, radius: int) -> None:
        """Zero a disc of cells."""
        self._state = erase(self._state, x, y, radius)

    def restore(self, x: int, y: int, radius: int) -> None:
        """Put a disc of the kept cells back."""
        self._state = restore(self._state, self._kept, x, y, radius)

    def read(self) -> NDArray[np.int16]:
        """The state: (C, height, width) in [-2047, 2047]."""
        return self._state.numpy().astype(np.int16)

    def pixels(self) -> NDArray[np.uint8]:
        """The picture: (height, width, 3)."""
        return rgb_bytes(self._state)


class Tab(Protocol):
    """As much of a browser's tab as a texture needs; Playwright's Page is one."""

    def goto(self, url: str) -> object:
        """Open a page, return once it has loaded."""

    def evaluate(self, expression: str, arg: Any = None) -> Any:
        """What a JavaScript function returns for an argument; what a promise resolves to."""


_RENDERER = """({ gl }) => {
  const names = gl.getExtension("WEBGL_debug_renderer_info");
  return gl.getParameter(names ? names.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
}"""
# On a busy machine Chromium may give up on its first way to draw after the page has a context, which then comes back.
_RESTORED_WITHIN = 10_000  # ms
_HELD = """({ gl }, limit) => new Promise((done) => {
  const end = performance.now() + limit;
  const look = () => gl.isContextLost() && performance.now() < end ? setTimeout(look, 50) : done(!gl.isContextLost());
  look();
})"""
_AT_ONCE = 100  # steps queued before the page waits for the device: browsers take a longer queue for a hang
# Chromium's gl.finish() does not wait; reading a texel of the state, which a step leaves bound, does.
_WAIT = "({ gl }) => gl.readPixels(0, 0, 1, 1, gl.RGBA_INTEGER, gl.INT, new Int32Array(4))"
# Data leaves the page as base64: JSON arrays of numbers take ten times as long.
_BASE64 = """(nca, method) => new Promise((done) => {
  const reader = new FileReader();
  reader.onload = () => done(reader.result.split(",")[1]);
  reader.readAsDataURL(new Blob([nca[method]()]));
})"""


class InBrowser:
    """The texture of a page, driven through the object that the page leaves on its canvas.

    errors: the uncaught errors of the page, if who holds the tab collects them.
    address: of the texture among the page's, else its first.

    Raises UserError where the page does not start or loses its WebGL context.
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
        """Back to step 0, nothing kept."""
        self._call("reset")

    def step(self, count: int) -> None:
        """Take so many steps."""
        for done in range(0, count, _AT_ONCE):
            self._call("step", min(_AT_ONCE, count - done))
            self._ask(_WAIT)

    def keep(self) -> None:
        """Remember the state for `restore`."""
        self._call("keep")

    def erase(self, x: int, y: int, radius: int) -> None:
        """Zero a disc of cells."""
        self._call("erase", x, y, radius)

    def restore(self, x: int, y: int, radius: int) -> None:
        """Put a disc of the kept cells back."""
        self._call("restore", x, y, radius)

    def read(self) -> NDArray[np.int16]:
        """The state: (C, height, width) in [-2047, 2047]."""
        return np.frombuffer(self._bytes("read"), "<i2").reshape(-1, *self._size)

    def pixels(self) -> NDArray[np.uint8]:
        """The picture: (height, width, 3)."""
        return np.frombuffer(self._bytes("pixels"), np.uint8).reshape(*self._size, 4)[..., :3]

    def _call(self, method: str, *arguments: int) -> None:
        self._ask("(nca, method, ...rest) => void nca[method](...rest)", method, *arguments)

    def _bytes(self, method: str) -> bytes:
        encoded = self._ask(_BASE64, method)
        if self._ask("({ gl }) => gl.isContextLost()"):
            raise UserError(f"{self._page}: the browser lost its WebGL context ({self.renderer})")
        return base64.b64decode(encoded)

    def _ask(self, function: str, *arguments: Any) -> Any:
        """What a JavaScript function of the texture and the arguments returns."""
        return self._tab.evaluate(f"(rest) => ({function})(document.querySelector('canvas').nca, ...rest)", arguments)
