"""Draws each texture that ships beside its picture, as docs/gallery.webp: `python tools/make_sheet.py PHOTOS`.

PHOTOS holds the photographs that tools/make_gallery.py names. A pixel of the sheet is one of the picture's and one of
the decoder's, or a cell where a texture has no decoder.
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from make_gallery import DOCS, FONT, GALLERY, GAP, PANEL, picture_of, repeated, scale_of, sheet, square
from nca.export.bundle import load_bundle
from nca.export.pictures.snapshots import snapshots
from nca.picture import load_picture, scale_picture

AGES = (1000, 10_000)  # steps
WHOLE = 2**16  # px: no picture is cut
LABEL = FONT + GAP


def main(photos: Path) -> None:
    """Draw all, by name."""
    paths = sorted(GALLERY.glob("*.nca.json"))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        blocks = list(pool.map(partial(block, photos), paths))
    sheet(blocks).save(DOCS / "gallery.webp", quality=75)


def block(photos: Path, path: Path) -> Image.Image:
    """The picture, repeated, and the texture at each age, with its name below."""
    texture, name = load_bundle(path), path.name.partition(".")[0]
    detail = texture.decoder.detail if texture.decoder else 1
    target = scale_picture(load_picture(picture_of(name, photos)), scale_of(texture), WHOLE, detail)
    shown = snapshots(texture.rule, AGES, square(detail), decoder=texture.decoder, detail=detail)
    step = PANEL + GAP
    whole = Image.new("RGB", ((1 + len(AGES)) * step, PANEL + LABEL), "white")
    for column, panel in enumerate([repeated(target, PANEL), *shown]):
        whole.paste(Image.fromarray(panel), (column * step, 0))
    ImageDraw.Draw(whole).text((0, PANEL), texture.name, "black", ImageFont.load_default(FONT))
    return whole


if __name__ == "__main__":
    main(Path(sys.argv[1]))
