"""A living texture in a notebook: the page's runtime as an anywidget."""

from os import PathLike
from pathlib import Path
from typing import Any

from nca.errors import UserError
from nca.export.bundle import Bundle
from nca.export.modules import read_modules
from nca.export.source import load_source
from nca.rule import Rule

try:
    from anywidget import AnyWidget
    from traitlets import Bool, Dict, Float, Int, List, observe
except ModuleNotFoundError as error:
    raise UserError(f"nca.widget needs {error.name}: pip install 'nca-texture[notebook]'") from None

__all__ = ["Widget"]

FIELDS = ("format", "name", "channels", "shaders")  # what the browser needs of a bundle


class Widget(AnyWidget):
    """What `nca.widget` returns. Each output that shows it runs on its own; what is set here reaches them all."""

    _esm = read_modules("widget.js", exporting=True) + "\nexport default { render };\n"
    _bundle = Dict().tag(sync=True)
    # Since the last reset; an output that comes later, or a saved one, replays them.
    _moves = List(List()).tag(sync=True)
    width = Int(min=1, max=4096).tag(sync=True)
    height = Int(min=1, max=4096).tag(sync=True)
    scale = Int(min=1, max=64).tag(sync=True)
    seed = Int(min=0, max=(1 << 32) - 1).tag(sync=True)
    speed = Float(min=0, max=64).tag(sync=True)
    paused = Bool().tag(sync=True)

    def __init__(self, texture: "str | PathLike[str] | Bundle | Rule", **traits: Any) -> None:
        fields = _bundle(texture).fields()
        super().__init__(_bundle={key: fields[key] for key in FIELDS}, **traits)

    def step(self, count: int = 1) -> None:
        """Take so many steps, paused or not."""
        self._moves = [*self._moves, ["step", count]]

    def wipe(self, x: int, y: int, radius: int) -> None:
        """Zero the cells within a radius of column x, row y on the torus."""
        self._moves = [*self._moves, ["erase", x, y, radius]]

    def reset(self) -> None:
        """Back to step 0."""
        self._forget()  # a second reset in a row must be a change too
        self._moves = [["reset"]]

    @observe("seed", "width", "height")
    def _forget(self, _: object = None) -> None:
        """The browser begins anew."""
        self._moves = []


def _bundle(texture: "str | PathLike[str] | Bundle | Rule") -> Bundle:
    if isinstance(texture, Rule):
        return Bundle.of(texture, "Texture")
    return texture if isinstance(texture, Bundle) else load_source(Path(texture))
