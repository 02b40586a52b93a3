"""One kind of export, and how text becomes its files."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nca.export.bundle import Bundle

__all__ = ["Format", "folder", "one_file"]


@dataclass(frozen=True)
class Format:
    """One kind of export.

    what: the thing that it writes, in a few words for the command's help.
    suffix: of the output's default name.
    files: makes contents by name in the output folder; a format of a single file has one, named "".
    marker: a file of the output folder that no other folder has, so that only such a folder is replaced.
    several: whether `files` takes several textures, and a title for them all.
    """

    what: str
    suffix: str
    files: Callable[..., dict[str, bytes]]
    marker: str | None = None
    several: bool = False


def one_file(render: Callable[..., str]) -> Callable[..., dict[str, bytes]]:
    """The `files` of a format whose single file this renders."""

    def files(*bundles: Bundle, **options: Any) -> dict[str, bytes]:
        return {"": render(*bundles, **options).encode()}

    return files


def folder(render: Callable[[Bundle], dict[str, str]]) -> Callable[[Bundle], dict[str, bytes]]:
    """The `files` of a format whose folder this renders, as texts by name."""
    return lambda bundle: {name: text.encode() for name, text in render(bundle).items()}
