"""The small picture in an embedded page, for browsers that cannot run the texture. It is made without torch."""

import io

from PIL import Image

from nca.export.bundle import Bundle
from nca.rule.plain import PlainRun

__all__ = ["thumbnail"]

SIDE = 16  # pixels across and down
CELLS, STEPS = 64, 256  # across and down; of the run that it shows


def thumbnail(texture: Bundle) -> bytes:
    """A WebP picture of about 100 bytes of the grown texture. It repeats without a seam."""
    run = PlainRun(texture.rule, CELLS, CELLS, texture.decoder)
    run.step(STEPS)
    picture = Image.fromarray(run.pixels(texture.detail)).resize((SIDE, SIDE), Image.Resampling.BOX)
    file = io.BytesIO()
    picture.save(file, "WEBP", quality=5, method=6)
    return file.getvalue()
