"""What our commands write into an output folder. A new output replaces it, and keeps whatever else lies there."""

import os
import shutil
from fnmatch import fnmatch
from pathlib import Path

__all__ = ["keep_others", "our_files"]

OURS = (
    # runs
    *("model.safetensors", "config.json", "log.jsonl", "target.png", "state.safetensors", "life.json", "tracked.json"),
    *("previews", ".*.nca-new"),  # the latter are what killed saves left
    # exports
    *("*.nca.json", "README.txt", "index.html", "nca.js", "nca-texture.js", "*.glsl", "*.frag", "vertex.vert"),
    *("*.gdshader", "texture.gd", "texture.tscn"),
)


def our_files(folder: Path) -> list[Path]:
    """The files in a folder that our commands wrote, by name."""
    return sorted(each for each in folder.iterdir() if _is_ours(each) and each.is_file())


def keep_others(old: Path, new: Path) -> None:
    """Bring what is not ours from the folder that is replaced into the new one, as second names of the same files."""
    for each in old.iterdir() if old.is_dir() else ():
        if not _is_ours(each):
            _link(each, new / each.name)


def _is_ours(path: Path) -> bool:
    return any(fnmatch(path.name, pattern) for pattern in OURS)


def _link(source: Path, target: Path) -> None:
    if source.is_dir() and not source.is_symlink():
        shutil.copytree(source, target, symlinks=True, copy_function=_second_name)
    else:
        _second_name(source, target)


def _second_name(source: str | Path, target: str | Path) -> None:
    """A hard link, so that nothing is copied; a copy on disks that have none."""
    try:
        os.link(source, target, follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(source, target, follow_symlinks=False)
