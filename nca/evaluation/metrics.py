"""Figures for how much one picture of a texture looks like another. Training does not use any of them.

Each figure compares statistics of two pictures of one size. The position of a texture in its picture does not matter.
Pictures are (H, W, 3) floats in about [0, 1], with sides of at least 16, and are mirrored beyond their borders.
docs/quality.md says what each figure measures, and what it misses.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

__all__ = ["Figures", "Reference", "mean"]

Array = NDArray[np.float64]

WAVELENGTHS = (2.83, 5.66, 11.3, 22.6)  # px, one octave apart
ORIENTATIONS = 4
MARGIN = 32  # px of mirrored border, more than the widest filter needs
FAINT = 1 / 255  # differences of less than one grey level are noise
FAINT_BAND = 0.1  # in deviations of the colour; without it the colour noise of grey pictures would dominate
WEAKEST = 0.25  # of the strongest principal colour's deviation; weaker colours are not amplified further
LEVELS = 3  # of patches, each half the size of the one before
PATCH = 5  # px
DIRECTIONS = 64
QUANTILES = 256
MOST_POINTS = 1 << 12  # used for quantiles, at most
SAMPLES = 1000  # patches for precision and recall
NEIGHBOURS = 3  # as Kynkaanniemi et al. 2019
RINGS = np.geomspace(1 / 48, 0.5, 9)  # of the spectrum, in cycles a pixel
SECTORS = 6


@dataclass(frozen=True)
class Figures:
    """Distances, which are 0 for equal pictures; and precision and recall, which are 1 for the best.

    style: difference in the strengths and correlations of oriented bands (Portilla, Simoncelli 2000).
    patches: sliced Wasserstein distance of patches at three sizes, in the picture's deviations (Rabin et al. 2011).
    precision: the fraction of the texture's patches that are similar to the picture's.
    recall: the fraction of the picture's patches that are similar to the texture's.
    colour: sliced Wasserstein distance of colours, in grey levels of 255.
    spectrum: the fraction of amplitude at wrong frequencies, in [0, 1].
    """

    style: float
    patches: float
    precision: float
    recall: float
    colour: float
    spectrum: float


def mean(several: list[Figures]) -> Figures:
    """The mean of each figure."""
    return Figures(*(float(np.mean([getattr(each, field.name) for each in several])) for field in fields(Figures)))


class Reference:
    """A picture that others are compared with."""

    def __init__(self, picture: Array) -> None:
        self.shape = picture.shape
        self.axes = _colour_axes(picture)
        self.bands = _band_statistics(picture @ self.axes)
        self.random = _directions(3), _directions(3 * PATCH**2)
        self.colours = _projected(picture.reshape(-1, 3), self.random[0])
        self.patches = [_projected(level, self.random[1]) for level in _patches(picture)]
        self.samples = _sample(picture)
        self.spectrum = _spectrum(picture)

    def style(self, picture: Array) -> float:
        """The figure `style` alone."""
        pairs = zip(_band_statistics(picture @ self.axes), self.bands, strict=True)
        return float(sum(np.abs(found - wanted).mean() for found, wanted in pairs))

    def __call__(self, picture: Array) -> Figures:
        """All figures of a picture of this size."""
        levels = [_projected(level, self.random[1]) for level in _patches(picture)]
        sampled = _sample(picture)
        colours = _projected(picture.reshape(-1, 3), self.random[0])
        spectrum = _spectrum(picture)
        return Figures(
            style=self.style(picture),
            patches=float(np.mean([_transported(a, b) for a, b in zip(levels, self.patches, strict=True)])),
            precision=_near(sampled, self.samples),
            recall=_near(self.samples, sampled),
            colour=float(255 * np.abs(colours - self.colours).mean()),
            spectrum=float(np.abs(spectrum - self.spectrum).sum() / (spectrum + self.spectrum).sum().clip(1e-9)),
        )


def _colour_axes(picture: Array) -> Array:
    variance, axes = np.linalg.eigh(np.cov(picture.reshape(-1, 3).T))
    deviation = np.sqrt(variance.clip(0))
    return np.asarray(axes / np.maximum(deviation, max(WEAKEST * deviation.max(), FAINT)))


def _band_statistics(colours: Array) -> tuple[Array, Array, Array]:
    """Statistics of the bands' local strengths: log means, correlations of pairs, and autocorrelations."""
    strengths = _bands(colours)
    means = strengths.mean((1, 2))
    centred = strengths - means[:, None, None]
    deviations = centred.std((1, 2)) + FAINT_BAND
    flat = (centred / deviations[:, None, None]).reshape(len(centred), -1)
    moved = _autocorrelations((centred / deviations[:, None, None]).reshape(-1, ORIENTATIONS, *centred.shape[1:]))
    return np.log(means + FAINT_BAND), flat @ flat.T / flat.shape[1], moved


