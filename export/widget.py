"""A living texture in a notebook: the runtime of the page as an anywidget."""

from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from nca.errors import UserError
from nca.export.bundle import Bundle
from nca.export.js.modules import read_modules
from nca.export.source import load_source
from nca.rule.rule import Rule

try:
    from anywidget import AnyWidget
    from traitlets import Bool, Dict, Float, Int, List, observe
except ModuleNotFoundError as error:
    raise UserError(f"nca.widget needs {error.name}: pip install 'nca-texture[notebook]'") from None

__all__ = ["Widget"]


class Widget(AnyWidget):
    """The widget that `nca.widget` returns. Each output that shows it runs alone; settings here reach all of them."""

    _esm = read_modules("widget/widget.js", exporting=True) + "\nexport default { render };\n"
    _bundle = Dict().tag(sync=True)
    # All moves since the last reset; outputs that appear later, and saved ones, replay them.
    _moves = List(List()).tag(sync=True)
    width = Int(min=1, max=4096).tag(sync=True)
    height = Int(min=1, max=4096).tag(sync=True)
    scale = Int(min=1, max=64).tag(sync=True)
    seed = Int(min=0, max=(1 << 32) - 1).tag(sync=True)
    speed = Float(min=0, max=64).tag(sync=True)
    paused = Bool().tag(sync=True)

    def __init__(self, texture: "str | PathLike[str] | Bundle | Rule", **traits: Any) -> None:
        super().__init__(_bundle=_fields(texture), **traits)

    def step(self, count: int = 1) -> None:
        """Take `count` steps, also while paused."""
        self._moves = [*self._moves, ["step", count]]

    def erase(self, x: int, y: int, radius: int) -> None:
        """Set the cells within `radius` of column x, row y on the torus to zero."""
        self._moves = [*self._moves, ["erase", x, y, radius]]

    def learn(self, texture: "str | PathLike[str] | Bundle | Rule") -> None:
        """Go on with the weights of another texture. The state stays, so the same field becomes another texture.

        Raises UserError if its channels differ, or if only one of the two has a decoder.
        """
        fields = _fields(texture)
        if _kind(fields) != _kind(self._bundle):
            raise UserError(f"a texture of {_kind(fields)}: expected {_kind(self._bundle)}, as the field has")
        self._bundle = fields

    def reset(self) -> None:
        """Go back to step 0."""
        self._forget()  # so that a second reset in a row is a change too
        self._moves = [["reset"]]

    @observe("seed", "width", "height")
    def _forget(self, _: object = None) -> None:
        """Forget the moves: the browser starts again."""
        self._moves = []


def _fields(texture: "str | PathLike[str] | Bundle | Rule") -> dict[str, Any]:
    """What the browser needs of a texture: no provenance."""
    return replace(_bundle(texture), provenance={}).fields()


def _kind(fields: dict[str, Any]) -> str:
    """What two textures must have in common to share a field."""
    return f"{fields['channels']} channels {'with' if 'decoder' in fields else 'without'} a decoder"


def _bundle(texture: "str | PathLike[str] | Bundle | Rule") -> Bundle:
    if isinstance(texture, Rule):
        return Bundle.of(texture, "Texture")
    return texture if isinstance(texture, Bundle) else load_source(Path(texture))
