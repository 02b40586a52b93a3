"""Features that need no trained weights and no download.

After Ustyuzhaninov, Brendel, Gatys, Bethge, "What does it take to generate natural textures?" (ICLR
2017): one layer of fixed random filters at many sizes, rectified, is enough for many textures. A
small random convolutional stack on each level of a pyramid adds what a single layer cannot see.
Everything wraps around, as the automaton's torus does.
"""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad, relu

from nca.features import FeatureMap

__all__ = ["WEIGHTS", "Multiscale"]

SIZES = (3, 5, 7, 11, 15, 23, 37, 55)  # px
FILTERS = 16  # a size
LEVELS = 4
STACK = (32, 32, 32)  # channels of each level's convolutions
WEIGHTS = (1.0, 0.15)  # of the joint layer, and of all stacks together
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
        """Rectified responses beside 1 and the colours, without which the mean colour is free: (B, F, H, W)."""
        one = torch.ones_like(seen[:, :1])
        return torch.cat([one, seen, relu(seen), relu(-seen), relu(self.filters(seen))], dim=1)


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
        self.kernels = [_noise(random, FILTERS, seen.shape[1], size).to(seen) for size in sizes]
        self.spectra: dict[torch.Size, Tensor] = {}
        responses = self(seen).flatten(2).view(len(sizes), -1)  # the filters of a size are one row
        self.kernels = [kernel * _scale(row) for kernel, row in zip(self.kernels, responses, strict=True)]
        self.spectra.clear()

    def __call__(self, seen: Tensor) -> Tensor:
        shape = seen.shape[-2:]
        if shape not in self.spectra:
            self.spectra[shape] = torch.cat([_spectrum(kernel, shape) for kernel in self.kernels])
        products = torch.einsum("bchw,fchw->bfhw", torch.fft.rfft2(seen.float()), self.spectra[shape])
        responses: Tensor = torch.fft.irfft2(products, s=shape)
        return responses


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
        maps = []
        for kernel, bias in self.layers:
            level = relu(_convolve(level, kernel, bias))
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


def _spectrum(kernel: Tensor, shape: torch.Size) -> Tensor:
    """The kernel's spectrum on a torus of this shape; one larger than the torus wraps around it."""
    height, width = shape
    size = kernel.shape[-1]
    down = torch.arange(size, device=kernel.device) % height
    across = torch.arange(size, device=kernel.device) % width
    field = kernel.new_zeros(*kernel.shape[:2], height, width)
    cells = (down[:, None] * width + across).flatten()
    field.flatten(2).index_add_(2, cells, kernel.flatten(2))
    spectrum: Tensor = torch.fft.rfft2(field)
    return spectrum


def _convolve(pictures: Tensor, kernel: Tensor, bias: Tensor | None = None) -> Tensor:
    return conv2d(pad(pictures, (1, 1, 1, 1), mode="circular"), kernel, bias)


def _pyramid(pictures: Tensor) -> list[Tensor]:
    """Each level blurred by [1, 4, 6, 4, 1] / 16 and halved."""
    levels = [pictures]
    tent = pictures.new_tensor([1, 4, 6, 4, 1]) / 16
    kernel = (tent[:, None] * tent).expand(pictures.shape[1], 1, 5, 5)
    for _ in range(LEVELS - 1):
        padded = pad(levels[-1], (2, 2, 2, 2), mode="circular")
        levels.append(conv2d(padded, kernel, stride=2, groups=pictures.shape[1]))
    return levels
