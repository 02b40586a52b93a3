"""A texture in a notebook's cell: its picture, and beside it the texture itself, alive."""

from base64 import b64encode
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from nca.picture import picture_bytes

if TYPE_CHECKING:
    from nca.api.texture import Texture

__all__ = ["shown"]

SIDE = 256  # px on the screen, of the picture and of the texture
STILL = 256  # steps


def shown(texture: "Texture", **options: Any) -> Any:
    """What a notebook shows: widgets, or a still picture where they are not installed."""
    if not find_spec("anywidget"):
        still = picture_bytes(texture.rollout(STILL, size=SIDE // texture.bundle.detail).pixels)
        return {"text/plain": repr(texture), "image/png": b64encode(still).decode()}
    from ipywidgets import HBox, Image

    detail = texture.bundle.detail
    alive = texture.widget(width=SIDE // detail, height=SIDE // detail, scale=detail)
    picture = texture.picture
    beside = [] if picture is None else [Image(value=picture_bytes(picture), width=SIDE, height=SIDE)]
    return HBox([*beside, alive])._repr_mimebundle_(**options)
