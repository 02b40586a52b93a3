"""Finds a browser and launches it headless; WebGL2 works without a GPU, too."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from nca.errors import UserError

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserType, Playwright

__all__ = ["BROWSERS", "RENDERERS", "MissingBrowser", "launch", "start"]

BROWSERS = ("chromium", "firefox", "webkit")

# Chromium's options for each renderer. All except the GPU have been tested equal to torch. Debian's packages are
# libgl1-mesa-dri and libegl1 for llvmpipe, and mesa-vulkan-drivers for lavapipe. With EGL a GPU needs no screen.
_EGL = ["--use-gl=angle", "--use-angle=gl-egl", "--ignore-gpu-blocklist"]
RENDERERS = {
    "default": ["--enable-unsafe-swiftshader"],
    "swiftshader": ["--use-gl=angle", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
    "llvmpipe": _EGL,
    "lavapipe": ["--use-angle=vulkan", "--ignore-gpu-blocklist", "--disable-gpu-driver-bug-workarounds"],
    "gpu": _EGL,
}
# Keeps Mesa and the Vulkan loader from using a GPU when a software renderer is chosen.
_SOFTWARE = {"LIBGL_ALWAYS_SOFTWARE": "1", "VK_LOADER_DRIVERS_SELECT": "lvp*,vk_swiftshader*"}

_OFFLINE = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
_COMMANDS = ("chromium", "chromium-browser", "google-chrome")  # names in Linux distributions


class MissingBrowser(UserError):  # noqa: N818 - the name says what happened
    """No browser was found."""


@contextmanager
def launch(browser: str = "chromium", *, renderer: str = "default") -> "Iterator[Browser]":
    """A headless browser, closed at the end: Playwright's own download, or else a Chromium on PATH.

    browser: one of BROWSERS, or the path of a Chromium.
    renderer: one of RENDERERS; other browsers than Chromium ignore it.

    Raises MissingBrowser if Playwright or the browser is not installed, and UserError if the path is wrong or no
    browser starts.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        raise MissingBrowser('Playwright is not installed: pip install "nca-texture[verify]"') from None
    with sync_playwright() as playwright, start(playwright, browser, renderer=renderer) as running:
        yield running


@contextmanager
def start(playwright: "Playwright", browser: str = "chromium", *, renderer: str = "default") -> "Iterator[Browser]":
    """Like `launch`, in a Playwright that runs already: each thread can have only one."""
    kind = getattr(playwright, browser if browser in BROWSERS else "chromium")
    running = _start(kind, _find(kind, browser), renderer)
    try:
        yield running
    finally:
        running.close()


def _find(kind: "BrowserType", browser: str) -> list[str]:
    """All installed candidates, best first."""
    named = browser not in BROWSERS
    commands = _COMMANDS if kind.name == "chromium" else ()
    found = [shutil.which(command) for command in ((browser,) if named else (kind.executable_path, *commands))]
    if named and not any(found):
        raise UserError(f"no browser at {browser}: expected one of {', '.join(BROWSERS)}, or a Chromium's path")
    other = ", or apt install chromium" if commands else ""
    if not any(found):
        raise MissingBrowser(f"no {browser} found: run playwright install {browser}{other}")
    return [executable for executable in found if executable]


def _start(kind: "BrowserType", candidates: list[str], renderer: str) -> "Browser":
    """The first candidate that starts: a download may lack system libraries, and a command may be a stub."""
    *others, last = candidates
    for executable in others:
        with suppress(UserError):
            return _launch(kind, executable, renderer)
    return _launch(kind, last, renderer)


def _launch(kind: "BrowserType", executable: str, renderer: str) -> "Browser":
    from playwright.sync_api import Error

    chromium = kind.name == "chromium"
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # as root, Chromium does not start with its sandbox
    try:
        return kind.launch(
            executable_path=executable,
            args=_OFFLINE + RENDERERS[renderer] if chromium else [],
            chromium_sandbox=chromium and not root,
            env={**os.environ, **({} if renderer in ("default", "gpu") else _SOFTWARE)},
        )
    except Error as error:
        reason = str(error).strip().splitlines()[0]
        raise UserError(f"{executable} does not start: {reason}") from None
