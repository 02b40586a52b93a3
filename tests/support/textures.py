"""What tests ask the texture on a page."""

import base64

import numpy as np

__all__ = ["ask", "pixels", "state"]

BASE64 = "(array) => btoa(Array.from(new Uint8Array(array.buffer), (byte) => String.fromCharCode(byte)).join(''))"


def ask(tab, expression, *arguments):
    """The value of a JavaScript expression of `nca`, the texture, and `a`, the arguments.

    On a page with controls, `session` is what is done to the texture, `view` what the window shows of it.
    """
    names = "const { nca, session, view } = document.querySelector('canvas');"
    return tab.evaluate(f"(a) => {{ {names} return {expression}; }}", arguments)


def state(tab):
    """(C, height, width) int16."""
    width, height = ask(tab, "[nca.width, nca.height]")
    data = base64.b64decode(ask(tab, f"({BASE64})(nca.read())"))
    return np.frombuffer(data, "<i2").reshape(-1, height, width)


def pixels(tab, scale=1):
    """(height * scale, width * scale, 4) uint8."""
    width, height = ask(tab, "[nca.width, nca.height]")
    data = base64.b64decode(ask(tab, f"({BASE64})(nca.pixels(a[0]))", scale))
    return np.frombuffer(data, np.uint8).reshape(height * scale, width * scale, 4)
