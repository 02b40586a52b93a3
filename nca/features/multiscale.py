"""Features that need no trained weights and no download.

After Ustyuzhaninov, Brendel, Gatys, Bethge, "What does it take to generate natural textures?" (ICLR 2017): one layer
of fixed random filters of many sizes, rectified, is enough for many textures. A small random convolutional stack on
each level of a pyramid adds structure that a single layer cannot represent. Everything wraps around the torus, as the
automaton does.

If a gradient is needed, the joint layer and the last layer of each stack are computed at every second pixel of every
second row only. A Gram matrix is a mean over pixels, and an automaton cannot favour some pixels, because its cells do
not know their column. The loss then takes half the time, and textures are as good (docs/performance.md, "The loss").
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad, pixel_unshuffle, relu

from nca.device import upload
from nca.features import fourier
from nca.features.interface import FeatureMap, reflect
from nca.features.registry import Options

__all__ = ["WEIGHTS", "Multiscale", "make"]

SIZES = (3, 5, 7, 11, 15, 23, 37, 55)  # px
FILTERS = 16  # of each size
LEVELS = 4
STACK = (32, 32, 32)  # channels of each level's convolutions
WEIGHTS = (1.0, 0.15)  # of the joint layer, and of all stacks in sum
SMALLEST_SAMPLED = 48  # px; on a smaller torus every pixel is needed
FAINTEST = 0.005  # a response's deviation relative to the picture's; photographs of textures are above 0.009


def make(_: str, target: Tensor, options: Options) -> "Multiscale":
    """For the registry."""
    return Multiscale(reflect(target, Multiscale.margin), options.layer_weights or WEIGHTS, options.seed)


class Multiscale:
    """Random features, scaled to a picture's principal colours and to the deviations of their responses on it.

    picture: (1, 3, H, W) in [0, 1], already reflected by `margin`.
    weights: of the joint layer, and of all stacks in sum.
    largest: size of the largest filter in px. Filters larger than the picture are left out.
    levels: number of levels of the pyramid; each has a stack.
    """

    margin = 32  # px, a little more than half of the largest filter

    def __init__(
        self,
        picture: Tensor,
        weights: tuple[float, ...] = WEIGHTS,
        seed: int = 0,
        *,
        largest: int = SIZES[-1],
        levels: int = LEVELS,
    ) -> None:
        self.joint_weight, self.stack_weight = weights
        random = torch.Generator().manual_seed(seed)
        self.colours = _Colours(picture)
        seen = self.colours(picture)
        largest = min(largest, min(picture.shape[-2:]) - 2 * self.margin)
        self.filters = _Filters(seen, [size for size in SIZES if size <= largest], random)
        self.pyramid = _Pyramid(seen, levels)
        self.stacks = [_Stack(level, random) for level in self.pyramid(seen)]

    def __call__(self, pictures: Tensor) -> list[FeatureMap]:
        """The joint layer of all filters, then three maps for each level of the pyramid."""
        seen = self.colours(pictures)
        levels = zip(self.stacks, self.pyramid(seen), strict=True)
        maps = [values for stack, level in levels for values in stack(level)]
        weight = self.stack_weight / len(maps)
        return [FeatureMap(self._joint(seen), self.joint_weight), *(FeatureMap(values, weight) for values in maps)]

    def _joint(self, seen: Tensor) -> Tensor:
        """Rectified responses, with 1 and the colours, which fix the mean colour: (B, F, h, w)."""
        stride = _stride(seen)
        responses = self.filters(seen, stride)
        seen = seen[..., ::stride, ::stride]
        rectified = relu(seen), relu(-seen), responses.relu_()
        return torch.cat([torch.ones_like(seen[:, :1]), *rectified, seen], dim=1)


class _Colours:
    """Principal colours; the weaker ones are amplified a little, so that a picture of one hue keeps its other hues."""

    def __init__(self, picture: Tensor) -> None:
        pixels = picture.flatten(2)[0].T.cpu().double()  # (pixels, 3)
        self.mean = pixels.mean(0).float().to(picture)
        variance, axes = torch.linalg.eigh(pixels.T.cov())
        deviation = variance.clamp(min=0).sqrt()
        largest = deviation.max().clamp(min=1e-3)  # a picture of one colour has none
        relative = (deviation / largest).clamp(min=0.03)
        self.axes = (axes * relative**-0.3 / largest).float().to(picture)  # float64 on the CPU alone: MPS has none

    def __call__(self, pictures: Tensor) -> Tensor:
        return torch.einsum("bchw,cd->bdhw", pictures - self.mean[:, None, None], self.axes)


class _Filters:
    """Filters of Gaussian noise with zero mean, in several sizes, applied as products of spectra."""

    def __init__(self, seen: Tensor, sizes: list[int], random: torch.Generator) -> None:
        self.kernels: list[Tensor] = []  # on the CPU
        self.spectra: dict[tuple[int, ...], Tensor] = {}
        whole = (*seen.shape[-2:], 1)
        for size in sizes:
            kernel = _noise(random, FILTERS, seen.shape[1], size)
            responses = _convolve_spectra(seen, upload(_spectrum(kernel, *whole), seen.device))
            self.kernels.append(kernel * _scale(responses.flatten()).cpu())

    def __call__(self, seen: Tensor, stride: int = 1) -> Tensor:
        """Responses at every stride-th pixel and row, (B, F, h, w)."""
        key = (*seen.shape[-2:], stride)
        parts = pixel_unshuffle(seen.float(), stride)
        if not seen.requires_grad:  # large pictures, such as the target: one size of filters at a time
            spectra = (upload(_spectrum(kernel, *key), seen.device) for kernel in self.kernels)
            return torch.cat([_convolve_spectra(parts, each) for each in spectra], dim=1)
        if key not in self.spectra:
            whole = torch.cat([_spectrum(kernel, *key) for kernel in self.kernels], dim=3)
            self.spectra[key] = upload(whole, seen.device)
        responses: Tensor = _Convolution.apply(parts, self.spectra[key])
        return responses


class _Convolution(torch.autograd.Function):
    """Convolution on the torus with kernels that are given as spectra: (B, C, h, w) -> (B, F, h, w).

    Its adjoint is the convolution with the transposed matrices.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, spectra: Tensor) -> Tensor:
        ctx.spectra = spectra
        return _convolve_spectra(x, spectra)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _convolve_spectra(gradients[0], ctx.spectra.mT), None


