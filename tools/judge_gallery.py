"""Judges the textures that ship against their pictures: `python tools/judge_gallery.py FILE PHOTOS [--long] [NAME...]`.

PHOTOS holds the photographs that tools/make_gallery.py names. Writes what `nca evaluate --json` prints of each texture
to FILE, which tools/make_figures.py makes a table of. Without a NAME it judges all of them.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import PIPE, run
from typing import Any

from make_gallery import GALLERY, SOURCES, picture_of


def main(file: Path, photos: Path, *names: str, long: bool) -> None:
    """Judge each on one thread."""
    chosen = names or sorted(" ".join(SOURCES.values()).split())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda name: judged(name, photos, long), chosen))
    file.write_text(json.dumps(found, indent=1))


def judged(name: str, photos: Path, long: bool) -> dict[str, Any]:
    """What `nca evaluate` finds."""
    words = [str(GALLERY / f"{name}.nca.json"), "--picture", str(picture_of(name, photos)), "--json"]
    command = [sys.executable, "-m", "nca", "evaluate", *words, *(["--long"] if long else [])]
    printed = run(command, check=True, stdout=PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"}).stdout
    found: dict[str, Any] = json.loads(printed)[0]
    return found


if __name__ == "__main__":
    options = [each for each in sys.argv[1:] if each != "--long"]
    main(Path(options[0]), Path(options[1]), *options[2:], long="--long" in sys.argv)
