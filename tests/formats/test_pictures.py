"""The files that `nca render` and the picture formats of `nca export` write, decoded and held against torch."""

import io
import os
import re
import subprocess
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from command import done, nca
from decoders import random_decoder
from nca import UserError
from nca.export.bundle import Bundle, load_bundle
from nca.export.formats.registry import FORMATS
from nca.export.pictures.encode import check_encodable, encode
from nca.export.pictures.snapshots import film, posters, sheet, snapshots
from nca.rule.decode import decode
from nca.rule.reference import reference_rollout, seed_state
from paths import LAVA, ROOT
from rules import random_rule

RULE = random_rule(4, 8, seed=1)
DECODER = replace(random_decoder(4, 8), detail=2)
CRISP = Bundle.of(RULE, "Crisp", decoder=DECODER)
SEED = 5


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("moss.nca.json").write_text(Bundle.of(RULE, "Moss").to_json())
    Path("crisp.nca.json").write_text(CRISP.to_json())
    return tmp_path


@pytest.fixture(scope="session")
def lava():
    """60 pictures of the example, every second step: (60, 40, 48, 3)."""
    rule = load_bundle(LAVA).rule
    return np.array(film(partial(snapshots, rule, size=(48, 40)), steps=300, frames=60, every=2))


def render(*args):
    return done("render", "moss.nca.json", "--seed", SEED, *args)


def grown(steps, width=24, height=16, scale=1):
    return painted(None, steps, width, height, 1, scale)


def painted(decoder, steps, width, height, detail, scale):
    picture = decode(decoder, reference_rollout(RULE, seed_state(RULE, height, width), steps, seed=SEED), detail)
    return picture.repeat(scale, 0).repeat(scale, 1)


def decoded(file):
    """An image file's pictures and their durations in milliseconds."""
    with Image.open(file) as image:
        pictures, durations = [], []
        for k in range(getattr(image, "n_frames", 1)):
            image.seek(k)
            pictures.append(np.asarray(image.convert("RGB")))
            durations.append(image.info.get("duration"))
        return np.array(pictures), durations


# Exact files


def test_a_png_is_torchs_picture_enlarged(here):
    output = render("-o", "new.png", "--size", "24x16", "--steps", 70, "--scale", 3)
    assert output == "Saved new.png: 72x48 pixels\n"
    pictures, _ = decoded("new.png")
    assert np.array_equal(pictures, [grown(70, scale=3)])


def test_a_webp_movie_holds_torchs_pictures(here):
    output = render("-o", "new.webp", "--size", "24x16", "--steps", 40, "--frames", 5, "--every", 3, "--fps", 20)
    assert output == "Saved new.webp: 5 pictures of 24x16 pixels\n"
    pictures, durations = decoded("new.webp")
    assert np.array_equal(pictures, [grown(steps) for steps in (40, 43, 46, 49, 52)])
    assert durations == [50] * 5
    with Image.open("new.webp") as image:
        assert image.info["loop"] == 0  # for ever


def test_a_webp_of_one_picture_is_torchs(here):
    render("-o", "new.webp", "--size", "24x16", "--steps", 40, "--frames", 1)
    assert np.array_equal(decoded("new.webp")[0], [grown(40)])


@pytest.mark.parametrize(("options", "detail", "scale"), [([], 2, 1), (["--detail", 8], 8, 1), (["--scale", 3], 2, 3)])
def test_a_png_has_the_pixels_that_a_decoder_paints(here, options, detail, scale):
    side = detail * scale
    said = done("render", "crisp.nca.json", "--seed", SEED, "-o", "a.png", "--size", "24x16", "--steps", 30, *options)
    assert said == f"Saved a.png: {24 * side}x{16 * side} pixels\n"
    assert np.array_equal(decoded("a.png")[0], [painted(DECODER, 30, 24, 16, detail, scale)])


def test_without_a_decoder_a_cell_is_a_square_of_its_colour(here):
    render("-o", "a.png", "--size", "24x16", "--steps", 30, "--detail", 4)
    assert np.array_equal(decoded("a.png")[0], [grown(30, scale=4)])


