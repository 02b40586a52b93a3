"""Features that need no trained weights and no download.

After Ustyuzhaninov, Brendel, Gatys, Bethge, "What does it take to generate natural textures?" (ICLR
2017): one layer of fixed random filters at many sizes, rectified, is enough for many textures. A
small random convolutional stack on each level of a pyramid adds what a single layer cannot see.
Everything wraps around, as the automaton's torus does.

Where a gradient is asked for, the joint layer and the last of each stack are evaluated at every second
pixel of every second row: a Gram matrix is a mean over pixels, and an automaton, whose cells do not know
their column, cannot please some pixels only. The loss takes half the time, for textures as good
(docs/performance.md, "The loss").
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad, pixel_unshuffle, relu

from nca.features import FeatureMap

__all__ = ["WEIGHTS", "Multiscale"]

SIZES = (3, 5, 7, 11, 15, 23, 37, 55)  # px
FILTERS = 16  # a size
LEVELS = 4
STACK = (32, 32, 32)  # channels of each level's convolutions
WEIGHTS = (1.0, 0.15)  # of the joint layer, and of all stacks together
SMALLEST_SAMPLED = 48  # px: of a smaller torus every pixel is needed
FAINTEST = 0.005  # deviation of a response beside the picture's own; photographs of textures stay above 0.009


class Multiscale:
    """Random features scaled to one picture: to its principal colours and to their own responses' deviations on it.

    picture: (1, 3, H, W) in [0, 1], already reflected by `margin`.
    weights: of the joint layer, and of all stacks together.
    """

    margin = 32  # half of the largest filter, and some

    def __init__(self, picture: Tensor, weights: tuple[float, ...] = WEIGHTS, seed: int = 0) -> None:
        self.joint_weight, self.stack_weight = weights
        random = torch.Generator().manual_seed(seed)
        self.colours = _Colours(picture)
        seen = self.colours(picture)
        largest = min(picture.shape[-2:]) - 2 * self.margin
        self.filters = _Filters(seen, [size for size in SIZES if size <= largest], random)
        self.stacks = [_Stack(level, random) for level in _pyramid(seen)]

    def __call__(self, pictures: Tensor) -> list[FeatureMap]:
        """The joint layer of all filters, then three maps a pyramid level."""
        seen = self.colours(pictures)
        levels = zip(self.stacks, _pyramid(seen), strict=True)
        maps = [values for stack, level in levels for values in stack(level)]
        weight = self.stack_weight / len(maps)
        return [FeatureMap(self._joint(seen), self.joint_weight), *(FeatureMap(values, weight) for values in maps)]

    def _joint(self, seen: Tensor) -> Tensor:
        """Rectified responses beside 1 and the colours, without which the mean colour is free: (B, F, h, w)."""
        stride = _stride(seen)
        responses = self.filters(seen, stride)
        seen = seen[..., ::stride, ::stride]
        rectified = relu(seen), relu(-seen), responses.relu_()
        return torch.cat([torch.ones_like(seen[:, :1]), *rectified, seen], dim=1)


class _Colours:
    """Principal colours, the weaker ones amplified a little so that a picture of one hue keeps its others."""

    def __init__(self, picture: Tensor) -> None:
        pixels = picture.flatten(2)[0].T.cpu().double()  # (pixels, 3)
        self.mean = pixels.mean(0).to(picture)
        variance, axes = torch.linalg.eigh(pixels.T.cov())
        deviation = variance.clamp(min=0).sqrt()
        largest = deviation.max().clamp(min=1e-3)  # a picture of one colour has none
        relative = (deviation / largest).clamp(min=0.03)
        self.axes = (axes * relative**-0.3 / largest).to(picture)

    def __call__(self, pictures: Tensor) -> Tensor:
        return torch.einsum("bchw,cd->bdhw", pictures - self.mean[:, None, None], self.axes)


class _Filters:
    """Zero-mean Gaussian noise filters of several sizes, applied as products of spectra."""

    def __init__(self, seen: Tensor, sizes: list[int], random: torch.Generator) -> None:
        self.kernels: list[Tensor] = []
        self.spectra: dict[tuple[int, ...], Tensor] = {}
        whole = (*seen.shape[-2:], 1)
        for size in sizes:
            kernel = _noise(random, FILTERS, seen.shape[1], size).to(seen)
            responses = _convolve_spectra(seen, _spectrum(kernel, *whole))
            self.kernels.append(kernel * _scale(responses.flatten()))

    def __call__(self, seen: Tensor, stride: int = 1) -> Tensor:
        """Responses at every stride-th pixel and row, (B, F, h, w)."""
        key = (*seen.shape[-2:], stride)
        parts = pixel_unshuffle(seen.float(), stride)
        if not seen.requires_grad:  # of the target and of final states, which are large: one size of filters at a time
            return torch.cat([_convolve_spectra(parts, _spectrum(kernel, *key)) for kernel in self.kernels], dim=1)
        if key not in self.spectra:
            self.spectra[key] = torch.cat([_spectrum(kernel, *key) for kernel in self.kernels], dim=3)
        responses: Tensor = _Convolution.apply(parts, self.spectra[key])
        return responses


class _Convolution(torch.autograd.Function):
    """Convolution on the torus with the kernels of some spectra: (B, C, h, w) -> (B, F, h, w).

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
    """A product of matrices for each frequency, in pairs of real numbers: of complex ones PyTorch copies each."""
    frequencies = torch.view_as_real(torch.fft.rfft2(x).permute(2, 3, 0, 1))  # (h, w / 2 + 1, B, C, 2)
    with torch.autocast(x.device.type, enabled=False):
        pairs = frequencies.flatten(3) @ spectra
    products = torch.view_as_complex(pairs.view(*pairs.shape[:3], -1, 2))
    result: Tensor = torch.fft.irfft2(products.permute(2, 3, 0, 1), s=x.shape[-2:])
    return result


