"""Damaged files are read as far as browsers show them, with one line; animations by their first frame that shows."""

import io
import struct
import zlib

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from disk import refusal
from icc import chunk, tagged
from nca.cli import main
from nca.picture import load_picture, picture_bytes, require_texture

NOISE = np.random.default_rng(0).integers(0, 256, (12, 12, 3), dtype=np.uint8)
SMOOTH = np.asarray(Image.fromarray(NOISE).resize((96, 96), Image.Resampling.BICUBIC))


def content(kind, pixels=SMOOTH, **options):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def loaded(tmp_path, written, name="moss"):
    (tmp_path / name).write_bytes(written)
    return load_picture(tmp_path / name)


def middle(rows):
    """The middle square of the first rows of the picture."""
    side = len(rows)
    left = (rows.shape[1] - side) // 2
    return rows[:, left : left + side]


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": "4:4:4"}])
def test_a_jpeg_without_its_last_bytes_is_whole(tmp_path, caplog, options):
    written = content("JPEG", **options)
    whole = loaded(tmp_path, written)
    assert not caplog.records
    ours = loaded(tmp_path, written[:-2])
    assert ours.shape == whole.shape
    assert np.abs(ours.astype(int) - whole).mean() < 1
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == f"{tmp_path / 'moss'} is damaged or ends early: what is there is used"


