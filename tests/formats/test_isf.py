"""The ISF file, run as text by a page that does what the format's specification says."""

import base64
import json
import re
import subprocess
from dataclasses import replace

import numpy as np
import pytest
from test_glsl import COMPILER

from command import done
from decoders import random_decoder
from nca.export.bundle import Bundle, load_bundle
from nca.export.formats.registry import FORMATS
from nca.rule.decode import decode
from nca.rule.decoder import DETAILS
from nca.rule.reference import erase, reference_rollout, rgb_bytes, seed_state
from paths import EXAMPLES, LAVA
from rules import random_rule
from textures import BASE64

PAGE = EXAMPLES / "isf.html"
WIDTH, HEIGHT = 44, 31
RADIUS = 20  # as the file's input defaults to
HOST = """#version {}
precision highp float;
precision highp int;
uniform int PASSINDEX, FRAMEINDEX, pixels;
uniform vec2 RENDERSIZE, brush;
uniform float seed, radius;
uniform bool restart, wipe;
uniform sampler2D {};
in vec2 isf_FragNormCoord;
out vec4 isf_FragColor;
#define gl_FragColor isf_FragColor
#define IMG_SIZE(image) vec2(textureSize(image, 0))
"""


def render(rule, name="Moss", decoder=None):
    return FORMATS["isf"].files(Bundle.of(rule, name, decoder=decoder))[""].decode()


def split(text):
    """What the JSON in the comment says, and the shader."""
    fields, shader = re.match(r"/\*(.*?)\*/(.*)", text, re.DOTALL).groups()
    return json.loads(fields), shader


