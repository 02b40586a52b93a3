"""`--format module`, and the runtime in one WebGL context with three.js, p5.js and regl from npm."""

import base64
import gzip
import json
import re
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from command import nca
from decoders import random_decoder
from nca.export.bundle import Bundle
from nca.export.formats.registry import FORMATS
from nca.rule.decode import decode
from nca.rule.reference import erase, reference_rollout, rgb_bytes, seed_state
from packages import install, needs_npm
from paths import ROOT
from rules import random_rule
from server import serve
from textures import BASE64, ask, pixels, state

RULE = random_rule(12, 32, seed=6)
PURPLE = random_rule(12, 32, seed=1)  # grows all purple
WIDTH, HEIGHT = 37, 22
LIBRARIES = ("three", "p5", "regl")

# Frames are drawn, and time passes, when the test says so.
FRAMES = """
  let now = 0;
  const waiting = [];
  performance.now = () => now;
  globalThis.requestAnimationFrame = (call) => waiting.push(call);
  globalThis.frame = () => { now += 17; waiting.splice(0).forEach((call) => call(now)); };
"""
PAGE = """<!doctype html><link rel="icon" href="data:,"><main></main>
<script src="/node_modules/regl/dist/regl.min.js"></script>
<script type="importmap">{ "imports": {
  "three": "/node_modules/three/build/three.module.js", "p5": "/node_modules/p5/lib/p5.esm.min.js",
  "three/webgpu": "/node_modules/three/build/three.webgpu.js"
} }</script>"""
START = """async ([name, width, height, bundle]) => {
  const side = bundle?.decoder?.detail ?? 1; // the canvas has as many pixels as the texture has texels
  const { create } = await import("/viewer/runtime/nca.js");
  const library = await (await import("/tests/support/libraries.js"))[name](width, height);
  const { gl } = library;
  let nca;
  if (bundle) library.share(() => (nca = create(gl, bundle, { width: width / side, height: height / side, seed: 5 })));
  const read = () => {
    const bytes = new Uint8Array(4 * width * height);
    library.share(() => {
      gl.bindFramebuffer(gl.FRAMEBUFFER, null);
      gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
    });
    return bytes;
  };
  Object.assign(globalThis, { library, nca, gl, read });
}"""


@pytest.fixture(scope="module")
def root():
    """The repository's root on a static server, npm's packages in it."""
    install()
    with serve(ROOT) as site:
        yield site.address


