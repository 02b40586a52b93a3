"""Writing a picture."""

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["picture_bytes"]


def picture_bytes(picture: NDArray[np.uint8]) -> bytes:
    """(height, width, 3) bytes as a PNG file's content."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()