@pytest.fixture
def open_file(new_tab):
    """Opens a file in the page, as someone who chooses it, and leaves it before the first frame, a pixel a cell."""

    def open_file(text, until="host"):
        page = new_tab(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(PAGE.as_uri() + "#paused")
        page.set_input_files("input", {"name": "moss.fs", "mimeType": "text/plain", "buffer": text.encode()})
        page.wait_for_function(until)
        if until == "host":
            page.evaluate("host.values.pixels = 1")
        return page

    return open_file


def draw(page, frames):
    page.evaluate("(frames) => { for (; frames; frames--) host.draw(); }", frames)


def resize(page, width, height):
    page.evaluate("([width, height]) => { Object.assign(host.canvas, { width, height }); }", [width, height])


def fetch(page, call, size, kind):
    """What a method of the page's host reads, (height, width, 4)."""
    (width, height), data = page.evaluate(f"[{size}, ({BASE64})(host.{call})]")
    return np.frombuffer(base64.b64decode(data), kind).reshape(height, width, 4)


def state(page, channels):
    """(C, height, width) of the persistent buffers, whose first row is the grid's."""
    names = [f"state{k}" for k in range(channels // 4)]
    buffers = [fetch(page, f"read('{name}')", f"host.buffers.{name}.size", "<f4") for name in names]
    return np.concatenate(buffers, axis=2).transpose(2, 0, 1)


def picture(page):
    """(height, width, 3), top row first."""
    return fetch(page, "pixels()", "[host.canvas.width, host.canvas.height]", np.uint8)[::-1, :, :3]


def grown(rule, steps, *, seed=0, width=WIDTH, height=HEIGHT):
    return reference_rollout(rule, seed_state(rule, height, width), steps, seed=seed)


def assert_shows(page, rule, expected, scale=1):
    assert np.array_equal(state(page, rule.channels), expected.numpy())
    assert np.array_equal(picture(page), rgb_bytes(expected).repeat(scale, 0).repeat(scale, 1))


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
def test_every_channel_and_byte_equal_torch(open_file, channels, hidden, steps):
    rule = random_rule(channels, hidden, seed=1)
    page = open_file(render(rule))
    draw(page, 1)
    assert_shows(page, rule, grown(rule, 0))
    for before, step in zip((0, *steps), steps, strict=False):
        draw(page, step - before)
        assert_shows(page, rule, grown(rule, step))
    assert grown(rule, steps[-1]).any(dim=0).float().mean() > 0.9


@pytest.mark.parametrize("update", [1, 77, 256])
def test_update_rates(open_file, update):
    rule = random_rule(8, 8, seed=2, update=update)
    page = open_file(render(rule))
    draw(page, 21)
    assert_shows(page, rule, grown(rule, 20))


def test_sixteen_bit_buffers_hold_the_state_at_both_limits(open_file):
    rule = replace(random_rule(8, 8, seed=1), k2=np.ones(8, int))
    page = open_file(render(rule))
    page.evaluate("host.float = host.gl.RGBA16F")
    draw(page, 21)
    expected = grown(rule, 20)
    assert_shows(page, rule, expected)
    assert (expected.min(), expected.max()) == (-2047, 2047)


def test_the_seed_is_an_input(open_file):
    rule = random_rule(8, 8, seed=1)
    page = open_file(render(rule))
    page.evaluate("host.values.seed = 9999")
    draw(page, 11)
    assert_shows(page, rule, grown(rule, 10, seed=9999))


def test_a_cell_of_several_pixels(open_file):
    rule = random_rule(4, 8, seed=1)
    page = open_file(render(rule))
    page.evaluate("host.values.pixels = 4")
    resize(page, 4 * WIDTH, 4 * HEIGHT)
    draw(page, 11)
    assert_shows(page, rule, grown(rule, 10), scale=4)


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize(("channels", "units", "grain"), [(4, 8, 0), (8, 12, 1), (12, 16, 2), (16, 32, 4)])
def test_a_decoder_paints_torchs_bytes(open_file, channels, units, grain, detail):
    rule, decoder = random_rule(channels, 16, seed=1), random_decoder(channels, units, grain, skip=units != 12)
    page = open_file(render(rule, decoder=decoder))
    page.evaluate("(detail) => { host.values.pixels = detail; }", detail)
    resize(page, detail * WIDTH, detail * HEIGHT)
    draw(page, 12)
    expected = grown(rule, 11)
    assert np.array_equal(state(page, channels), expected.numpy())
    assert np.array_equal(picture(page), decode(decoder, expected, detail))


def test_a_decoders_own_detail_is_the_default():
    decoder = replace(random_decoder(8, 16), detail=2)
    defaults = [
        next(each["DEFAULT"] for each in split(text)[0]["INPUTS"] if each["NAME"] == "pixels")
        for text in (render(random_rule(8, 16), decoder=decoder), render(random_rule(8, 16)))
    ]
    assert defaults == [2, 4]


@pytest.mark.parametrize("channels", [4, 12])
def test_the_brush_wipes_after_each_step_and_the_hole_regrows(open_file, channels):
    rule = random_rule(channels, 8, seed=1)
    page = open_file(render(rule))
    draw(page, 31)
    expected = grown(rule, 30)

    page.mouse.move(5, 3)
    page.mouse.down()
    for step, (x, y) in enumerate([(5, 3), (5, 3), (40, 30)], start=30):  # the last across the torus's corner
        page.mouse.move(x, y)
        draw(page, 1)
        expected = erase(reference_rollout(rule, expected, 1, seed=0, first=step), x, y, RADIUS)
        assert_shows(page, rule, expected)
    page.mouse.up()
    page.mouse.move(20, 20)

    draw(page, 20)
    expected = reference_rollout(rule, expected, 20, seed=0, first=33)
    assert_shows(page, rule, expected)
    assert expected.any(dim=0).float().mean() > 0.9


@pytest.mark.parametrize(("width", "height"), [(WIDTH + 9, HEIGHT + 6), (WIDTH - 9, HEIGHT), (WIDTH, HEIGHT - 20)])
def test_another_size_begins_anew_at_step_0(open_file, width, height):
    rule = random_rule(12, 8, seed=1)
    page = open_file(render(rule))
    draw(page, 20)
    resize(page, width, height)
    draw(page, 1)
    assert_shows(page, rule, grown(rule, 0, width=width, height=height))
    draw(page, 15)
    assert_shows(page, rule, grown(rule, 15, width=width, height=height))


def test_restarting_begins_anew_at_step_0(open_file):
    rule = random_rule(8, 8, seed=1)
    page = open_file(render(rule))
    draw(page, 20)
    page.evaluate("host.values.restart = true")
    draw(page, 1)
    assert_shows(page, rule, grown(rule, 0))
    draw(page, 12)
    assert_shows(page, rule, grown(rule, 12))


def test_steps_are_counted_past_2048(open_file):
    """In two numbers of 11 bits each: the second counts what the first carries over."""
    rule = random_rule(4, 4, seed=1)
    page = open_file(render(rule))
    resize(page, 3, 2)
    draw(page, 2054)
    assert_shows(page, rule, grown(rule, 2053, width=3, height=2))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("if (k == 1) return texelFetch(state1", "if (k == 1) return texelFetch(next1"),  # not yet in its place
        ("uint(m.z) + 2048u", "uint(m.z) + 1u + 2048u"),
        ("- 12. * s", "- 12. * s + 1."),
    ],
)
def test_a_mistake_is_found(open_file, right, wrong):
    rule = random_rule(8, 8, seed=1)
    text = render(rule)
    assert right in text
    page = open_file(text.replace(right, wrong))
    draw(page, 21)
    assert not np.array_equal(state(page, 8), grown(rule, 20).numpy())


def test_a_file_that_does_not_compile_says_so(open_file):
    text = render(random_rule(4, 4)).replace("uint hash(uint x)", "uint hash(uint y)")
    open_file(text, until="document.body.innerText.includes(\"'x' : undeclared\")")


@pytest.mark.parametrize("decoded", [False, True])
@pytest.mark.parametrize("channels", [4, 8, 12, 16])
def test_the_header_declares_every_buffer_and_input_that_the_shader_uses(channels, decoded):
    decoder = random_decoder(channels, 16) if decoded else None
    fields, shader = split(render(random_rule(channels, 4), decoder=decoder))
    targets = [each.get("TARGET") for each in fields["PASSES"]]
    count = channels // 4
    assert targets == [*(f"next{k}" for k in range(count)), *(f"state{k}" for k in range(count)), "memory", None]
    assert [each for each in fields["PASSES"][:-1] if not each["FLOAT"]] == []
    assert set(re.findall(r"texelFetch\((\w+)", shader)) == {target for target in targets if target}
    inputs = {each["NAME"] for each in fields["INPUTS"]} - {"pixels"}  # only the buffers' sizes need it
    code = re.sub(r"//.*", "", shader)
    assert {name for name in inputs if re.search(rf"\b{name}\b", code)} == inputs
    assert {each["WIDTH"] for each in fields["PASSES"][: 2 * count]} == {"floor($WIDTH / $pixels)"}


@pytest.mark.skipif(not COMPILER, reason="glslangValidator is not installed")
@pytest.mark.parametrize("version", ["130", "300 es", "330", "450"])
@pytest.mark.parametrize("decoded", [False, True])
@pytest.mark.parametrize("channels", [4, 16])
def test_an_independent_compiler_takes_it_in_every_dialect(tmp_path, version, channels, decoded):
    decoder = random_decoder(channels, 16, 4) if decoded else None
    fields, shader = split(render(random_rule(channels, 128), decoder=decoder))
    targets = ", ".join(each["TARGET"] for each in fields["PASSES"][:-1])
    (tmp_path / "isf.frag").write_text(HOST.format(version, targets) + shader)
    compiled = subprocess.run([COMPILER, "isf.frag"], cwd=tmp_path, capture_output=True, text=True)
    assert compiled.returncode == 0, compiled.stdout


def test_no_name_ends_the_comment():
    fields, _ = split(render(random_rule(4, 4), 'Moss */ "void main() {}'))
    assert fields["DESCRIPTION"] == 'Moss */ "void main() {}: a living texture'


def test_the_command_writes_the_file(tmp_path):
    output = tmp_path / "lava.fs"
    done("export", LAVA, "--format", "isf", "-o", output)
    assert output.read_bytes() == FORMATS["isf"].files(load_bundle(LAVA))[""]


def test_the_same_rule_gives_the_same_bytes():
    assert render(random_rule(12, 48)) == render(random_rule(12, 48))