def test_movies_and_sheets_are_decoded_too(here):
    options = ["--seed", SEED, "--size", "24x16"]
    done("render", "crisp.nca.json", *options, "-o", "a.webp", "--steps", 4, "--frames", 2, "--every", 3)
    assert np.array_equal(decoded("a.webp")[0], [painted(DECODER, steps, 24, 16, 2, 1) for steps in (4, 7)])
    done("render", "crisp.nca.json", *options, "-o", "a.png", "--sheet", "5")
    assert np.array_equal(decoded("a.png")[0][0, 8:40, 8:56], painted(DECODER, 5, 24, 16, 2, 1))


def test_a_decoded_picture_that_is_too_large_is_refused_before_the_work(here):
    expected = "Error: a picture of 32768x32768 pixels: expected at most 16,383 a side\n"
    assert refused("-o", "new.png", "--size", 4096, "--detail", 8) == expected


def test_a_picture_repeats_without_a_seam(lava):
    """The step from the last column to the first is like those between others; so are the rows'."""
    for picture in (lava[-1].astype(int), lava[-1].astype(int).swapaxes(0, 1)):
        steps = np.abs(picture - np.roll(picture, 1, axis=1)).mean(axis=(0, 2))
        assert steps[0] <= steps[1:].max()


# Palettes


def test_a_gif_is_close_to_its_pictures_with_one_palette(lava):
    pictures, durations = decoded(io.BytesIO(encode(lava, ".gif", 25)))
    assert pictures.shape == lava.shape
    assert durations == [40] * 60
    assert len(np.unique(pictures.reshape(-1, 3), axis=0)) <= 255
    error = pictures.astype(float) - lava
    assert (error**2).mean() < 30  # better than 33 dB


def test_a_colour_in_a_gif_never_flickers(lava):
    pictures, _ = decoded(io.BytesIO(encode(lava, ".gif", 25)))
    both = np.concatenate([lava, pictures], axis=-1).reshape(-1, 6)
    assert len(np.unique(both, axis=0)) == len(np.unique(lava.reshape(-1, 3), axis=0))


def test_a_gif_stores_only_what_changes(lava):
    """Two opposite corners change, so that no smaller rectangle would do."""
    still = lava[:1].repeat(10, axis=0)
    still[::2, 0, 0], still[::2, -1, -1] = lava[0, 5, 5], lava[0, 7, 7]
    assert len(encode(still, ".gif", 25)) < 5 * len(encode(lava[:1], ".gif", 25))


@pytest.mark.parametrize("fps", [1, 24, 30, 50])
@pytest.mark.parametrize(("suffix", "unit"), [(".gif", 10), (".webp", 1)])
def test_a_movie_lasts_as_long_as_asked(lava, suffix, unit, fps):
    _, durations = decoded(io.BytesIO(encode(lava, suffix, fps)))
    assert abs(sum(durations) - 60_000 / fps) <= unit
    assert max(durations) - min(durations) <= unit
    assert min(durations) >= 20  # browsers slow down what is shorter


# Loops


def test_a_loop_ends_where_it_begins(lava):
    count = 40
    plain, loop = (
        np.array(film(lambda steps: (lava[step] for step in steps), steps=0, frames=count, every=1, loop=loop))
        for loop in (False, True)
    )
    assert np.array_equal(plain, lava[:count])
    assert np.array_equal(loop[:30], lava[10:count])

    def jump(movie):
        return np.abs(movie[0].astype(float) - movie[-1]).mean()

    steps = np.abs(np.diff(loop.astype(float), axis=0)).mean(axis=(1, 2, 3))
    assert jump(loop) < 1.1 * steps.max() < jump(plain) / 3


# Sheets


