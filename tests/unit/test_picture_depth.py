"""Values of more than 8 bits are read by the range that they are of."""

import struct
import zlib

import numpy as np
import pytest

from disk import refusal
from icc import chunk
from nca.picture import load_picture
from tiff import tiff

GREY = np.arange(256, dtype=np.uint8).reshape(16, 16)
COLOURS = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
COLOURS[0, 0] = 255


def loaded(tmp_path, content, name="deep.tif"):
    (tmp_path / name).write_bytes(content)
    return load_picture(tmp_path / name)


def deep_png(values, kind):
    """A PNG of 16 bits: kind 0 grey, 2 colours, 4 and 6 with alpha."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "values"),
    {
        "floats from 0 to 1": (GREY / 255).astype(np.float32),
        "floats from 0 to 255": GREY.astype(np.float32),
        "floats from 0 to 65535": GREY.astype(np.float32) * 257,
        "floats from -1 to 1": (GREY / 127.5 - 1).astype(np.float32),
        "floats a little above 1": (GREY / 255 * 1.1).astype(np.float32),
        "8 bits in 16": GREY.astype(np.uint16),
        "10 bits in 16": (GREY * 1023.0 / 255).round().astype(np.uint16),
        "12 bits in 16": (GREY * 4095.0 / 255).round().astype(np.uint16),
        "16 bits": GREY.astype(np.uint16) * 257,
        "16 bits with a sign": (GREY.astype(np.int16) - 128) * 256,
        "16 bits in 32": GREY.astype(np.int32) * 257,
        "31 bits": GREY.astype(np.int32) * 0x808080,
        "32 bits": GREY.astype(np.uint32) * 0x1010101,
        "32 bits with a sign": (GREY.astype(np.int64) * 0x1010101 - (1 << 31)).astype(np.int32),
    }.items(),
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_greys_are_read_by_their_range(tmp_path, kind, values, order):
    if order == ">" and values.dtype == np.uint32:
        pytest.skip("Pillow does not read it")
    assert np.abs(loaded(tmp_path, tiff(values, order)).astype(int) - GREY[..., None]).max() <= 1


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("order", ["<", ">"])
def test_colours_of_16_bits_are_read_by_their_range(tmp_path, bits, order):
    """Pillow itself reads their high bytes: 12 bits would be nearly black."""
    values = (COLOURS.astype(np.uint32) * ((1 << bits) - 1) // 255).astype(np.uint16)
    ours = [loaded(tmp_path, tiff(values, order)), loaded(tmp_path, deep_png(values, 2), "deep.png")]
    for each in ours:
        assert np.abs(each.astype(int) - COLOURS).max() <= 1


def test_colours_of_12_bits_keep_their_alpha(tmp_path):
    alpha = np.where(GREY < 128, 0, 65535)
    values = np.dstack([COLOURS.astype(np.uint16) * 16, alpha]).astype(np.uint16)
    ours = loaded(tmp_path, deep_png(values, 6), "deep.png")
    assert (ours[GREY < 128] == 255).all()
    assert np.abs(ours[GREY >= 128].astype(int) - COLOURS[GREY >= 128]).max() <= 1


def test_a_transparent_grey_of_16_bits_becomes_white(tmp_path):
    values = GREY.astype(np.uint16) * 257
    content = deep_png(values, 0)
    content = content[:33] + chunk(b"tRNS", struct.pack(">H", 257 * 7)) + content[33:]
    ours = loaded(tmp_path, content, "deep.png")
    assert np.array_equal(ours, np.where(GREY == 7, 255, GREY)[..., None].repeat(3, 2))


def test_floats_that_are_no_numbers_are_named_once(tmp_path, caplog):
    values = (GREY / 255).astype(np.float32)
    values[0, :3] = np.nan, np.inf, -np.inf
    ours = loaded(tmp_path, tiff(values))
    assert ours[0, :3, 0].tolist() == [0, 255, 0]
    assert np.array_equal(ours[1:, :, 0], GREY[1:])
    (record,) = caplog.records
    assert "holds 3 values that are NaN or infinite" in record.getMessage()
    assert "holds no finite value" in refusal(loaded, tmp_path, tiff(np.full((16, 16), np.nan, np.float32)))


def test_a_guessed_white_is_said(tmp_path, caplog):
    loaded(tmp_path, tiff(GREY.astype(np.uint16) * 16))
    loaded(tmp_path, tiff(COLOURS.astype(np.uint16) * 16))
    greys, colours = (record.getMessage() for record in caplog.records)
    assert greys.endswith("deep.tif holds values from 0 to 4080: 0 counts as black, 4095 as white")
    assert colours.endswith("deep.tif holds values up to 4095 of 65,535: that counts as white")


@pytest.mark.parametrize("values", [np.zeros((16, 16), np.float32), np.full((16, 16), 7, np.int32)])
def test_one_value_is_one_colour(tmp_path, values):
    assert len(np.unique(loaded(tmp_path, tiff(values)))) == 1


def test_a_pnm_of_16_bits_is_read(tmp_path):
    colours = b"P6 16 16 4095\n" + (COLOURS * (4095 / 255)).astype(">u2").tobytes()
    assert np.abs(loaded(tmp_path, colours, "deep.ppm").astype(int) - COLOURS).max() <= 1
    grey = b"P5 16 16 4095\n" + (GREY * (4095 / 255)).astype(">u2").tobytes()
    assert np.abs(loaded(tmp_path, grey, "deep.pgm").astype(int) - GREY[..., None]).max() <= 1