def _convolve_spectra(x: Tensor, spectra: Tensor) -> Tensor:
    """One product of matrices for each frequency, in pairs of real numbers: PyTorch copies complex matrices."""
    with torch.autocast(x.device.type, enabled=False):
        pairs = fourier.spectrum(x).flatten(3) @ spectra  # (h, w / 2 + 1, B, 2F)
        return fourier.picture(pairs.view(*pairs.shape[:3], -1, 2), *x.shape[-2:])


class _Stack:
    """A random convolutional network. On the target, each unit has mean 0 and deviation 1 before its ReLU."""

    def __init__(self, level: Tensor, random: torch.Generator) -> None:
        self.layers: list[tuple[Tensor, Tensor]] = []
        for channels in STACK:
            kernel = _noise(random, channels, level.shape[1], 3).to(level)
            response = _convolve(level, kernel)
            scale = _scale(response[0].flatten(1))
            self.layers.append((kernel * scale[:, None, None, None], -response.mean((0, 2, 3)) * scale))
            level = relu(_convolve(level, *self.layers[-1]))

    def __call__(self, level: Tensor) -> list[Tensor]:
        maps: list[Tensor] = []
        for kernel, bias in self.layers:
            stride = _stride(level) if len(maps) == len(self.layers) - 1 else 1
            level = _convolve(level, kernel, bias, stride).relu_()
            maps.append(level)
        return maps


