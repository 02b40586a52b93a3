"""The tabs for Shadertoy, run as text by a page that does what Shadertoy does."""

import base64
import re
from dataclasses import replace

import numpy as np
import pytest

from command import nca
from decoders import heaviest_decoder, random_decoder
from nca.export.bundle import Bundle, load_bundle
from nca.export.formats.registry import FORMATS
from nca.rule.decode import decode
from nca.rule.decoder import DETAILS
from nca.rule.reference import erase, reference_rollout, rgb_bytes, seed_state
from paths import EXAMPLES, LAVA
from rules import random_rule
from textures import BASE64

PAGE = EXAMPLES / "shadertoy.html"
WIDTH, HEIGHT = 44, 31
BRUSH = 20  # as Common defines it


def tabs(rule, decoder=None):
    return FORMATS["shadertoy"].files(Bundle.of(rule, "Moss", decoder=decoder))


def at_detail(files, detail):
    """The tabs with another number in Common."""
    assert files["common.glsl"].count(b"DETAIL 4") == 1
    return files | {"common.glsl": files["common.glsl"].replace(b"DETAIL 4", b"DETAIL %d" % detail)}


@pytest.fixture
def open_tabs(new_tab):
    """Opens tabs in the page, as someone who chooses the files, and leaves them before the first frame."""

    def open_tabs(files, until="toy"):
        page = new_tab(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(PAGE.as_uri() + "#paused")
        page.set_input_files(
            "input", [{"name": name, "mimeType": "text/plain", "buffer": text} for name, text in files.items()]
        )
        page.wait_for_function(until)
        return page

    return open_tabs


def draw(page, frames):
    page.evaluate("(frames) => { for (; frames; frames--) toy.draw(); }", frames)


def fetch(page, call, kind):
    """What a method of the page's toy reads, (height, width, 4)."""
    width, height, data = page.evaluate(f"[toy.canvas.width, toy.canvas.height, ({BASE64})(toy.{call})]")
    return np.frombuffer(base64.b64decode(data), kind).reshape(height, width, 4)


def state(page, channels):
    """(C, height, width): the whole parts of the buffers, whose first row is the grid's."""
    buffers = [fetch(page, f"read('{name}')", "<f4") for name in "ABCD"[: channels // 4]]
    return np.floor(np.concatenate(buffers, axis=2)).transpose(2, 0, 1)


def picture(page):
    """(height, width, 3), top row first."""
    return fetch(page, "pixels()", np.uint8)[::-1, :, :3]


def grown(rule, steps, *, seed=0, width=WIDTH, height=HEIGHT):
    return reference_rollout(rule, seed_state(rule, height, width), steps, seed=seed)


def assert_shows(page, rule, expected):
    assert np.array_equal(state(page, rule.channels), expected.numpy())
    assert np.array_equal(picture(page), rgb_bytes(expected))


@pytest.mark.parametrize(
    ("channels", "hidden", "steps"),
    [
        (4, 8, (1, 2, 10, 60)),
        (8, 32, (1, 2, 10, 60)),
        (12, 16, (1, 2, 10)),
        (16, 16, (1, 2, 10)),
        pytest.param(12, 48, (1, 2, 10, 60), marks=pytest.mark.rare),  # large shaders take seconds to compile
        pytest.param(16, 128, (1, 2, 10), marks=pytest.mark.rare),
    ],
)
def test_every_channel_and_byte_equal_torch(open_tabs, channels, hidden, steps):
    rule = random_rule(channels, hidden, seed=1)
    page = open_tabs(tabs(rule))
    draw(page, 1)
    assert_shows(page, rule, grown(rule, 0))
    for before, step in zip((0, *steps), steps, strict=False):
        draw(page, step - before)
        assert_shows(page, rule, grown(rule, step))
    assert grown(rule, steps[-1]).any(dim=0).float().mean() > 0.9


def test_the_seed_stands_in_common(open_tabs):
    rule = random_rule(8, 32, seed=1)
    files = tabs(rule)
    page = open_tabs(files | {"common.glsl": files["common.glsl"].replace(b"SEED 0u", b"SEED 4000000000u")})
    draw(page, 11)
    assert_shows(page, rule, grown(rule, 10, seed=4_000_000_000))


@pytest.mark.parametrize("update", [1, 77, 256])
def test_update_rates(open_tabs, update):
    rule = random_rule(8, 8, seed=2, update=update)
    page = open_tabs(tabs(rule))
    draw(page, 21)
    assert_shows(page, rule, grown(rule, 20))


def test_states_at_both_limits_leave_the_fractions_room(open_tabs):
    rule = replace(random_rule(8, 8, seed=1), k2=np.ones(8, int))
    page = open_tabs(tabs(rule))
    draw(page, 21)
    expected = grown(rule, 20)
    assert_shows(page, rule, expected)
    assert (expected.min(), expected.max()) == (-2047, 2047)


@pytest.mark.parametrize("channels", [4, 12])
def test_a_pressed_mouse_wipes_after_each_step_and_the_hole_regrows(open_tabs, channels):
    rule = random_rule(channels, 8, seed=1)
    page = open_tabs(tabs(rule))
    draw(page, 31)
    expected = grown(rule, 30)

    page.mouse.move(5, 3)
    page.mouse.down()
    for step, (x, y) in enumerate([(5, 3), (5, 3), (40, 30)], start=30):  # the last across the torus's corner
        page.mouse.move(x, y)
        draw(page, 1)
        expected = erase(reference_rollout(rule, expected, 1, seed=0, first=step), x, y, BRUSH)
        assert_shows(page, rule, expected)
    page.mouse.up()
    page.mouse.move(20, 20)

    draw(page, 20)
    expected = reference_rollout(rule, expected, 20, seed=0, first=33)
    assert_shows(page, rule, expected)
    assert expected.any(dim=0).float().mean() > 0.9


@pytest.mark.parametrize(("width", "height"), [(WIDTH + 9, HEIGHT + 6), (WIDTH - 9, HEIGHT), (WIDTH, HEIGHT - 20)])
def test_a_resize_begins_anew_at_step_0(open_tabs, width, height):
    rule = random_rule(12, 8, seed=1)
    page = open_tabs(tabs(rule))
    draw(page, 20)
    page.evaluate("([width, height]) => toy.resize(width, height)", [width, height])
    draw(page, 1)
    assert_shows(page, rule, grown(rule, 0, width=width, height=height))
    draw(page, 15)
    assert_shows(page, rule, grown(rule, 15, width=width, height=height))


@pytest.mark.parametrize("late", ["A", "B"])
def test_rewinding_begins_anew_and_in_step_where_a_buffer_was_compiled_late(open_tabs, late):
    rule = random_rule(8, 8, seed=1)
    page = open_tabs(tabs(rule))
    page.evaluate("(late) => { toy.all = toy.passes; toy.passes = toy.all.filter((p) => p.output != late); }", late)
    draw(page, 5)
    page.evaluate("toy.passes = toy.all")
    draw(page, 15)
    page.evaluate("toy.rewind()")
    draw(page, 13)
    assert_shows(page, rule, grown(rule, 12))


def test_steps_are_counted_past_4096(open_tabs):
    """In two fractions of 12 bits each: the second counts what the first carries over."""
    rule = random_rule(4, 4, seed=1)
    page = open_tabs(tabs(rule))
    page.evaluate("toy.resize(3, 2)")
    draw(page, 4102)
    assert_shows(page, rule, grown(rule, 4101, width=3, height=2))


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("buffer_b.glsl", b"see(iChannel0, true", b"see(iChannel0, false"),  # what A has just made of its state
        ("common.glsl", b"return fract(lane) * 4096.", b"return fract(lane) * 4095."),
        ("common.glsl", b"- 12. * s", b"- 12. * s + 1."),
    ],
)
def test_a_mistake_is_found(open_tabs, name, right, wrong):
    rule = random_rule(8, 8, seed=1)
    files = tabs(rule)
    assert right in files[name]
    page = open_tabs(files | {name: files[name].replace(right, wrong)})
    draw(page, 21)
    assert not np.array_equal(state(page, 8), grown(rule, 20).numpy())


def test_a_tab_that_does_not_compile_says_so(open_tabs):
    """Common must do without the uniforms: Shadertoy compiles it alone, too."""
    files = tabs(random_rule(4, 4)) | {"common.glsl": b"float f() { return iTime; }"}
    open_tabs(files, until="document.body.innerText.includes('iTime')")


def assert_decodes(page, decoder, expected, detail):
    """The upper left corner of each buffer holds the grid, and the picture is torch's, as far as it reaches."""
    _, height, width = expected.shape
    assert np.array_equal(state(page, decoder.channels)[:, :height, :width], expected.numpy())
    shown, whole = picture(page), decode(decoder, expected, detail)
    assert np.array_equal(shown, np.tile(whole, (2, 2, 1))[: len(shown), : len(shown[0])])


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize(("channels", "units", "grain"), [(4, 8, 0), (8, 12, 1), (12, 16, 2), (16, 32, 4)])
def test_image_decodes_torchs_bytes(open_tabs, channels, units, grain, detail):
    """The picture is no multiple of 2, 4 or 8 pixels: at its right and bottom the torus begins again."""
    rule, decoder = random_rule(channels, 16, seed=1), random_decoder(channels, units, grain, skip=units != 12)
    page = open_tabs(at_detail(tabs(rule, decoder), detail))
    width, height = WIDTH // detail, HEIGHT // detail
    draw(page, 1)
    assert_decodes(page, decoder, grown(rule, 0, width=width, height=height), detail)
    draw(page, 20)
    assert_decodes(page, decoder, grown(rule, 20, width=width, height=height), detail)
    page.evaluate("toy.resize(9, 70)")
    draw(page, 12)
    expected = grown(rule, 11, width=max(1, 9 // detail), height=70 // detail)
    assert_decodes(page, decoder, expected, detail)


def test_the_largest_sums_are_exact(open_tabs):
    rule, decoder = replace(random_rule(16, 16, seed=1), k2=np.ones(16, int)), heaviest_decoder(16, 64, 4)
    page = open_tabs(tabs(rule, decoder))
    draw(page, 21)
    assert_decodes(page, decoder, grown(rule, 20, width=WIDTH // 4, height=HEIGHT // 4), 4)


@pytest.mark.parametrize("detail", [2, 4])
def test_the_mouse_wipes_the_cells_under_it(open_tabs, detail):
    rule, decoder = random_rule(8, 16, seed=1), random_decoder(8, 8, 2)
    files = at_detail(tabs(rule, decoder), detail)
    page = open_tabs(files | {"common.glsl": files["common.glsl"].replace(b"BRUSH 20", b"BRUSH 3")})
    draw(page, 31)
    page.mouse.move(13, 22)
    page.mouse.down()
    draw(page, 1)
    expected = grown(rule, 31, width=WIDTH // detail, height=HEIGHT // detail)
    assert_decodes(page, decoder, erase(expected, 13 // detail, 22 // detail, 3), detail)


@pytest.mark.parametrize("decoded", [False, True])
@pytest.mark.parametrize("channels", [4, 8, 12, 16])
def test_the_folder_is_complete_and_the_readme_names_the_wiring_of_each_tab(channels, decoded):
    decoder = random_decoder(channels, 64, 4) if decoded else None
    files = {name: text.decode() for name, text in tabs(random_rule(channels, 128), decoder).items()}
    buffers = "abcd"[: channels // 4]
    assert list(files) == ["common.glsl", *(f"buffer_{name}.glsl" for name in buffers), "image.glsl", "README.txt"]
    readme = files.pop("README.txt")
    assert readme.startswith("Moss")
    for name, text in files.items():
        wiring = re.findall(r"iChannel\d = Buffer [A-D]", text)
        line = next(line for line in readme.splitlines() if line.startswith(name))
        assert re.findall(r"iChannel\d = Buffer [A-D]", line) == wiring
        assert set(re.findall(r"\biChannel\d\b", text)) == {entry[:9] for entry in wiring}
        assert len(text) < 65_536


def test_the_command_writes_the_folder_and_replaces_only_its_own(tmp_path):
    command = ["export", LAVA, "--format", "shadertoy", "-o", tmp_path / "tabs"]
    for options, code in (([], 0), ([], 1), (["--force"], 0)):
        assert nca(*command, *options).exit_code == code
    written = {path.name: path.read_bytes() for path in (tmp_path / "tabs").iterdir()}
    assert written == FORMATS["shadertoy"].files(load_bundle(LAVA))
    (tmp_path / "tabs" / "common.glsl").unlink()
    assert nca(*command, "--force").exit_code == 1


def test_the_same_rule_gives_the_same_bytes():
    assert tabs(random_rule(12, 48)) == tabs(random_rule(12, 48))