@pytest.fixture
def open_tab(complaining_tab):
    """Opens an address; the tab's `complaints` holds what went to the console, errors, and requests elsewhere."""

    def open_tab(address, frames=True):
        tab = complaining_tab(viewport={"width": 480, "height": 320}, within=address.split("/")[2], fresh=frames)
        tab.route("**/lava.nca.json", lambda route: route.fulfill(body=Bundle.of(PURPLE, "Moss").to_json()))
        tab.route("**/page.html", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
        if frames:
            tab.add_init_script(FRAMES)
        tab.goto(address)
        return tab

    return open_tab


def grown(steps, width=WIDTH, height=HEIGHT, seed=5, rule=RULE):
    return reference_rollout(rule, seed_state(rule, height, width), steps, seed=seed)


@needs_npm
@pytest.mark.parametrize("name", LIBRARIES)
class TestSharedContext:
    @pytest.fixture
    def tab(self, open_tab, root, name):
        tab = open_tab(f"{root}/page.html", frames=False)
        tab.evaluate(START, [name, WIDTH, HEIGHT, Bundle.of(RULE, "Moss").fields()])
        return tab

    def test_neither_disturbs_the_other(self, tab, open_tab, root, name):
        """The library's frames are what they are without the texture; the state is torch's."""
        alone = open_tab(f"{root}/page.html", frames=False)
        alone.evaluate(START, [name, WIDTH, HEIGHT, None])
        for frame in range(6):
            tab.evaluate("library.share(() => { nca.step(3); nca.toTexture(); })")
            for each in (tab, alone):
                each.evaluate("(frame) => library.busy(frame)", frame)
            tab.evaluate("library.share(() => nca.erase(4, 4, 0))")
            assert np.array_equal(shown(tab), shown(alone))
        assert len(np.unique(shown(alone))) > 20
        expected = seed_state(RULE, HEIGHT, WIDTH)
        for first in range(0, 18, 3):
            expected = erase(reference_rollout(RULE, expected, 3, seed=5, first=first), 4, 4, 0)
        assert np.array_equal(found(tab), expected.numpy())
        assert tab.evaluate("gl.getError()") == 0
        assert tab.complaints == alone.complaints

    def test_the_library_shows_the_pictures_bytes(self, tab, name):
        tab.evaluate("library.share(() => nca.step(40))")
        tab.evaluate("library.busy(1)")
        tab.evaluate("library.flat(nca)")
        expected = rgb_bytes(grown(40))
        assert len(np.unique(expected)) > 100
        assert np.array_equal(shown(tab), expected)
        assert tab.complaints == []

    def test_the_library_shows_a_decoders_bytes(self, open_tab, root, name):
        decoder = random_decoder(12, 16, 2)
        tab = open_tab(f"{root}/page.html", frames=False)
        size = [side * decoder.detail for side in (WIDTH, HEIGHT)]
        tab.evaluate(START, [name, *size, Bundle.of(RULE, "Moss", decoder=decoder).fields()])
        tab.evaluate("library.share(() => nca.step(40))")
        tab.evaluate("library.busy(1)")
        tab.evaluate("library.flat(nca)")
        assert np.array_equal(shown(tab, decoder.detail), decode(decoder, grown(40), decoder.detail))
        assert tab.complaints == []

    def test_a_lost_context_comes_back_with_its_state(self, tab, name):
        if name == "p5":
            pytest.skip("p5.js does not restore a context")
        tab.evaluate("library.share(() => nca.step(40))")
        tab.evaluate("library.flat(nca)")
        tab.evaluate("(globalThis.loss = gl.getExtension('WEBGL_lose_context')).loseContext()")
        tab.wait_for_function("gl.isContextLost()")
        tab.evaluate("() => { library.share(() => nca.step(2)); library.flat(nca); }")
        tab.evaluate("setTimeout(() => loss.restoreContext())")
        tab.wait_for_function("!gl.isContextLost()")
        tab.evaluate("library.share(() => nca.step(3))")
        tab.evaluate("library.flat(nca)")
        assert np.array_equal(shown(tab), rgb_bytes(grown(45)))
        assert np.array_equal(found(tab), grown(45).numpy())
        assert all("lost" in text.lower() or "restored" in text.lower() for text in tab.complaints)


def shown(tab, side=1):
    """The canvas, whose cells have this side: (height, width, 3), top row first."""
    data = base64.b64decode(tab.evaluate(f"({BASE64})(read())"))
    return np.frombuffer(data, np.uint8).reshape(HEIGHT * side, WIDTH * side, 4)[::-1, :, :3]


def found(tab):
    """The state: (C, height, width)."""
    data = base64.b64decode(tab.evaluate(f"({BASE64})(nca.read())"))
    return np.frombuffer(data, "<i2").reshape(-1, HEIGHT, WIDTH)


@needs_npm
@pytest.mark.parametrize("name", LIBRARIES)
class TestExamples:
    @pytest.fixture
    def tab(self, open_tab, root, name):
        tab = open_tab(f"{root}/examples/{name}.html")
        for _ in range(200):
            tab.evaluate("frame()")
            if tab.evaluate("document.querySelector('canvas')?.nca?.stepCount > 1"):
                return tab
            tab.wait_for_timeout(50)
        pytest.fail(f"no frames: {tab.complaints}")

    def test_a_step_a_frame_is_torchs_and_a_press_wipes_the_cells_under_it(self, tab, name):
        """What is wiped is grey."""
        while ask(tab, "nca.stepCount") < 20:
            tab.evaluate("frame()")
        steps, width, height = ask(tab, "[nca.stepCount, nca.width, nca.height]")
        assert np.array_equal(state(tab), grown(steps, width, height, seed=0, rule=PURPLE).numpy())
        assert ask(tab, "nca.gl.getError()") == 0

        tab.evaluate("""() => {
          const { nca } = document.querySelector("canvas"), { erase, step } = Object.getPrototypeOf(nca);
          nca.step = () => step.call(nca, Math.max(0, 100 - nca.stepCount)); // up to 100, no further
          nca.erase = (...disc) => erase.call(nca, ...(nca.disc = disc));
        }""")
        while ask(tab, "nca.stepCount") < 100:
            tab.evaluate("frame()")
        tab.mouse.move(200, 190)
        before = looks(tab)
        tab.mouse.down()
        tab.mouse.up()
        change = np.abs(looks(tab) - before).mean(axis=2)
        assert change[185:195, 195:205].min() > 20
        assert change[185:195, 255:265].max() < 10
        disc = ask(tab, "nca.disc")
        assert np.array_equal(state(tab), erase(grown(100, width, height, seed=0, rule=PURPLE), *disc).numpy())
        assert tab.complaints == []


def looks(tab):
    """The window after another frame: (height, width, 3)."""
    tab.evaluate("() => new Promise((done) => (frame(), setTimeout(done, 50)))")
    tab.evaluate("frame()")
    return np.asarray(Image.open(BytesIO(tab.screenshot())).convert("RGB"), float)


class TestFolder:
    BUNDLE = Bundle.of(RULE, 'Moss & </script> "Stone"')

    @pytest.fixture
    def folder(self, tmp_path):
        source = tmp_path / "moss.nca.json"
        source.write_text(self.BUNDLE.to_json())
        command = ["export", source, "--format", "module", "-o", tmp_path / "folder"]
        for options, code in (([], 0), ([], 1), (["--force"], 0)):
            ran = nca(*command, *options)
            assert ran.exit_code == code
        assert "nca.js" in ran.output
        return tmp_path / "folder"

    def test_the_readme_and_the_page_name_the_files(self, folder):
        files = {path.name: path.read_text() for path in folder.iterdir()}
        assert set(files) == {"nca.js", "moss-script-stone.nca.json", "index.html", "README.txt"}
        assert not re.search(r"^import ", files["nca.js"], re.MULTILINE)
        assert "/** Takes n steps and does not draw. */" in files["nca.js"]  # to be read
        assert json.loads(files["moss-script-stone.nca.json"])["name"] == self.BUNDLE.name
        assert self.BUNDLE.name in files["README.txt"]
        assert all(name in files["README.txt"] for name in files if name != "README.txt")
        assert "<title>Moss &amp; &lt;/script&gt;" in files["index.html"]

    def test_only_its_own_folder_is_replaced(self, folder):
        (folder / "nca.js").unlink()
        command = ["export", folder.parent / "moss.nca.json", "--format", "module", "-o", folder, "--force"]
        assert nca(*command).exit_code == 1

    def test_the_page_runs_from_a_static_server(self, folder, open_tab):
        with serve(folder) as site:
            tab = open_tab(site.address, frames=False)
            tab.wait_for_function("document.querySelector('canvas').nca")
            width, height = ask(tab, "[nca.width, nca.height]")
            assert (width, height) == (160, 107)
            ask(tab, "(nca.pause(), nca.reset(), nca.step(30))")
            tab.mouse.click(30, 60)
            expected = erase(grown(30, width, height, seed=0), 10, 20, 12)
            assert np.array_equal(state(tab), expected.numpy())
            assert np.array_equal(pixels(tab)[..., :3], rgb_bytes(expected))
            assert tab.locator("p").inner_text() == ""
            assert tab.complaints == []

    def test_from_disk_the_page_says_what_it_needs(self, folder, browser):
        tab = browser.new_page()
        tab.goto((folder / "index.html").as_uri())
        assert "python3 -m http.server" in tab.inner_text("p")
        tab.close()

    @pytest.mark.parametrize(
        ("prepare", "missing", "said"),
        [
            ("HTMLCanvasElement.prototype.getContext = () => null", "", "This needs WebGL2: try another browser"),
            ("", "moss-script-stone.nca.json", "moss-script-stone.nca.json: 404"),
            ("", "nca.js", "Modules need a server"),
        ],
    )
    def test_the_page_says_the_true_reason(self, folder, browser, prepare, missing, said):
        if missing:
            (folder / missing).unlink()
        with serve(folder) as site:
            tab = browser.new_page()
            tab.add_init_script(prepare)
            tab.goto(site.address)
            tab.wait_for_function("(said) => document.querySelector('p').textContent.includes(said)", arg=said)
            tab.close()

    @pytest.mark.parametrize(
        ("name", "file"),
        [
            ("Moss", "moss"),
            ("../../etc", "etc"),
            ("  ", "texture"),
            ("Möbius 2.0", "m-bius-2.0"),
            ("x" * 99, "x" * 64),
            ("CON", "texture-con"),
            ("com1.moss", "texture-com1.moss"),
            ("console", "console"),
        ],
    )
    def test_any_name_gives_a_plain_file_name(self, name, file):
        assert f"{file}.nca.json" in FORMATS["module"].files(Bundle.of(random_rule(4, 4), name))


DOCS = (ROOT / "docs" / "module.md").read_text()
BLOCKS = [block for block in re.findall(r"```(?:js|html)\n(.*?)```", DOCS, flags=re.DOTALL) if "import" in block]


def test_the_runtime_is_small():
    runtime = FORMATS["module"].files(Bundle.of(RULE, "Moss"))["nca.js"]
    assert len(gzip.compress(runtime, 9)) <= 20_500


@needs_npm
@pytest.mark.parametrize("block", BLOCKS, ids=["canvas", "three", "webgpu", "p5", "regl"])
def test_what_the_docs_show_runs(open_tab, root, block):
    """Each block as the script of a page; the first draws on a canvas of its own page, the others in a library."""
    script = block if block.startswith("<") else f'<script type="module">{block}</script>'
    tab = open_tab(f"{root}/nowhere", frames=False)
    tab.complaints.clear()
    tab.route("**/documented.html", lambda route: route.fulfill(body=PAGE + script, content_type="text/html"))
    tab.route("**/moss.nca.json", lambda route: route.fulfill(body=Bundle.of(RULE, "Moss").to_json()))
    runtime = FORMATS["module"].files(Bundle.of(RULE, "Moss"))["nca.js"]
    tab.route("**/nca.js", lambda route: route.fulfill(body=runtime, content_type="text/javascript"))
    tab.goto(f"{root}/documented.html")
    tab.wait_for_selector("canvas")
    for _ in range(100):
        picture = np.asarray(Image.open(BytesIO(tab.screenshot())).convert("RGB"))
        if len(np.unique(picture.reshape(-1, 3), axis=0)) > 20:
            break
        tab.wait_for_timeout(50)
    else:
        pytest.fail("no texture is shown")
    fallback = ("No available adapters", "WebGPU is not available")  # three.js then takes WebGL2
    assert [complaint for complaint in tab.complaints if not any(text in complaint for text in fallback)] == []


WORKER = """
  import { create } from "/viewer/runtime/nca.js";
  onmessage = async ({ data }) => {
    const nca = create(new OffscreenCanvas(8, 8), data, { width: 37, height: 22, seed: 5 });
    nca.step(40);
    postMessage(nca.read());
  };
"""


def test_a_worker_computes_the_same(open_tab):
    with serve(ROOT) as site:
        tab = open_tab(f"{site.address}/page.html")
        tab.route("**/worker.js", lambda route: route.fulfill(body=WORKER, content_type="text/javascript"))
        read = f"""(bundle) => new Promise((done) => {{
          const worker = new Worker("/worker.js", {{ type: "module" }});
          worker.onmessage = ({{ data }}) => done(({BASE64})(data));
          worker.postMessage(bundle);
        }})"""
        data = base64.b64decode(tab.evaluate(read, Bundle.of(RULE, "Moss").fields()))
    assert np.array_equal(np.frombuffer(data, "<i2").reshape(-1, HEIGHT, WIDTH), grown(40).numpy())


def test_the_page_of_the_docs_names_every_member():
    runtime = (ROOT / "viewer" / "runtime" / "texture.js").read_text().split("\nexport class ")[-1].split("\n}\n")[0]
    members = set(re.findall(r"^  (?:get )?([a-z]\w*)(?:\(.*\{| =.*;)$", runtime, flags=re.MULTILINE))
    members |= set(re.findall(r"this\.([a-z]\w*) = ", runtime)) - {"constructor"}
    assert {"step", "toTexture", "shared", "compiled", "speed", "gl"} <= members
    assert [member for member in members - {"constructor"} if not re.search(rf"`{member}[`(]", DOCS)] == []
