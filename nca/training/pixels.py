"""How many pixels a cell gets, by the pixels that the picture has."""

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError
from nca.picture import has_detail, natural_detail

__all__ = ["chosen_detail"]


def chosen_detail(picture: NDArray[np.uint8], scale: float, detail: int, name: str) -> int:
    """The detail, or the natural one for 0. Raises UserError, with the picture's name, if it has too few pixels."""
    if detail == 0:
        return natural_detail(picture, scale)
    if not has_detail(picture, scale, detail):
        side = len(picture)
        raise UserError(
            f"{name} has {side}x{side} pixels, which is not enough for detail {detail} at scale {scale:.2f}: "
            f"expected {detail * round(scale * side)} a side; use a smaller detail or scale, or a larger picture"
        )
    return detail
