"""The live texture in a notebook: the widget, and its training's figures below it."""

from nca.callbacks.live.screen import Now
from nca.export.widget import Widget

__all__ = ["Cell"]

SIDE = 384  # px on the screen


class Cell:
    """Shows a training below the notebook's cell that runs it. picture: a PNG of what is learned."""

    watched = True

    def __init__(self, now: Now, picture: bytes) -> None:
        from IPython.display import display
        from ipywidgets import HBox, Image, Label, VBox

        detail = now.bundle.detail
        scale = max(2, detail)
        self.widget = Widget(now.bundle, width=SIDE // scale, height=SIDE // scale, scale=scale, speed=1, paused=False)
        self.line = Label(now.line)
        display(VBox([HBox([self.widget, Image(value=picture, width=SIDE // 3)]), self.line]))  # type: ignore[no-untyped-call]

    def show(self, now: Now) -> None:
        """Go on with other weights, and show their figures."""
        self.widget.learn(now.bundle)
        self.line.value = now.line
