"""Living textures: neural cellular automata from torch to WebGL2, the same bits on both sides."""

from os import PathLike
from typing import TYPE_CHECKING

from nca.errors import UserError
from nca.rule import Rule

if TYPE_CHECKING:
    from nca.export.bundle import Bundle
    from nca.export.widget import Widget

__all__ = ["Rule", "UserError", "__version__", "widget"]

__version__ = "0.1.0"


def widget(
    texture: "str | PathLike[str] | Bundle | Rule",
    *,
    width: int = 256,
    height: int = 256,
    scale: int = 2,
    seed: int = 0,
    speed: float = 1,
    paused: bool = False,
) -> "Widget":
    """A living texture for a notebook: click or drag wipes a hole, and it grows shut.

    texture: the path of a run folder, a bundle or an exported page; or a Bundle or Rule at hand.
    width, height: of the grid, 1 to 4096 cells. scale: pixels a cell, 1 to 64.
    seed: of the update masks, 0 to 2^32 - 1. speed: steps a frame, 1/16 is a step every 16 frames, 0 to 64.
    All but the texture are attributes of the widget and may be set while it lives.

    Raises UserError where anywidget is not installed or the texture cannot be read.
    """
    from nca.export.widget import Widget  # anywidget is for notebooks alone

    return Widget(texture, width=width, height=height, scale=scale, seed=seed, speed=speed, paused=paused)