def test_a_sheet_shows_each_step_once_in_order_over_its_label(here):
    assert render("-o", "new.png", "--size", "100x50", "--sheet", "30,2,500,30,9,40") == (
        "Saved new.png: 440x172 pixels\n"
    )
    (whole,), _ = decoded("new.png")
    for k, steps in enumerate((2, 9, 30, 40, 500)):
        left, top = 8 + k % 4 * 108, 8 + k // 4 * 82
        assert np.array_equal(whole[top : top + 50, left : left + 100], grown(steps, 100, 50))
        label = whole[top + 50 : top + 74, left : left + 100]
        assert (label < 128).any() and (label == 255).mean() > 0.5
    assert (whole[90:, 8 + 108 :] == 255).all()  # nothing beyond the last


def test_labels_differ_and_have_room_over_small_pictures():
    steps = (1, 100_000)
    black = np.zeros((4, 4, 3), np.uint8)
    whole = sheet(lambda steps: (black for _ in steps), steps)
    first, second = np.split(whole[12:], 2, axis=1)
    assert not np.array_equal(first, second)
    assert (whole[:, -8:] == 255).all()


# MP4


def test_an_mp4_looks_like_its_pictures(here, ffmpeg, lava):
    large = lava[:20].repeat(2, 1).repeat(2, 2)
    Path("new.mp4").write_bytes(encode(large, ".mp4", 20))
    command = [ffmpeg, "-v", "info", "-i", "new.mp4", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    ran = subprocess.run(command, capture_output=True, check=True)
    pictures = np.frombuffer(ran.stdout, np.uint8).reshape(large.shape)
    error = pictures.astype(float) - large
    assert np.abs(error).mean() < 8
    assert np.abs(error.mean(axis=(0, 1, 2))).max() < 3  # no colour is off
    told = ran.stderr.decode()
    assert "Duration: 00:00:01.00" in told
    assert "yuv420p(tv, bt709" in told


def test_render_writes_an_mp4(here, ffmpeg):
    render("-o", "new.mp4", "--size", "24x16", "--steps", 3, "--frames", 4)
    assert Path("new.mp4").read_bytes()[4:8] == b"ftyp"


def refused(*args):
    """The one line that a command fails with; it leaves no file."""
    before = sorted(Path().iterdir())
    result = nca("render", "moss.nca.json", *args)
    assert result.exit_code == 1
    assert sorted(Path().iterdir()) == before
    return result.stderr


def test_without_ffmpeg_the_alternatives_are_named(here, monkeypatch):
    monkeypatch.setenv("PATH", str(here))
    expected = "Error: no ffmpeg on PATH, which MP4 needs: install it, or name a .webp or .gif file\n"
    assert refused("-o", "new.mp4") == expected


def test_an_ffmpeg_that_fails_says_why(here, monkeypatch):
    (here / "bin").mkdir()
    program = here / "bin" / "ffmpeg"
    program.write_text("#!/bin/sh\ncat > /dev/null\necho 'first' >&2\necho \"Unknown encoder 'libx264'\" >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(here / "bin"), prepend=os.pathsep)
    expected = "Error: ffmpeg failed: Unknown encoder 'libx264'; name a .webp or .gif file instead\n"
    assert refused("-o", "new.mp4", "--size", "8", "--steps", 1, "--frames", 2) == expected


# Limits


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((".png", 1, 16_384, 4), "a picture of 16384x4 pixels: expected at most 16,383 a side"),
        ((".gif", 200, 4096, 4096), "200 pictures of 4096x4096 pixels: expected at most 2,147,483,648 bytes in all"),
        ((".mp4", 2, 97, 62), "a movie of 97x62 pixels: MP4 needs even sides; --scale 2 makes them even"),
    ],
)
def test_what_cannot_be_encoded_is_refused_before_the_work(arguments, error, ffmpeg):
    with pytest.raises(UserError) as refused:
        check_encodable(*arguments)
    assert str(refused.value) == error


# Stand-ins


@pytest.fixture(scope="module")
def loop():
    view = partial(snapshots, RULE, size=(128, 128), scale=2)
    return np.array(film(view, steps=1000, frames=20, every=5, loop=True))


def exported(name, *options):
    result = nca("export", "moss.nca.json", *options)
    assert result.output.startswith(f"Saved {name}: "), result.output
    return decoded(name)


