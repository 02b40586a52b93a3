"""The reference of `nca-fixed-2`: pictures of a state in torch, on any device, with integers stored as float32."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nca.errors import UserError
from nca.rule.decoder import COLOR_MAX, DETAILS, Decoder
from nca.rule.noise import grain
from nca.rule.reference import exact_products, rgb_bytes
from nca.rule.rule import HIDDEN_MAX
from nca.rule.spline import SPLINE_UNIT, enlarged

__all__ = ["colors", "decode", "painted_colors", "painted_decode"]

PIXELS = 1 << 16  # decoded at a time, which takes some 20 MB


def decode(decoder: Decoder | None, state: Tensor, detail: int) -> NDArray[np.uint8]:
    """The picture of a state, with detail x detail pixels for each cell: (height * detail, width * detail, 3) uint8.

    decoder: None draws each cell as a square of its colour.
    state: (C, height, width) float32, integers in [-2047, 2047], on a torus. detail: 1, 2, 4 or 8.

    Raises UserError for any other detail, or if the decoder has another number of channels.
    """
    return rgb_bytes(colors(decoder, state, detail))


def painted_decode(decoders: Sequence[Decoder | None], state: Tensor, owners: Tensor, detail: int) -> NDArray[np.uint8]:
    """Like `decode`, with one decoder for each owner. owners: (height, width) int64, indices into decoders."""
    return rgb_bytes(painted_colors(decoders, state, owners, detail))


def colors(decoder: Decoder | None, state: Tensor, detail: int) -> Tensor:
    """The colours of `decode` before they become bytes: (3, height * detail, width * detail), in [-4094, 4094]."""
    owners = torch.zeros(state.shape[1:], dtype=torch.int64, device=state.device)
    return painted_colors((decoder,), state, owners, detail)


@torch.inference_mode()
def painted_colors(decoders: Sequence[Decoder | None], state: Tensor, owners: Tensor, detail: int) -> Tensor:
    """The colours of `painted_decode` before they become bytes. It works on blocks of rows of cells, to save memory."""
    _check(decoders, state, detail)
    lanes = [None if each is None else _Lanes.of(each, state.device) for each in decoders]
    height, width = state.shape[1:]
    cells = state.permute(1, 2, 0).contiguous()  # gathers are several times faster in this order
    blocks = torch.split(torch.arange(height, device=state.device), max(1, PIXELS // (width * detail**2)))
    with exact_products(state.device):
        return torch.cat([_rows(lanes, cells, owners, block, detail) for block in blocks]).permute(2, 0, 1)


@dataclass(frozen=True)
class _Lanes:
    """A decoder's integers as float32 on a device."""

    grain: int
    skip: bool
    w1: Tensor  # (C + G, D)
    b1: Tensor  # (D,)
    scale1: Tensor  # (D,), 2^-k1
    w2: Tensor  # (D, 3)
    b2: Tensor  # (3,), with 2^(k2 - 1) to round
    scale2: Tensor  # (3,), 2^-k2

    @classmethod
    def of(cls, decoder: Decoder, device: torch.device) -> "_Lanes":
        """Convert a decoder. This is exact: float32 represents each of its integers."""
        scale1, scale2 = 0.5**decoder.k1, 0.5**decoder.k2
        arrays = decoder.w1.T, decoder.b1, scale1, decoder.w2.T, decoder.b2 + 0.5 / scale2, scale2
        tensors = [torch.tensor(array, dtype=torch.float32, device=device) for array in arrays]
        return cls(decoder.grain, decoder.skip, *tensors)

    def paint(self, seen: Tensor) -> Tensor:
        """The colours of pixels: (pixels, 3).

        seen: (pixels, at least C + G), the interpolated state and grain; more grain is ignored.
        """
        hidden = ((seen[:, : len(self.w1)] @ self.w1 + self.b1) * self.scale1).floor().clamp(0, HIDDEN_MAX)
        color = ((hidden @ self.w2 + self.b2) * self.scale2).floor()
        return (color + seen[:, :3] if self.skip else color).clamp(-COLOR_MAX, COLOR_MAX)


def _rows(lanes: list[_Lanes | None], cells: Tensor, owners: Tensor, y: Tensor, detail: int) -> Tensor:
    """The colours of some rows of cells: (rows * detail, width * detail, 3)."""
    smooth = _interpolated(cells, owners, y, detail)
    rows, columns = (torch.arange(size, device=y.device) for size in smooth.shape[:2])
    noise = grain(columns, y[0] * detail + rows, max((each.grain for each in lanes if each), default=0))
    seen = torch.cat([smooth, noise], dim=2).flatten(0, 1)
    picture, owner = (_squares(values.index_select(0, y), detail).flatten(0, 1) for values in (cells[..., :3], owners))
    for index, each in enumerate(lanes):
        if each:
            pixels = (owner == index).nonzero()[:, 0]
            picture = picture.index_copy(0, pixels, each.paint(seen.index_select(0, pixels)))
    return picture.view(len(rows), len(columns), 3)


def _squares(values: Tensor, detail: int) -> Tensor:
    return values.repeat_interleave(detail, 0).repeat_interleave(detail, 1)


def _interpolated(cells: Tensor, owners: Tensor, y: Tensor, detail: int) -> Tensor:
    """The state between the cells of some rows: (rows * detail, width * detail, C), integers in [-2047, 2047].

    Where a neighbour has another owner, the pixel's own cell replaces it.
    """
    own, owner = cells.index_select(0, y), owners.index_select(0, y)

    def row(down: int) -> Tensor:
        near = (y + down) % len(cells)
        state, theirs = cells.index_select(0, near), owners.index_select(0, near)
        before, between, after = (
            torch.where((theirs.roll(-across, 1) == owner)[..., None], state.roll(-across, 1), own)
            for across in (-1, 0, 1)
        )
        return enlarged(before, between, after, detail, 1).div_(SPLINE_UNIT).floor_().mul_(SPLINE_UNIT)

    return enlarged(row(-1), row(0), row(1), detail, 0).add_(0.5).floor_()


def _check(decoders: Sequence[Decoder | None], state: Tensor, detail: int) -> None:
    if detail not in DETAILS:
        raise UserError(f"detail is {detail}: expected one of {DETAILS} pixels a cell")
    for each in decoders:
        if each and each.channels != len(state):
            raise UserError(f"decoder of {each.channels} channels for a state of {len(state)}: expected as many")
