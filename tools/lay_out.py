"""Lays the package out in build/layout as the wheel does, in links: `python tools/lay_out.py`.

`nca.export`, `nca.shaders` and `nca.viewer` stand at the top level of the checkout. Python finds them by the editable
install's finder; mypy and import-linter read folders and need them below `nca`. They run in build/layout, where
pyproject.toml is linked too.
"""

import shutil
from pathlib import Path

ROOT = Path(__file__).parent.parent
LAYOUT = ROOT / "build" / "layout"
MAPPED = ("export", "shaders", "viewer")


def main(layout: Path = LAYOUT) -> None:
    shutil.rmtree(layout, ignore_errors=True)
    package = layout / "nca"
    package.mkdir(parents=True)
    (layout / "pyproject.toml").symlink_to(ROOT / "pyproject.toml")
    for source in (*(ROOT / "nca").iterdir(), *(ROOT / name for name in MAPPED)):
        if source.name != "__pycache__":
            (package / source.name).symlink_to(source)


if __name__ == "__main__":
    main()
