"""What tests of the exported page share: a phone, fingers, discs on the torus."""

import numpy as np

__all__ = ["PHONE", "Fingers", "disc", "open_panel", "wait"]

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, "has_touch": True, "is_mobile": True}


def disc(x, y, radius, width=64, height=40):
    """The cells within a radius of one on the torus: (height, width) bool."""
    across, down = np.abs(np.arange(width) - x), np.abs(np.arange(height) - y)
    across, down = np.minimum(across, width - across), np.minimum(down, height - down)
    return across**2 + down[:, None] ** 2 <= radius**2


def wait(tab, condition):
    """Until a JavaScript expression of `nca`, the texture, and `session`, what is done to it, is true."""
    tab.wait_for_function(
        f"() => {{ const {{ nca, session }} = document.querySelector('canvas'); return {condition}; }}"
    )


def open_panel(tab, name):
    """Opens a panel by its button."""
    tab.locator(f"[aria-controls={name}]").click()


class Fingers:
    """Fingers on a page that is touched: each call moves all of them."""

    def __init__(self, tab):
        self._touch = tab.context.new_cdp_session(tab)

    def down(self, *points):
        self._send("touchStart", points)

    def move(self, *points):
        self._send("touchMove", points)

    def up(self):
        self._send("touchEnd", ())

    def _send(self, kind, points):
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        self._touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