@pytest.mark.parametrize("options", [{}, {"subsampling": "4:4:4"}])
def test_missing_rows_of_a_jpeg_are_left_out(tmp_path, caplog, options):
    tall = np.concatenate([SMOOTH, SMOOTH[::-1]])[:, :80]
    written = content("JPEG", tall, **options)
    ours = loaded(tmp_path, written[: len(written) * 6 // 10])
    (record,) = caplog.records
    missing = int(record.getMessage().split("ends early: ")[1].split()[0])
    assert 60 <= missing <= 130
    whole = np.asarray(Image.open(io.BytesIO(written)))[: 192 - missing]
    start = max(0, len(whole) - 80) // 2
    expected = whole[start : start + 80] if len(whole) > 80 else middle(whole)
    assert ours.shape == expected.shape
    assert np.abs(ours.astype(int) - expected).mean() < 1


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP"])
def test_missing_rows_of_other_formats_are_left_out(tmp_path, caplog, kind):
    options = {"interlace": 0} if kind == "GIF" else {}
    written = content(kind, **options)
    whole = np.asarray(Image.open(io.BytesIO(written)).convert("RGB"))
    ours = loaded(tmp_path, written[: len(written) * 8 // 10])
    (record,) = caplog.records
    assert "rows, missing or of one colour, are left out" in record.getMessage()
    rows = whole[-len(ours) :] if kind == "BMP" else whole[: len(ours)]  # a BMP begins at the bottom
    assert 70 < len(ours) < 80
    assert np.array_equal(ours[2:-2], middle(rows)[2:-2])


def interlaced(pixels):
    """A PNG in seven passes (Adam7), which Pillow does not write."""
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    rows = b"".join(b"\0" + row.tobytes() for y, x, down, right in passes for row in pixels[y::down, x::right])
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 2, 0, 0, 1)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


def test_an_interlaced_picture_that_ends_early_is_refused(tmp_path):
    """Its missing pixels are everywhere, and stand for no texture."""
    assert np.array_equal(loaded(tmp_path, interlaced(SMOOTH)), SMOOTH)
    for written in (interlaced(SMOOTH), content("GIF", interlace=1)):
        assert "is a damaged picture" in refusal(loaded, tmp_path, written[: len(written) * 8 // 10])


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_rows_after_an_early_end_of_a_jpeg_are_left_out(tmp_path, caplog, mode):
    """Pillow fills them with grey and says nothing."""
    file = io.BytesIO()
    Image.fromarray(SMOOTH).convert(mode).save(file, "JPEG")
    written = file.getvalue()
    half = len(written) * 6 // 10
    ours = loaded(tmp_path, written[:half] + b"\xff\xd9" + written[half:])
    (record,) = caplog.records
    assert "of its 96 rows, missing or of one colour, are left out" in record.getMessage()
    assert 16 <= len(ours) < 90
    assert not (ours[-1] == 128).all()


def test_a_grey_border_of_fewer_rows_than_a_jpegs_block_is_kept(tmp_path, caplog):
    framed = np.full((112, 112, 3), 128, np.uint8)
    framed[:104] = SMOOTH[:1, :1]
    framed[:96, :96] = SMOOTH
    assert loaded(tmp_path, content("JPEG", framed)).shape == (112, 112, 3)
    assert not caplog.records


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "JPEG2000", "TIFF", "ICO"])
def test_other_formats_that_end_early_are_refused(tmp_path, kind):
    written = content(kind)
    assert "damaged" in refusal(loaded, tmp_path, written[: len(written) * 9 // 10])


def test_a_border_of_one_colour_is_no_damage(tmp_path):
    framed = np.full((128, 128, 3), 255, np.uint8)
    framed[16:112, 16:112] = SMOOTH
    whole = loaded(tmp_path, content("JPEG", framed))
    ours = loaded(tmp_path, content("JPEG", framed)[:-2])
    assert len(ours) >= 96
    assert np.abs(ours.astype(int) - middle(whole[: len(ours)])).mean() < 1


def test_damaged_notes_do_not_hide_a_picture(tmp_path, caplog):
    png = picture_bytes(SMOOTH)
    broken = chunk(b"gAMA", struct.pack(">I", 45455))[:-4] + b"oops"
    assert np.array_equal(loaded(tmp_path, png[:33] + broken + png[33:]), SMOOTH)
    bomb = (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(1 << 24)))
    assert np.array_equal(loaded(tmp_path, tagged(png, bomb)), SMOOTH)
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path / 'moss'} has damaged notes beside its pixels, which are left out"
    ] * 2
    assert np.array_equal(loaded(tmp_path, tagged(png, (b"eXIf", b"MM\0*\0\0\0\x08\xff\xff"))), SMOOTH)


def test_a_jpeg_of_endless_scans_is_refused(tmp_path):
    """Each takes a few bytes and a pass over the whole picture."""
    written = content("JPEG", progressive=True)
    begin = written.rindex(b"\xff\xda")
    endless = written[:begin] + written[begin:-2] * 1000 + written[-2:]
    assert "is a JPEG of 1009 scans: expected at most 100" in refusal(loaded, tmp_path, endless)


EMPTY = {
    "transparent": np.zeros((96, 96, 4), np.uint8),
    "white": np.full((96, 96, 4), 255, np.uint8),
    "black": np.dstack([np.zeros((96, 96, 3), np.uint8), np.full((96, 96), 255, np.uint8)]),
}


@pytest.mark.parametrize("empty", EMPTY)
@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF"])
def test_of_an_animation_the_first_frame_that_shows_something_counts(tmp_path, empty, kind):
    few = np.dstack([SMOOTH // 64 * 64, np.full((96, 96), 255, np.uint8)])
    nothing, first, second = (Image.fromarray(each) for each in (EMPTY[empty], few, few[::-1]))
    options = {"WEBP": {"lossless": True}, "AVIF": {"quality": 100, "subsampling": "4:4:4"}}.get(kind, {})
    nothing.save(
        tmp_path / "moss",
        kind,
        save_all=True,
        append_images=[nothing, first, second],
        duration=[40, 50, 60, 70],
        **options,
    )
    assert np.abs(load_picture(tmp_path / "moss").astype(int) - few[..., :3]).mean() < 3


def test_an_animation_that_shows_nothing_gives_its_first_frame(tmp_path):
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "lime", "blue")]
    for kind in ("GIF", "PNG", "WEBP"):
        frames[0].save(tmp_path / "moss", kind, save_all=True, append_images=frames[1:])
        assert np.abs(load_picture(tmp_path / "moss").astype(int) - (255, 0, 0)).max() < 4


def test_a_picture_of_one_colour_is_refused_before_training(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    nearly = np.full((64, 64, 3), 90, np.uint8)
    nearly[::2] += 2
    Image.fromarray(nearly).save("flat.png")
    Image.fromarray(np.dstack([SMOOTH, np.zeros((96, 96), np.uint8)])).save("clear.png")
    framed = np.full((300, 300, 3), 40, np.uint8)
    framed[:40] = 200
    Image.fromarray(framed).save("framed.png")
    Image.fromarray(SMOOTH).save("moss.png")
    for name, colour in (("flat.png", "92, 92, 92"), ("clear.png", "255, 255, 255"), ("framed.png", "40, 40, 40")):
        result = CliRunner().invoke(main, ["train", name, "-o", "run", "--scale", "1", "--size", "64"])
        assert result.exit_code == 1
        assert result.output == (
            f"Error: {name} is of one colour ({colour}) in its middle, transparent parts being white: "
            "expected a texture\n"
        )
        assert not (tmp_path / "run").exists()
    require_texture(load_picture(tmp_path / "moss.png"), "moss.png")


def test_the_command_line_says_what_was_damaged_in_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moss.jpg").write_bytes(content("JPEG")[:-2])
    tiny = ["--preset", "tiny", "--size", "16", "--field", "16", "--steps", "1"]
    result = CliRunner().invoke(main, ["train", "moss.jpg", "-o", "run", *tiny])
    assert result.exit_code == 0, result.output
    assert "Warning: moss.jpg is damaged or ends early: what is there is used\n" in result.stderr
    assert "damaged" not in result.stdout


def test_a_large_picture_is_announced_and_no_memory_is_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "large.png").write_bytes(picture_bytes(np.zeros((4100, 4100, 3), np.uint8)))
    result = CliRunner().invoke(main, ["train", "large.png", "-o", "run"])
    assert result.output.startswith("Reading large.png, 4100x4100 pixels\nError: large.png is of one colour (0, 0, 0)")

    def full(*_, **__):
        raise MemoryError

    monkeypatch.setattr("nca.picture.decode.Image.open", full)
    assert refusal(load_picture, tmp_path / "large.png") == (
        f"{tmp_path / 'large.png'} takes more memory than there is: scale it down first"
    )
