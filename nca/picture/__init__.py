"""Pictures of textures: read as people see them, scaled by their detail, written as PNG.

`source` opens the file or stdin, `decode` makes an image of it, as far as `damage` lets it, `depth` and `colour` make
its values sRGB bytes, and `read` puts these together. The logger `nca` says what a person should know of a picture
that is used all the same.
"""

from nca.picture.read import load_picture, require_texture, taken_pixels
from nca.picture.scale import has_detail, natural_detail, natural_scale, scale_picture
from nca.picture.source import SMALLEST, STDIN, check_name
from nca.picture.write import picture_bytes

__all__ = [
    "SMALLEST",
    "STDIN",
    "check_name",
    "has_detail",
    "load_picture",
    "natural_detail",
    "natural_scale",
    "picture_bytes",
    "require_texture",
    "scale_picture",
    "taken_pixels",
]