def test_export_writes_a_tile(here):
    pictures, _ = exported("moss.png", "--format", "png")
    assert np.array_equal(pictures, list(snapshots(RULE, [1000], (128, 128), scale=2)))


@pytest.mark.parametrize(("detail", "cells", "pixels"), [(1, 128, 2), (2, 128, 2), (4, 64, 4), (8, 64, 8)])
def test_a_tile_of_a_decoder_has_its_detail(detail, cells, pixels):
    decoder = replace(DECODER, detail=detail)
    content = FORMATS["png"].files(Bundle.of(RULE, "Crisp", decoder=decoder))[""]
    expected = snapshots(RULE, [1000], (cells, cells), decoder=decoder, detail=pixels)
    assert np.array_equal(decoded(io.BytesIO(content))[0], list(expected))


def test_a_poster_has_twice_the_pixels_where_a_decoder_paints_them():
    sizes = [Image.open(io.BytesIO(poster)).size for poster in posters([Bundle.of(RULE, "Moss"), CRISP])]
    assert sizes == [(96, 96), (192, 192)]


def test_export_writes_a_loop(here, loop):
    pictures, durations = exported("loop.webp", "-o", "loop.webp")
    assert np.array_equal(pictures, loop)
    assert durations == [100] * 20


def test_export_writes_a_loop_of_fewer_colours(here, loop):
    pictures, durations = exported("loop.gif", "-o", "loop.gif")
    assert np.abs(pictures.astype(int) - loop).mean() < 4
    assert durations == [100] * 20


# In a page


@pytest.fixture
def site(browser, here, loop):
    """Opens the page of docs/pictures.md, with all files that it names: site(**options of the browser's context)."""
    page, head = re.findall(r"```html\n(.*?)```", (ROOT / "docs" / "pictures.md").read_text(), re.DOTALL)
    Path("index.html").write_text(f"<!doctype html><title>Moss</title>{head}{page}")
    Path("nca.js").write_bytes(FORMATS["module"].files(Bundle.of(RULE, "Moss"))["nca.js"])
    for name in ("moss.png", "moss.webp"):
        Path(name).write_bytes(encode(loop, Path(name).suffix, 10))
    contexts = []

    def site(prepare=lambda tab: None, **options):
        contexts.append(browser.new_context(**options))
        tab = contexts[-1].new_page()
        tab.route("**/*", lambda route: route.fulfill(path=here / (route.request.url.split("/")[-1] or "index.html")))
        prepare(tab)
        tab.goto("http://moss.test/")
        return tab

    yield site
    for context in contexts:
        context.close()


def shot(tab, selector):
    with Image.open(io.BytesIO(tab.locator(selector).screenshot())) as image:
        return np.asarray(image.convert("RGB"))


def test_in_a_page_the_texture_or_what_stands_in_for_it(site):
    (tile,), _ = decoded("moss.png")

    living = site()
    living.wait_for_timeout(1000)
    assert not np.array_equal(shot(living, "canvas"), np.tile(tile, (2, 2, 1)))
    assert shot(living, "canvas").std() > 10
    assert living.locator("img").count() == 0

    none = "HTMLCanvasElement.prototype.getContext = () => null"
    assert np.array_equal(shot(site(lambda tab: tab.add_init_script(none)), "canvas"), np.tile(tile, (2, 2, 1)))

    without_scripts = site(java_script_enabled=False)
    image = without_scripts.locator("img")
    assert image.bounding_box()["width"] == 512
    assert shot(without_scripts, "img").std() > 10


def test_a_links_preview_has_the_size_that_its_page_says(here):
    head = (ROOT / "docs" / "pictures.md").read_text()
    render("-o", "card.png", "--size", "600x315", "--detail", 2, "--steps", 1)
    assert "-o card.png --size 600x315 --detail 2" in head
    with Image.open("card.png") as image:
        assert [int(side) for side in re.findall(r'og:image:(?:width|height)" content="(\d+)"', head)] == list(
            image.size
        )