def _scale(responses: Tensor) -> Tensor:
    """The factor that brings each row to deviation 1; 1 for a row without contrast, such as blurred fine stripes."""
    deviation = responses.std(-1)
    return torch.where(deviation < FAINTEST, 1.0, 1 / deviation)


def _noise(random: torch.Generator, filters: int, channels: int, size: int) -> Tensor:
    kernel = torch.randn(filters, channels, size, size, generator=random)
    kernel -= kernel.mean((2, 3), keepdim=True)
    norm: Tensor = torch.linalg.vector_norm(kernel, dim=(1, 2, 3), keepdim=True)
    return kernel / norm


def _stride(seen: Tensor) -> int:
    """2 if a gradient is needed and the torus is large enough, with even numbers of rows and columns; else 1."""
    height, width = seen.shape[-2:]
    even = height % 2 == width % 2 == 0
    return 2 if seen.requires_grad and even and min(height, width) >= SMALLEST_SAMPLED else 1


def _spectrum(kernel: Tensor, height: int, width: int, stride: int) -> Tensor:
    """The kernel's spectrum on a torus of this size, (height, width / 2 + 1, 2C, 2F), on the CPU. Larger kernels wrap.

    A complex number a + ib is the matrix [[a, b], [-b, a]]. With a stride, the kernel is split into stride^2 parts, and
    stride^2 C replaces C. Each part is convolved with every stride-th pixel and row of the picture, in the order of
    pixel_unshuffle; the sum of the results is the response at these pixels.
    """
    size = kernel.shape[-1]
    down, across = torch.arange(size) % height, torch.arange(size) % width
    field = kernel.new_zeros(*kernel.shape[:2], height, width)
    cells = (down[:, None] * width + across).flatten()
    field.flatten(2).index_add_(2, cells, kernel.flatten(2))
    shifts = [(down, across) for down in range(stride) for across in range(stride)]
    parts = torch.stack([field.roll(shift, (2, 3))[..., ::stride, ::stride] for shift in shifts], dim=2)
    spectrum = torch.fft.rfft2(parts.flatten(1, 2)).permute(2, 3, 1, 0)
    rows = torch.view_as_real(spectrum), torch.view_as_real(1j * spectrum)
    return torch.stack(rows, dim=3).flatten(4).flatten(2, 3)


def _convolve(pictures: Tensor, kernel: Tensor, bias: Tensor | None = None, stride: int = 1) -> Tensor:
    return conv2d(_Wrapped.apply(pictures), kernel, bias, stride)


class _Wrapped(torch.autograd.Function):
    """Adds a border of one pixel from the opposite side. PyTorch's own backward copies the gradient for each slice."""

    @staticmethod
    def forward(ctx: Any, pictures: Tensor) -> Tensor:
        return pad(pictures, (1, 1, 1, 1), mode="circular")

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _folded(_folded(gradients[0], 2), 3)


def _folded(gradient: Tensor, dim: int) -> Tensor:
    """Remove the border along a dimension, and add its gradient to the pixels that it was copied from."""
    size = gradient.shape[dim] - 2
    inner = gradient.narrow(dim, 1, size).clone()
    inner.narrow(dim, size - 1, 1).add_(gradient.narrow(dim, 0, 1))
    inner.narrow(dim, 0, 1).add_(gradient.narrow(dim, size + 1, 1))
    return inner


class _Pyramid:
    """`count` levels: each one is the level before, blurred by [1, 4, 6, 4, 1] / 16 and halved."""

    def __init__(self, seen: Tensor, count: int) -> None:
        tent = seen.new_tensor([1, 4, 6, 4, 1]) / 16  # made once, because a GPU is waited for to take it
        self.kernel = (tent[:, None] * tent).expand(seen.shape[1], 1, 5, 5)
        self.count = count

    def __call__(self, seen: Tensor) -> list[Tensor]:
        levels = [seen]
        while len(levels) < self.count:
            padded = pad(levels[-1], (2, 2, 2, 2), mode="circular")
            levels.append(conv2d(padded, self.kernel, stride=2, groups=len(self.kernel)))
        return levels
