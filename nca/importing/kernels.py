"""Perception kernels of other automata, in terms of ours.

Our first layer sees the identity, Sobel x / 8, Sobel y / 8 and Laplacian / 16 (docs/format.md). Any kernels that are
sums of multiples of these four fit: the multiples move into the first layer's weights.
"""

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError

__all__ = ["OURS", "kernels", "mixing"]

Array = NDArray[np.float64]

IDENTITY = np.array([[0, 0, 0], [0, 1, 0], [0, 0, 0]], float)
SOBEL = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], float)
AROUND = np.array([[1, 2, 1], [2, 0, 2], [1, 2, 1]], float)  # the Laplacian without its centre
OURS = np.stack([IDENTITY, SOBEL / 8, SOBEL.T / 8, (AROUND - 12 * IDENTITY) / 16])  # (4, 3, 3)
ROUNDING = 1e-4


def kernels(divisor: float, centre: float) -> Array:
    """The four usual kernels, (4, 3, 3): identity, x, y, Laplacian.

    divisor: of all but the identity, 1 or 8 as a rule. centre: of the Laplacian before it is divided.
    """
    return np.stack([IDENTITY, SOBEL / divisor, SOBEL.T / divisor, (AROUND + centre * IDENTITY) / divisor])


def mixing(theirs: Array) -> Array:
    """Each of their kernels, (F, 3, 3), as multiples of ours: (F, 4).

    Raises UserError for a kernel that is no such sum.
    """
    basis = OURS.reshape(4, 9).T
    multiples, *_ = np.linalg.lstsq(basis, theirs.reshape(len(theirs), 9).T, rcond=None)
    for number, kernel in enumerate(theirs):
        left = kernel.ravel() - basis @ multiples[:, number]
        if np.abs(left).max() > ROUNDING * max(1, np.abs(kernel).max()):
            raise UserError(
                f"kernel {number} is {kernel.round(3).tolist()}: expected a sum of identity, Sobel and Laplacian "
                "kernels; kernels that were learned do not fit"
            )
    return np.asarray(multiples.T.round(12))  # zeros, not 1e-15
