"""Pictures come from files and stdin, by formats that only decode; nothing runs, and nothing waits."""

import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from disk import claimed, refusal
from icc import chunk
from nca.cli import main
from nca.picture import STDIN, load_picture, picture_bytes

COLOURS = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
PNG = picture_bytes(COLOURS)


def nca(*args, given=None):
    return CliRunner().invoke(main, list(map(str, args)), input=given)


@pytest.mark.parametrize(
    "kind", ["PNG", "GIF", "WEBP", "BMP", "DIB", "TIFF", "PPM", "JPEG2000", "TGA", "DDS", "QOI", "ICO", "PCX", "SGI"]
)
def test_a_lossless_format_is_read_as_it_is(tmp_path, kind):
    few = COLOURS[:4, :4].repeat(8, 0).repeat(8, 1)  # 16 colours, as many as a GIF's palette holds with ease
    options = {"WEBP": {"lossless": True}, "ICO": {"sizes": [(32, 32)]}}.get(kind, {})
    Image.fromarray(few).save(tmp_path / "moss", kind, **options)
    assert np.array_equal(load_picture(tmp_path / "moss"), few)


@pytest.mark.parametrize("kind", ["JPEG", "MPO", "AVIF", "WEBP"])
def test_a_lossy_format_is_read_nearly_as_it_is(tmp_path, kind):
    smooth = np.asarray(Image.fromarray(COLOURS[:4, :4]).resize((64, 64), Image.Resampling.BICUBIC))
    options = {"save_all": True, "append_images": [Image.new("RGB", (64, 64))]} if kind == "MPO" else {}
    Image.fromarray(smooth).save(tmp_path / "moss", kind, quality=95, **options)
    assert np.abs(load_picture(tmp_path / "moss").astype(int) - smooth).mean() < 5


def test_heic_is_read_where_pillow_can(tmp_path):
    heif = pytest.importorskip("pillow_heif")
    smooth = Image.fromarray(COLOURS[:4, :4]).resize((64, 64), Image.Resampling.BICUBIC)
    heif.from_pillow(smooth).save(tmp_path / "photo.heic", quality=95)
    assert np.abs(load_picture(tmp_path / "photo.heic").astype(int) - np.asarray(smooth)).mean() < 5


POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 32 32\n%%EndComments\n(ran) (w) file closefile\nshowpage\n"
OTHERS = {
    "it is PostScript, which is a program": POSTSCRIPT,
    "it is a PDF": b"%PDF-1.7\n",
    "it is a picture in layers": b"8BPS\0\1" + bytes(40),
    "it is SVG or other XML": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
    "it is a web page": b"\n<!DOCTYPE html><title>moss.png</title>",
    "it is a movie": b"\0\0\0\x20ftypisom" + bytes(40),
    "it is JPEG XL": b"\xff\x0a" + bytes(40),
    "it is EXR or HDR": b"\x76\x2f\x31\x01" + bytes(40),
    "it is empty": b"",
    "": b"dear all",
}


@pytest.mark.parametrize(("hint", "content"), OTHERS.items(), ids=range(len(OTHERS)))
@pytest.mark.parametrize("ending", ["png", "jpg", "eps", "svg"])
def test_what_is_no_picture_is_named_by_its_content(tmp_path, hint, content, ending):
    path = tmp_path / f"moss.{ending}"
    path.write_bytes(content)
    refused = refusal(load_picture, path)
    expected = f"{path} is not a picture that Pillow can read: expected PNG, JPEG, WebP or the like"
    assert refused.startswith(f"{expected}; {hint}" if hint else expected)
    assert bool(hint) == (refused != expected)


@pytest.mark.parametrize("name", ["moss.png", "moss.eps"])
def test_no_program_runs_for_a_picture(tmp_path, monkeypatch, name):
    """Pillow runs Ghostscript for what begins with %!PS, whatever the file's name; here `gs` only says that it ran."""
    program = tmp_path / "gs"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (tmp_path / name).write_bytes(POSTSCRIPT)
    refusal(load_picture, tmp_path / name)
    assert not (tmp_path / "ran").exists()