def _bands(colours: Array) -> Array:
    """The local strength of each colour at each wavelength and orientation: (3 * 4 * 4, H, W)."""
    border = ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0))
    spectrum = np.fft.fft2(np.pad(colours, border, mode="reflect"), axes=(0, 1)).transpose(2, 0, 1)
    filters = _filters(*spectrum.shape[1:])
    responses = np.fft.ifft2(spectrum[:, None] * filters)[..., MARGIN:-MARGIN, MARGIN:-MARGIN]
    return np.abs(responses).reshape(-1, *responses.shape[2:])


def _filters(height: int, width: int) -> Array:
    """One-sided spectra of oriented bands, one octave to each side. The modulus of a response is its local strength."""
    down, across = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)
    frequency, angle = np.hypot(down, across), np.arctan2(down, across)
    octaves = [np.log2(np.maximum(frequency, 1e-9) * length).clip(-1, 1) for length in WAVELENGTHS]
    turns = [np.cos(angle - np.pi * k / ORIENTATIONS).clip(0) ** (ORIENTATIONS - 1) for k in range(ORIENTATIONS)]
    return np.array([np.cos(np.pi / 2 * octave) * turn for octave in octaves for turn in turns])


def _autocorrelations(strengths: Array) -> Array:
    """Correlations of strengths (3 * wavelengths, orientations, H, W) with themselves, moved by 1 and 2 wavelengths.

    The strengths have mean 0 and deviation 1.
    """
    found = []
    for index, bands in enumerate(strengths):
        for step in (round(times * WAVELENGTHS[index % len(WAVELENGTHS)]) for times in (1, 2)):
            if step < min(bands.shape[1:]):
                found += [(bands[:, step:] * bands[:, :-step]).mean((1, 2))]
                found += [(bands[:, :, step:] * bands[:, :, :-step]).mean((1, 2))]
    return np.array(found)


def _directions(dimensions: int) -> Array:
    """Random unit vectors from a fixed seed: (dimensions, DIRECTIONS)."""
    random = np.random.default_rng(0).normal(size=(dimensions, DIRECTIONS))
    return np.asarray(random / np.linalg.norm(random, axis=0))


def _projected(points: Array, directions: Array) -> Array:
    """The quantiles of points (N, D) in each direction: (QUANTILES, DIRECTIONS)."""
    chosen = points[:: max(1, len(points) // MOST_POINTS)]
    ordered = np.sort(chosen @ directions, axis=0)
    return np.asarray(ordered[((np.arange(QUANTILES) + 0.5) / QUANTILES * len(ordered)).astype(int)])


def _transported(found: Array, wanted: Array) -> float:
    return float(np.abs(found - wanted).mean() / max(wanted.std(0).mean(), FAINT))


def _patches(picture: Array) -> list[Array]:
    """All patches of the picture and of its halved versions: (N, 3 * PATCH^2) each."""
    levels = []
    for _ in range(LEVELS):
        if min(picture.shape[:2]) >= PATCH:
            levels.append(_windows(picture))
            picture = _halved(picture)
    return levels


def _windows(picture: Array) -> Array:
    windows = sliding_window_view(picture, (PATCH, PATCH), (0, 1))
    return windows.reshape(-1, 3 * PATCH**2)


def _halved(picture: Array) -> Array:
    height, width = (side // 2 for side in picture.shape[:2])
    return np.asarray(picture[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 3).mean((1, 3)))


def _sample(picture: Array) -> Array:
    """Patches of the halved picture, which show more than one edge."""
    patches = _windows(_halved(picture))
    return np.asarray(np.random.default_rng(0).permutation(patches)[:SAMPLES])


def _near(points: Array, manifold: Array) -> float:
    """The fraction of points that are near the manifold: as near to one of its points as that one's third neighbour."""
    radii = np.partition(_distances(manifold, manifold), NEIGHBOURS, axis=1)[
        :, NEIGHBOURS
    ]  # the distance to itself, 0, comes first
    return float((_distances(points, manifold) <= radii + 1e-9).any(1).mean())


def _distances(a: Array, b: Array) -> Array:
    """Squared distances: (len(a), len(b))."""
    return np.asarray(((a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T).clip(0))


def _spectrum(picture: Array) -> Array:
    """Amplitude of all colours by frequency and direction: (rings, SECTORS)."""
    height, width = picture.shape[:2]
    window = np.hanning(height + 2)[1:-1, None] * np.hanning(width + 2)[1:-1]
    pixels = (picture - picture.mean((0, 1))) * window[..., None]
    power = (np.abs(np.fft.fft2(pixels, axes=(0, 1))) ** 2).sum(-1) / (window**2).sum()
    down, across = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)
    ring = np.digitize(np.hypot(down, across), RINGS) - 1
    sector = np.floor((np.arctan2(down, across) / np.pi + 0.5 / SECTORS) % 1 * SECTORS).astype(int)
    inside = (ring >= 0) & (ring < len(RINGS) - 1)
    bins = np.zeros((len(RINGS) - 1, SECTORS))
    np.add.at(bins, (ring[inside], sector[inside]), power[inside])
    return np.sqrt(bins)
