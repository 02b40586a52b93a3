"""Pictures and movies for places that run no shaders."""

from functools import partial

from nca.export.bundle import Bundle
from nca.export.formats.format import Format

__all__ = ["GIF", "PNG", "WEBP"]


def _files(suffix: str, bundle: Bundle) -> dict[str, bytes]:
    from nca.export.pictures.snapshots import stand_in  # which imports torch

    return {"": stand_in(bundle, suffix)}


PNG = Format("a tile, where nothing runs", ".png", partial(_files, ".png"))
WEBP = Format("a loop, where nothing runs", ".webp", partial(_files, ".webp"))
GIF = Format("a loop for mail", ".gif", partial(_files, ".gif"))
