"""Pictures: read as they are, scaled by their detail, refused where they are none."""

import io
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from disk import claimed, refusal
from nca import UserError
from nca.picture import load_picture, natural_scale, picture_bytes, scale_picture


def saved(path, image, **options):
    image.save(path, **options)
    return path


GREY = np.arange(256, dtype=np.uint8).reshape(16, 16)
COLOURS = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm", "webp"])
def test_a_picture_is_read_as_it_is(tmp_path, suffix):
    image = Image.fromarray(COLOURS)
    options = {"lossless": True} if suffix == "webp" else {}
    path = saved(tmp_path / f"picture.{suffix}", image, **options)
    assert np.array_equal(load_picture(path), COLOURS)


def test_the_middle_square_is_taken(tmp_path):
    wide = np.zeros((20, 60, 3), dtype=np.uint8)
    wide[:, 20:40] = 200
    picture = load_picture(saved(tmp_path / "wide.png", Image.fromarray(wide)))
    assert picture.shape == (20, 20, 3)
    assert (picture == 200).all()


def test_a_scaled_picture_keeps_its_middle_and_never_falls_below_16_px():
    half = scale_picture(COLOURS.repeat(4, 0).repeat(4, 1), 0.5, 1000)
    assert half.shape == (32, 32, 3)
    assert np.array_equal(scale_picture(COLOURS.repeat(4, 0).repeat(4, 1), 0.5, 24), half[4:28, 4:28])
    assert np.array_equal(scale_picture(COLOURS, 0.01, 1000), COLOURS)


def waves(side, period):
    """Stripes of this period across a square picture, in grey."""
    wave = 127 + 100 * np.sin(2 * np.pi * np.arange(side) / period)
    return np.broadcast_to(wave[None, :, None], (side, side, 3)).astype(np.uint8)


@pytest.mark.parametrize("period", [5, 8, 16, 24, 31])
def test_the_natural_scale_brings_a_pattern_to_8_cells(period):
    assert natural_scale(waves(400, period)) == pytest.approx(min(1, 8 / period), rel=0.05)


def test_the_natural_scale_keeps_enough_of_a_coarse_pattern_and_ignores_the_light():
    assert natural_scale(waves(128, 60)) == 64 / 128
    lit = waves(400, 16) / 2 + np.linspace(0, 120, 400)[:, None, None]
    assert natural_scale(lit.astype(np.uint8)) == pytest.approx(0.5, rel=0.05)
    assert natural_scale(np.full((100, 100, 3), 9, np.uint8)) == 0.64  # one colour


def test_palettes_greys_and_bits_become_rgb(tmp_path):
    palette = Image.fromarray(COLOURS).quantize(16)
    assert np.array_equal(load_picture(saved(tmp_path / "p.png", palette)), np.asarray(palette.convert("RGB")))
    assert np.array_equal(load_picture(saved(tmp_path / "l.png", Image.fromarray(GREY))), GREY[..., None].repeat(3, 2))
    bits = Image.fromarray(GREY > 127)
    assert set(load_picture(saved(tmp_path / "1.png", bits)).flat) == {0, 255}


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_greys_of_16_bits_keep_their_range(tmp_path, suffix):
    """Pillow's own conversion makes everything above 255 of 65535 white."""
    path = saved(tmp_path / f"deep.{suffix}", Image.fromarray(GREY.astype(np.uint16) * 257))
    assert np.array_equal(load_picture(path), GREY[..., None].repeat(3, 2))


def test_transparent_parts_become_white(tmp_path):
    alpha = np.dstack([COLOURS, np.where(GREY < 128, 0, 255).astype(np.uint8)])
    ours = load_picture(saved(tmp_path / "alpha.png", Image.fromarray(alpha)))
    assert (ours[GREY < 128] == 255).all()
    assert np.array_equal(ours[GREY >= 128], COLOURS[GREY >= 128])


def test_a_transparent_palette_becomes_white(tmp_path):
    palette = Image.fromarray(GREY // 128).convert("P")
    ours = load_picture(saved(tmp_path / "palette.png", palette, transparency=0))
    assert (ours[GREY < 128] == 255).all()


def test_a_photograph_is_turned_as_its_camera_says(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter, clockwise
    path = saved(tmp_path / "turned.png", Image.fromarray(COLOURS), exif=exif)
    assert np.array_equal(load_picture(path), np.rot90(COLOURS, -1))


def test_of_an_animation_the_first_frame_counts(tmp_path):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    path = saved(tmp_path / "moving.gif", frames[0], save_all=True, append_images=frames[1:])
    assert (load_picture(path) == (255, 0, 0)).all()


def test_picture_bytes_are_a_png_of_these_bytes():
    with Image.open(io.BytesIO(picture_bytes(COLOURS))) as image:
        assert image.format == "PNG"
        assert np.array_equal(np.asarray(image), COLOURS)


NO_PICTURES = {
    "60000x60000|too large": claimed(60_000, 60_000),
    "is 9000x9000: expected at most 67,108,864 pixels": claimed(9000, 9000),
    "is 1x1: expected a picture of at least 16x16 pixels": claimed(1, 1),
    "is 1000x15: expected": claimed(1000, 15),
    "is not a picture": b"<html>",
    "is not a picture.*": b"",
    "is not a picture|damaged": claimed(64, 0),
    "is a damaged picture": picture_bytes(COLOURS)[:-200],
    "is a damaged picture.*": claimed(64, 64),
}


@pytest.mark.parametrize(("message", "content"), NO_PICTURES.items(), ids=range(len(NO_PICTURES)))
def test_what_is_no_usable_picture_is_refused_by_name(tmp_path, message, content):
    (tmp_path / "moss.png").write_bytes(content)
    refused = refusal(load_picture, tmp_path / "moss.png")
    assert re.search(message, refused), refused
    assert str(tmp_path / "moss.png") in refused


def test_a_missing_picture_and_a_folder_are_refused(tmp_path):
    assert "no such picture" in refusal(load_picture, tmp_path / "missing.png")
    assert "cannot be read: Is a directory" in refusal(load_picture, tmp_path)


FORMATS = ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"]


@given(
    kind=st.sampled_from(FORMATS),
    places=st.lists(st.integers(0, 400), max_size=4),
    keep=st.integers(0, 1500) | st.none(),
)
@settings(max_examples=150)
def test_a_damaged_picture_of_any_format_is_read_or_refused(tmp_path_factory, kind, places, keep):
    """Pillow's formats raise what they like, RuntimeError and NotImplementedError too, and warn."""
    file = io.BytesIO()
    Image.fromarray(COLOURS).save(file, kind)
    content = bytearray(file.getvalue())
    for place in places:
        content[place % len(content)] ^= 0xFF
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content[:keep])
    try:
        assert load_picture(path).shape[2] == 3
    except UserError as refused:
        assert "\n" not in str(refused)
