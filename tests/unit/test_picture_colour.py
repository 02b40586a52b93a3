"""Pictures look as they do in a browser: through their profile, or PNG's gamma and primaries, to sRGB."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from icc import SPACES, encoded, grey_profile, ink_profile, rgb_profile, tagged
from nca.picture import load_picture, picture_bytes
from nca.picture.icc import SRGB_CURVE, SRGB_PRIMARIES, matrix_profile

# 64..191: all of it lies within the other spaces, and in steps that the linear one can tell apart
COLOURS = np.random.default_rng(0).integers(64, 192, (24, 24, 3), dtype=np.uint8)
GREY = np.linspace(64, 191, 576).astype(np.uint8).reshape(24, 24)
LEVELS = 2


def near(ours, expected):
    return np.abs(ours.astype(int) - expected).max() <= LEVELS


def loaded(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    return load_picture(tmp_path / name)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("ending", ["png", "jpg", "tif", "webp", "avif"])
def test_a_picture_tagged_with_a_profile_is_read_as_srgb(tmp_path, caplog, space, ending):
    options = {"webp": {"lossless": True}}.get(ending, {})
    pixels = COLOURS if ending in ("png", "tif", "webp") else np.full((32, 32, 3), (180, 120, 90), np.uint8)
    if ending in ("jpg", "avif"):
        options = {"quality": 100, "subsampling": "4:4:4"}
    there = encoded(pixels, space)
    Image.fromarray(there).save(tmp_path / f"moss.{ending}", icc_profile=rgb_profile(space), **options)
    ours = load_picture(tmp_path / f"moss.{ending}")
    assert near(ours, pixels)
    assert space == "sRGB" or not near(there, pixels)
    assert not caplog.records


@pytest.mark.parametrize("profile", ["ours", "theirs"])
def test_the_profile_of_srgb_changes_no_bit(tmp_path, profile):
    """A transform there and back would move some levels by one, and what was trained once is trained again the same."""
    content = {
        "ours": rgb_profile("sRGB"),
        "theirs": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    }[profile]
    every = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(every).save(tmp_path / "moss.png", icc_profile=content)
    assert np.array_equal(load_picture(tmp_path / "moss.png"), every)


def test_transparency_and_palettes_go_with_a_profile(tmp_path):
    there = encoded(COLOURS, "Display P3")
    alpha = np.where(GREY < 128, 0, 255).astype(np.uint8)
    Image.fromarray(np.dstack([there, alpha])).save(tmp_path / "alpha.png", icc_profile=rgb_profile("Display P3"))
    assert near(load_picture(tmp_path / "alpha.png"), np.where(alpha[..., None], COLOURS, 255))

    few = COLOURS[:4, :4].repeat(6, 0).repeat(6, 1)
    palette = Image.fromarray(encoded(few, "Display P3")).quantize(16)
    palette.save(tmp_path / "palette.png", icc_profile=rgb_profile("Display P3"))
    assert near(load_picture(tmp_path / "palette.png"), few)
    first = palette.getpixel((0, 0))
    palette.save(tmp_path / "hole.png", icc_profile=rgb_profile("Display P3"), transparency=first)
    hole = np.asarray(palette) == first
    assert near(load_picture(tmp_path / "hole.png"), np.where(hole[..., None], 255, few))


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("depth", [8, 16])
def test_greys_go_through_profiles_of_greys_and_of_colours(tmp_path, alpha, depth):
    linear = encoded(GREY[..., None].repeat(3, 2), "linear")[..., 0]
    for name, content in (("grey", grey_profile(1.0)), ("colour", rgb_profile("linear"))):
        image = Image.fromarray(linear if depth == 8 else linear.astype(np.uint16) * 257)
        if alpha and depth == 8:
            image.putalpha(Image.fromarray(np.where(GREY < 128, 0, 255).astype(np.uint8)))
        image.save(tmp_path / f"{name}.png", icc_profile=content)
        expected = np.where((GREY < 128) & alpha & (depth == 8), 255, GREY)
        assert near(load_picture(tmp_path / f"{name}.png"), expected[..., None])


def test_printed_colours_go_through_the_profile_of_the_inks(tmp_path):
    """Of inks whose cyan is red, so that Pillow's own conversion cannot be right by chance."""
    inks = np.zeros((2, 2, 2, 2, 3))
    inks[0, 0, 0, 0] = 100, 0, 0
    inks[1, 0, 0, 0] = 53, 80, 67  # in sRGB 255, 0, 0
    inks[0, 0, 0, 1] = 0, 0, 0
    cyan = Image.new("CMYK", (32, 32), (255, 0, 0, 0))
    cyan.paste((0, 0, 0, 0), (0, 0, 16, 32))
    for ending in ("tif", "jpg"):  # a JPEG holds them inverted, as Adobe's do
        path = tmp_path / f"inks.{ending}"
        cyan.save(path, icc_profile=ink_profile(inks), **({"quality": 100} if ending == "jpg" else {}))
        ours = load_picture(path).astype(int)
        assert np.abs(ours[:, :16] - 255).max() <= 3
        assert np.abs(ours[:, 16:] - (255, 0, 0)).max() <= 6
        cyan.save(path)
        assert np.abs(load_picture(path)[:, 16:].astype(int) - (0, 255, 255)).max() <= 3


