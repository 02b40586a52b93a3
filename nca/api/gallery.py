"""The textures that ship: `nca.gallery`."""

from collections.abc import Iterator, Mapping
from functools import cached_property

from nca.api.texture import Texture
from nca.errors import UserError
from nca.export.addresses import addresses
from nca.export.gallery import shipped

__all__ = ["UnknownTextureError", "gallery"]


class _Gallery(Mapping[str, Texture]):
    """The textures that ship, by their names. An unknown name raises a UserError that is a KeyError, too.

    >>> "lava" in nca.gallery, len(nca.gallery)
    (True, 31)
    >>> nca.gallery["zebra"].name
    'zebra'
    """

    @cached_property
    def _textures(self) -> dict[str, Texture]:
        bundles = shipped()
        return dict(zip(addresses(each.name for each in bundles), map(Texture, bundles), strict=True))

    def __getitem__(self, name: str) -> Texture:
        if name not in self._textures:
            raise UnknownTextureError(f"no texture {name!r} ships: expected one of {', '.join(self._textures)}")
        return self._textures[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._textures)

    def __len__(self) -> int:
        return len(self._textures)

    def __repr__(self) -> str:
        return f"gallery of {len(self)} textures: {', '.join(self)}"


class UnknownTextureError(UserError, KeyError):
    """No texture of this name ships."""

    __str__ = UserError.__str__  # a KeyError would quote it


gallery = _Gallery()
