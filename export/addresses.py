"""The address of a texture in a page, behind the #: viewer/page/address.js names textures by the same rule."""

from collections.abc import Collection, Iterable
from itertools import chain, count

from nca.files import file_name

__all__ = ["SETTINGS", "address", "addresses"]

SETTINGS = ("paused", "seed", "size")  # a page's address takes them beside the name of a texture


def address(name: str, taken: Collection[str]) -> str:
    """The name as a file's, with the first number from 2 on where a setting or another texture has that address."""
    plain = file_name(name)
    numbered = (f"{plain}-{n}" for n in count(2))
    return next(each for each in chain([plain], numbered) if each not in SETTINGS and each not in taken)


def addresses(names: Iterable[str]) -> list[str]:
    """The address of each texture of a page, in the page's order."""
    found: list[str] = []
    for name in names:
        found.append(address(name, found))
    return found