def test_lab_is_read(tmp_path):
    lab = ImageCms.profileToProfile(
        Image.fromarray(COLOURS), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    lab.save(tmp_path / "lab.tif")
    assert np.abs(load_picture(tmp_path / "lab.tif").astype(int) - COLOURS).mean() < 1  # Lab of 8 bits is coarse


def gamma(value):
    return b"gAMA", struct.pack(">I", round(value * 100_000))


def primaries(*values):
    return b"cHRM", struct.pack(">8I", *(round(value * 100_000) for value in values))


P3 = (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)


def test_gamma_and_primaries_of_a_png_are_honoured(tmp_path):
    linear = picture_bytes(encoded(COLOURS, "linear"))
    assert near(loaded(tmp_path, "linear.png", tagged(linear, gamma(1.0))), COLOURS)
    wide = picture_bytes(encoded(COLOURS, "Display P3"))
    assert near(loaded(tmp_path, "wide.png", tagged(wide, gamma(0.45455), primaries(*P3))), COLOURS)


@pytest.mark.parametrize(
    "chunks",
    [
        [gamma(0.45455), primaries(*SRGB_PRIMARIES)],  # as ImageMagick writes it, for sRGB
        [gamma(0.45455)],
        [primaries(*P3)],  # without a gamma they mean nothing
        [(b"sRGB", b"\0"), gamma(1.0), primaries(*P3)],  # sRGB rules
        [gamma(0)],
    ],
)
def test_what_only_says_srgb_changes_no_bit(tmp_path, caplog, chunks):
    assert np.array_equal(loaded(tmp_path, "moss.png", tagged(picture_bytes(COLOURS), *chunks)), COLOURS)
    assert not caplog.records


def test_a_profile_rules_over_gamma(tmp_path):
    content = picture_bytes(encoded(COLOURS, "Display P3"))
    profile = b"P3\0\0" + zlib.compress(rgb_profile("Display P3"))
    assert near(loaded(tmp_path, "both.png", tagged(content, gamma(1.0), (b"iCCP", profile))), COLOURS)


UNUSABLE = {
    "cut": rgb_profile("Display P3")[:200],
    "noise": bytes(range(256)) * 4,
    "of inks": ink_profile(np.zeros((2, 2, 2, 2, 3))),
    "of greys": grey_profile(1.0),
    "too large": rgb_profile("Display P3") + bytes(1 << 24),
}


@pytest.mark.parametrize("kind", UNUSABLE)
@pytest.mark.parametrize("ending", ["png", "tif"])
def test_a_profile_that_cannot_be_used_is_left_out_with_one_line(tmp_path, caplog, kind, ending):
    path = tmp_path / f"moss.{ending}"
    Image.fromarray(COLOURS).save(path, icc_profile=UNUSABLE[kind])
    assert np.array_equal(load_picture(path), COLOURS)
    (record,) = caplog.records
    assert record.getMessage().startswith(str(path))
    assert "profile" in record.getMessage() or "notes" in record.getMessage()
    assert "\n" not in record.getMessage()


def test_primaries_that_span_nothing_are_left_out_with_one_line(tmp_path, caplog):
    for values in ((0.3, 0.3) * 4, (0.0,) * 8):
        content = tagged(picture_bytes(COLOURS), gamma(0.45455), primaries(*values))
        assert np.array_equal(loaded(tmp_path, "moss.png", content), COLOURS)
    assert [record.getMessage().count("profile that cannot be used") for record in caplog.records] == [1, 1]


def test_a_profile_by_primaries_is_the_published_one():
    for space, values in (("sRGB", SRGB_PRIMARIES), ("Display P3", P3)):
        opened = ImageCms.ImageCmsProfile(io.BytesIO(matrix_profile(SRGB_CURVE, values))).profile
        ours = [opened.red_colorant[0], opened.green_colorant[0], opened.blue_colorant[0]]
        assert np.allclose(ours, SPACES[space][0], atol=3e-4)
        assert opened.is_matrix_shaper