class _Stack:
    """A random convolutional network whose every unit has mean 0 and deviation 1 on the target before its ReLU."""

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
    """What brings each row to deviation 1; 1 where a picture shows nothing, such as a coarse level of fine stripes."""
    deviation = responses.std(-1)
    return torch.where(deviation < FAINTEST, 1.0, 1 / deviation)


def _noise(random: torch.Generator, filters: int, channels: int, size: int) -> Tensor:
    kernel = torch.randn(filters, channels, size, size, generator=random)
    kernel -= kernel.mean((2, 3), keepdim=True)
    norm: Tensor = torch.linalg.vector_norm(kernel, dim=(1, 2, 3), keepdim=True)
    return kernel / norm


def _stride(seen: Tensor) -> int:
    """2 where a gradient is asked for, on a torus that is large enough and has an even number of rows and columns."""
    height, width = seen.shape[-2:]
    even = height % 2 == width % 2 == 0
    return 2 if seen.requires_grad and even and min(height, width) >= SMALLEST_SAMPLED else 1


def _spectrum(kernel: Tensor, height: int, width: int, stride: int) -> Tensor:
    """The kernel's spectrum on a torus of this size, (height, width / 2 + 1, 2C, 2F); a larger one wraps around it.

    A complex number a + ib is the matrix [[a, b], [-b, a]]. With a stride, the spectra of the kernel's parts, for
    stride^2 C in place of C: each is convolved with every stride-th pixel and row of the picture, in the order of
    pixel_unshuffle, and their sum is the response at those.
    """
    size = kernel.shape[-1]
    down = torch.arange(size, device=kernel.device) % height
    across = torch.arange(size, device=kernel.device) % width
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
    """A torus with a border of one pixel from its other side; PyTorch's copies the gradient for each slice of it."""

    @staticmethod
    def forward(ctx: Any, pictures: Tensor) -> Tensor:
        return pad(pictures, (1, 1, 1, 1), mode="circular")

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return _folded(_folded(gradients[0], 2), 3)


def _folded(gradient: Tensor, dim: int) -> Tensor:
    """Without the border along a dimension, whose gradient goes to where it came from."""
    size = gradient.shape[dim] - 2
    inner = gradient.narrow(dim, 1, size).clone()
    inner.narrow(dim, size - 1, 1).add_(gradient.narrow(dim, 0, 1))
    inner.narrow(dim, 0, 1).add_(gradient.narrow(dim, size + 1, 1))
    return inner


def _pyramid(pictures: Tensor) -> list[Tensor]:
    """Each level blurred by [1, 4, 6, 4, 1] / 16 and halved."""
    levels = [pictures]
    tent = pictures.new_tensor([1, 4, 6, 4, 1]) / 16
    kernel = (tent[:, None] * tent).expand(pictures.shape[1], 1, 5, 5)
    for _ in range(LEVELS - 1):
        padded = pad(levels[-1], (2, 2, 2, 2), mode="circular")
        levels.append(conv2d(padded, kernel, stride=2, groups=pictures.shape[1]))
    return levels
