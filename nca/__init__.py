"""Living textures: neural cellular automata, trained in torch, that compute the same bits in any browser."""

from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any

from nca.errors import UsageError, UserError
from nca.rule.rule import Rule
from nca.training.callback import Callback, StopTraining

if TYPE_CHECKING:
    from nca.api.evaluate import evaluate
    from nca.api.export import export_textures
    from nca.api.gallery import gallery
    from nca.api.importing import import_automata
    from nca.api.info import info
    from nca.api.render import render
    from nca.api.sharpen import sharpen
    from nca.api.texture import State, Texture, load
    from nca.api.train import train
    from nca.api.verify import verify
    from nca.api.view import view
    from nca.callbacks.live.live import Live
    from nca.callbacks.progress import Progress
    from nca.callbacks.trackers.tracker import Tracker
    from nca.export.bundle import Bundle
    from nca.export.widget import Widget

__all__ = [
    "Callback",
    "Live",
    "Progress",
    "Rule",
    "State",
    "StopTraining",
    "Texture",
    "Tracker",
    "UsageError",
    "UserError",
    "__version__",
    "evaluate",
    "export_textures",
    "gallery",
    "import_automata",
    "info",
    "load",
    "render",
    "sharpen",
    "train",
    "verify",
    "view",
    "widget",
]

__version__ = "0.1.0"

# Modules are imported when their names are first used, so that `import nca` is fast.
_MODULES = {
    "Live": "nca.callbacks.live.live",
    "Progress": "nca.callbacks.progress",
    "State": "nca.api.texture",
    "Texture": "nca.api.texture",
    "Tracker": "nca.callbacks.trackers.tracker",
    "evaluate": "nca.api.evaluate",
    "export_textures": "nca.api.export",
    "gallery": "nca.api.gallery",
    "import_automata": "nca.api.importing",
    "info": "nca.api.info",
    "load": "nca.api.texture",
    "render": "nca.api.render",
    "sharpen": "nca.api.sharpen",
    "train": "nca.api.train",
    "verify": "nca.api.verify",
    "view": "nca.api.view",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'nca' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def widget(
    texture: "str | PathLike[str] | Texture | Bundle | Rule",
    *,
    width: int = 256,
    height: int = 256,
    scale: int = 2,
    seed: int = 0,
    speed: float = 1,
    paused: bool = False,
) -> "Widget":
    """A living texture for a notebook. A click or drag erases cells, and the texture heals.

    texture: a Texture, a Bundle, a Rule, or the path of a run folder, a bundle or an exported page.
    width, height: of the grid, 1 to 4096 cells.
    scale: pixels for each cell, 1 to 64.
    seed: of the update masks, 0 to 2^32 - 1.
    speed: steps for each frame, 0 to 64; 1/16 is one step every 16 frames.
    paused: whether it waits for `step`.

    All of them except the texture are attributes of the widget, and can be set at any time.

    Raises UserError if anywidget is not installed or the texture cannot be read.

    >>> still = nca.widget(nca.gallery["lava"], width=96, height=96, paused=True)
    >>> still.step(200)
    """
    from nca.api.texture import load
    from nca.export.widget import Widget  # imported late, because only notebooks have anywidget

    shown = load(texture).bundle
    return Widget(shown, width=width, height=height, scale=scale, seed=seed, speed=speed, paused=paused)