def test_heic_without_its_plugin_is_answered_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    for brand in (b"heic", b"heix", b"mif1"):
        (tmp_path / "photo.jpg").write_bytes(b"\0\0\0\x18ftyp" + brand + bytes(60))
        assert "pip install 'nca-texture[heif]', or convert it to PNG" in refusal(load_picture, tmp_path / "photo.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_pipe_and_a_device_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "link.png").symlink_to("/dev/zero")
    for name in ("pipe.png", "link.png"):
        assert "is a pipe or a device: expected a file, or - for stdin" in refusal(load_picture, tmp_path / name)


def test_names_that_no_file_can_have_are_refused(tmp_path):
    assert "cannot be read" in refusal(load_picture, tmp_path / "a\0b.png")
    assert "cannot be read" in refusal(load_picture, tmp_path / ("long" * 100))


def test_a_sparse_file_of_any_size_is_refused_before_it_is_read(tmp_path):
    with (tmp_path / "moss.webp").open("wb") as file:
        file.truncate(1 << 40)
    assert "holds 1,099,511,627,776 bytes: expected a picture of at most" in refusal(
        load_picture, tmp_path / "moss.webp"
    )


def test_addresses_are_answered_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moss.png").write_bytes(PNG)
    for address in ("https://example.org/moss.png", "HTTP://example.org/moss.png", "data:image/png;base64,AAAA"):
        for images in ([address], ["moss.png", address]):
            result = nca("train", *images, "-o", "runs")
            assert result.exit_code == 1
            assert result.output == f"Error: {address} is an address: download the picture, then name the file\n"
    assert [path.name for path in tmp_path.iterdir()] == ["moss.png"]


def test_a_picture_can_come_from_stdin(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tiny = ("--channels", 4, "--hidden", 8, "--field", 16, "--batch", 1, "--steps", 1, "--features", "multiscale")
    result = nca("train", "-", "-o", "run", *tiny, given=PNG)
    assert result.exit_code == 0, result.output
    assert "Training run on stdin, 32 px" in result.output
    assert np.array_equal(load_picture(tmp_path / "run" / "target.png"), COLOURS)
    measured = nca("evaluate", "run", "run", "--picture", "-", "--json", given=PNG)
    assert measured.exit_code == 0, measured.output


def test_stdin_is_read_once_and_by_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "moss.png").write_bytes(PNG)
    result = nca("train", "moss.png", "-", "-o", "runs", given=PNG)
    assert result.output == "Error: - is stdin, which one picture alone can come from: train it by itself\n"
    assert nca("train", "-", "-o", "run", given=b"").output == (
        "Error: stdin is not a picture that Pillow can read: expected PNG, JPEG, WebP or the like; it is empty\n"
    )


def test_stdin_at_a_terminal_is_not_waited_for(monkeypatch):
    class Terminal(io.BytesIO):
        def isatty(self):
            return True

    for stdin in (io.TextIOWrapper(Terminal()), None):
        monkeypatch.setattr(sys, "stdin", stdin)
        assert "nothing is piped: expected a picture, as in `nca train - < moss.png`" in refusal(load_picture, STDIN)


def test_what_only_claims_to_be_large_takes_nothing(tmp_path):
    for name, size in (("wide.png", (60_000, 17)), ("thin.png", (15, 60_000)), ("vast.png", (2**31 - 1, 2**31 - 1))):
        (tmp_path / name).write_bytes(claimed(*size))
        refusal(load_picture, tmp_path / name)


def tiled_png(side):
    """Noise of 64x64 pixels with alpha as tiles, written without holding all of them."""
    tile = np.random.default_rng(0).integers(0, 256, (64, 64 * 4), dtype=np.uint8)
    rows = np.pad(np.tile(tile, side // 64), ((0, 0), (1, 0))).tobytes()
    compress = zlib.compressobj(1)
    data = b"".join([compress.compress(rows) for _ in range(side // 64)] + [compress.flush()])
    header = struct.pack(">IIBBBBB", side, side, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


LARGEST = r"""
import re, sys, time
from pathlib import Path
from nca.picture import load_picture, natural_scale
began = time.process_time()
picture = load_picture(Path(sys.argv[1]))
scale = natural_scale(picture)
peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
print(len(picture), int(peak[1]) * 1024, time.process_time() - began, scale)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="its peak of memory is read from Linux")
def test_the_largest_picture_takes_seconds_and_less_than_1_gb(tmp_path):
    (tmp_path / "large.png").write_bytes(tiled_png(8192))
    ran = subprocess.run(
        [sys.executable, "-c", LARGEST, tmp_path / "large.png"], capture_output=True, text=True, check=True
    )
    side, memory, seconds, scale = map(float, ran.stdout.split())
    assert side == 8192
    assert memory < 1e9
    assert seconds < 15  # some 3 on a machine that does nothing else
    assert scale == 1  # noise
