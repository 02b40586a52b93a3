"""Whether a picture has grain: contrast finer than its shapes, nearly everywhere.

A decoder makes such contrast from hashes of the pixels' places. Where a picture has smooth faces and sharp edges, a
decoder with grain would dither them: the loss likes it, people do not.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["grain_inputs"]

INPUTS = 2  # hashes for each pixel
SPREAD = 0.15  # of the finest contrast: its median over its deviation, 0.67 for white noise, 0 for flat faces


def grain_inputs(picture: NDArray[Any]) -> int:
    """How many inputs of grain a decoder needs for a picture: 2, or 0 if the picture has no grain.

    picture: (side, side, 3) in any unit.
    """
    grey = picture.mean(axis=2)
    middle = grey[1:-1, 1:-1]
    finest = 4 * middle - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    spread = np.median(np.abs(finest)) / max(finest.std(), 1e-9)
    return INPUTS if spread > SPREAD else 0
