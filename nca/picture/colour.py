"""Colours as people see them: through the picture's profile to sRGB, and onto white where it is transparent."""

import io
import logging
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from nca.picture.depth import is_deep
from nca.picture.icc import SRGB_CURVE, SRGB_PRIMARIES, matrix_profile

__all__ = ["over_white", "to_rgb"]

MOST_PROFILE = 1 << 24  # bytes: those of printers have up to some 3 MB
NEAR = 2  # levels: a profile that changes no colour by more is sRGB's, written by one tool or another
GAMMA = 1 / 2.2  # gAMA's approximation of sRGB's curve, for files that cannot say sRGB
GAMMA_NEAR = 0.05  # part of it: libpng's PNG_GAMMA_THRESHOLD
MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}  # Pillow's names of profiles' colours

log = logging.getLogger(__name__)

Convert = Callable[[Image.Image], Image.Image]


def to_rgb(image: Image.Image, name: str) -> Convert:
    """A function that brings a strip of this picture, once of 8 bits, to sRGB over white.

    Warns where a profile cannot be used: colours then count as sRGB.
    """
    try:
        convert = _through_profile(image)
    except MemoryError:
        raise
    except Exception as error:  # ImageCms raises OSError, PyCMSError, ValueError, and ImportError without LittleCMS
        log.warning("%s has a colour profile that cannot be used (%s): its colours count as sRGB", name, error)
        convert = None
    return lambda strip: over_white(strip, convert)


def over_white(image: Image.Image, convert: Convert | None = None) -> Image.Image:
    """A picture in RGB whose transparent parts are white. convert: of its colours to RGB, by default Pillow's."""
    alpha = image.convert("RGBA") if image.has_transparency_data else None
    rgb = convert(image if alpha is None else alpha) if convert else (alpha or image).convert("RGB")
    if alpha is None:
        return rgb
    rgb.putalpha(alpha.getchannel("A"))
    return Image.alpha_composite(Image.new("RGBA", rgb.size, "white"), rgb).convert("RGB")


def _through_profile(image: Image.Image) -> Convert | None:
    profile = _profile(image)
    if profile is None:
        return None
    space = profile.profile.xcolor_space.strip()
    mode = MODES.get(space)
    if mode is None or mode not in _fitting(image):
        raise ValueError(f"it is for {space}, the picture is {image.mode}")
    transform: Any = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")
    if _is_identity(transform, mode):
        return None
    return lambda strip: ImageCms.applyTransform(strip.convert(mode), transform)  # type: ignore[return-value]


def _fitting(image: Image.Image) -> tuple[str, ...]:
    """Modes that a picture may be converted to before its profile is applied."""
    if image.mode in ("CMYK", "LAB"):
        return (image.mode,)
    return ("RGB", "L") if is_deep(image) or image.mode in ("1", "L", "LA", "La") else ("RGB",)


def _profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    info = image.info
    content = info.get("icc_profile")
    if content and len(content) > MOST_PROFILE:
        raise ValueError(f"{len(content):,} bytes")
    if not content and info.get("gamma") and "srgb" not in info:
        content = _by_gamma(info["gamma"], info.get("chromaticity", SRGB_PRIMARIES))
    if content:
        return ImageCms.ImageCmsProfile(io.BytesIO(content))
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")) if image.mode == "LAB" else None


def _by_gamma(gamma: float, primaries: tuple[float, ...]) -> bytes:
    """What PNG's gAMA and cHRM mean."""
    curve = SRGB_CURVE if abs(gamma / GAMMA - 1) < GAMMA_NEAR else (1 / gamma,)
    return matrix_profile(curve, primaries)


def _is_identity(transform: Any, mode: str) -> bool:
    levels = np.linspace(0, 255, 18).astype(np.uint8)
    if mode == "RGB":
        before = np.stack(np.meshgrid(levels, levels, levels), -1).reshape(18, -1, 3)
    elif mode == "L":
        before = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, -1)
    else:
        return False
    strip = Image.fromarray(before).convert(mode)
    after = np.asarray(ImageCms.applyTransform(strip, transform))
    return bool(np.abs(after.astype(int) - before).max() <= NEAR)
