"""The custom element: in pages of a strict Content Security Policy, served as any host would."""

import base64
import gzip
import io
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from elements import Site, ask, picture, state, tiled, wait
from other_browsers import firefox, webkit
from PIL import Image
from rules import random_rule
from textures import BASE64

from nca import UserError
from nca.cli import main
from nca.export.bundle import Bundle
from nca.export.element import render_element
from nca.rollout import erase, rgb_bytes, rollout, seed_state

ROOT = Path(__file__).parent.parent
RULE = random_rule(8, 32, seed=1)
MOSS = Bundle.of(RULE, "Moss")
HEAD = """<!doctype html><meta charset="utf-8"><title>Test</title><meta name="viewport" content="width=device-width">
<script type="module" src="nca-texture.js"></script>"""
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, "has_touch": True, "is_mobile": True}
LOSSES = ["contextlost", "contextrestored"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    for name, text in render_element(MOSS).items():
        (folder / name).write_text(text, encoding="utf-8")
    Image.new("RGB", (8, 8), "red").save(folder / "poster.png")
    with Site(folder) as site:
        yield site


@pytest.fixture
def show(browser, site):
    """Opens a page with this body: show('<nca-texture src="moss.nca.json">', **options of the browser's context).

    The tab's `complaints` holds what it wrote to the console and the errors it met.
    """
    contexts = []

    def show(body, prepare="", **options):
        site.asked.clear()
        (site.folder / "test.html").write_text(f"{HEAD}<body>{body}", encoding="utf-8")
        contexts.append(browser.new_context(**{"viewport": {"width": 800, "height": 600}, **options}))
        tab = contexts[-1].new_page()
        tab.complaints = []
        tab.on("console", lambda message: tab.complaints.append(message.text))
        tab.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.add_init_script(prepare)
        tab.goto(site.address + "test.html")
        return tab

    yield show
    for context in contexts:
        context.close()


def paused(show, attributes="", **options):
    """A loaded element at step 0."""
    tab = show(f'<nca-texture src="moss.nca.json" paused {attributes}></nca-texture>', **options)
    wait(tab, "e.texture")
    return tab


def screen(tab, box=None):
    """(height, width, 3) uint8 device pixels."""
    return np.array(Image.open(io.BytesIO(tab.screenshot(clip=box))).convert("RGB"))


def grown(steps, seed=0, width=128, height=128):
    return rollout(RULE, seed_state(RULE, height, width), steps, seed=seed)


# What it computes and shows


def test_state_and_picture_equal_torch(show):
    tab = paused(show, 'grid="44x31" seed="5"')
    for done, steps in ((0, 1), (1, 39), (40, 300)):
        ask(tab, "e.step(a[0])", steps)
        expected = grown(done + steps, seed=5, width=44, height=31)
        assert np.array_equal(state(tab), expected.numpy())
        assert np.array_equal(picture(tab), tiled(expected, 128, 128))
    assert tab.complaints == []


@pytest.mark.parametrize(("ratio", "cell", "side"), [(1, "", 2), (1, "5", 5), (1.25, "", 3), (3, "", 6), (2, "0.5", 1)])
def test_a_cell_is_a_square_of_whole_device_pixels(show, ratio, cell, side):
    tab = paused(show, f'grid="40x30" {cell and f"cell={cell}"}', device_scale_factor=ratio)
    ask(tab, "e.style.cssText = 'display:block; position:absolute; left:0; top:0; width:100px; height:80px'")
    wait(tab, f"e.shadowRoot.querySelector('canvas').width == Math.ceil(100 * {ratio} / {side})")
    ask(tab, "e.step(60)")
    shown = screen(tab, {"x": 0, "y": 0, "width": 100, "height": 80})
    height, width, _ = shown.shape
    cells = tiled(grown(60, width=40, height=30), -(-width // side), -(-height // side))
    assert np.array_equal(shown, cells.repeat(side, 0).repeat(side, 1)[:height, :width])


def test_without_a_grid_cells_fill_the_element_and_a_larger_element_repeats_them(show):
    tab = paused(show)
    assert ask(tab, "[e.texture.width, e.texture.height]") == [128, 128]
    ask(tab, "e.step(50)")
    ask(tab, "e.style.width = '400px'")
    wait(tab, "e.shadowRoot.querySelector('canvas').width == 200")
    assert np.array_equal(picture(tab), tiled(grown(50), 200, 128))
    ask(tab, "e.reset()")
    assert ask(tab, "[e.texture.width, e.texture.height, e.texture.stepCount]") == [200, 128, 0]


def test_brush_methods(show):
    tab = paused(show, 'grid="40"')
    ask(tab, "e.step(50), e.keep(), e.erase(3, 39, 9)")
    before = grown(50, width=40, height=40)
    assert np.array_equal(state(tab), erase(before, 3, 39, 9).numpy())
    assert np.array_equal(picture(tab), tiled(erase(before, 3, 39, 9), 128, 128))
    ask(tab, "e.restore(3, 39, 20)")
    assert np.array_equal(state(tab), before.numpy())


def test_to_blob_is_the_grid_pixel_by_pixel(show):
    tab = paused(show, 'grid="44x31"')
    ask(tab, "e.step(50)")
    expected = rgb_bytes(grown(50, width=44, height=31))
    for scale in (1, 4):
        found = blob(tab, "image/png", scale)
        assert found.format == "PNG"
        assert np.array_equal(np.array(found.convert("RGB")), expected.repeat(scale, 0).repeat(scale, 1))
    assert blob(tab, "image/webp", 1).format == "WEBP"
    assert np.array_equal(picture(tab), tiled(grown(50, width=44, height=31), 128, 128))


def blob(tab, kind, scale):
    data = ask(
        tab,
        f"e.toBlob(a[0], a[1]).then((b) => b.arrayBuffer()).then((b) => ({BASE64})(new Uint8Array(b)))",
        kind,
        scale,
    )
    return Image.open(io.BytesIO(base64.b64decode(data)))


@pytest.mark.renderers
@pytest.mark.parametrize("name", ["firefox", "webkit"])
def test_other_browsers_equal_torch(name, site, tmp_path):
    with ExitStack() as stack:
        try:
            tab = stack.enter_context(firefox(tmp_path) if name == "firefox" else webkit())
        except UserError as error:
            pytest.skip(str(error))
        body = '<body><nca-texture src="moss.nca.json" paused grid="44x31"></nca-texture>'
        (site.folder / "test.html").write_text(HEAD + body, encoding="utf-8")
        tab.goto(site.address + "test.html")
        ask(tab, "new Promise((done) => (e.texture ? done() : (e.onload = () => done())))")
        ask(tab, "e.step(60)")
        assert np.array_equal(state(tab), grown(60, width=44, height=31).numpy())
        assert np.array_equal(picture(tab), tiled(grown(60, width=44, height=31), 128, 128))


# Many on a page, and when they run

COUNT = """
  for (const [type, name] of [[HTMLCanvasElement, "getContext"], [WebGL2RenderingContext, "linkProgram"],
      [WebGL2RenderingContext, "createTexture"], [WebGL2RenderingContext, "deleteTexture"]]) {
    const call = type.prototype[name];
    window[name] = 0;
    type.prototype[name] = function (...values) {
      window[name] += name != "getContext" || values[0] == "webgl2";
      return call.apply(this, values);
    };
  }"""


def test_24_run_in_one_context_with_one_fetch_and_one_compilation(show, site):
    tab = show('<nca-texture src="moss.nca.json" grid="32"></nca-texture>' * 24, prepare=COUNT)
    ask(tab, "all.forEach((e, i) => { e.style.cssText = 'width:64px; height:64px'; e.seed = i; })")
    wait(tab, "all.every((e) => e.texture?.stepCount > 5)")
    ask(tab, "all.forEach((e) => e.pause())")
    for which in (0, 17, 23):
        steps = ask(tab, "all[a[0]].texture.stepCount", which)
        assert np.array_equal(state(tab, which), grown(steps, seed=which, width=32, height=32).numpy())
    assert ask(tab, "[getContext, linkProgram]") == [1, 3]
    assert site.asked.count("/moss.nca.json") == 1
    assert tab.complaints == []


def test_nothing_is_fetched_or_made_before_it_is_seen_and_nothing_runs_out_of_sight(show, site):
    far = "<br>" * 300
    tab = show(f'{far}<nca-texture src="moss.nca.json" poster="poster.png"></nca-texture>', prepare=COUNT)
    tab.wait_for_timeout(200)
    assert ask(tab, "[getContext, e.texture]") == [0, None]
    assert not {"/moss.nca.json", "/poster.png"} & set(site.asked)

    ask(tab, "e.scrollIntoView()")
    wait(tab, "e.texture?.stepCount > 3")
    ask(tab, "scrollTo(0, 0)")
    tab.wait_for_timeout(200)
    before = ask(tab, "e.texture.stepCount")
    tab.wait_for_timeout(200)
    assert ask(tab, "e.texture.stepCount") == before
    ask(tab, "e.scrollIntoView()")
    wait(tab, f"e.texture.stepCount > {before}")


SHOWN = """
  window.shown = []; // the step of every picture
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...values) {
    shown.push(document.querySelector("nca-texture").texture.stepCount);
    return draw.apply(this, values);
  };"""
FRAMES = """new Promise((done) => {
  const before = e.texture.stepCount;
  let frames = 0;
  requestAnimationFrame(function frame() {
    if (++frames == 32) done(e.texture.stepCount - before);
    else requestAnimationFrame(frame);
  });
})"""


@pytest.mark.parametrize(("speed", "least", "most"), [("0.125", 3, 5), ("0", 0, 0)])
def test_speeds_below_1_skip_frames(show, speed, least, most):
    tab = show(f'<nca-texture src="moss.nca.json" grid="8" speed="{speed}"></nca-texture>')
    wait(tab, "e.texture?.compiled")
    assert least <= ask(tab, FRAMES) <= most


@pytest.mark.parametrize(("speed", "steps"), [("3", 3), ("Infinity", 20)])
def test_speeds_above_1_take_several_steps_a_frame(show, speed, steps):
    tab = show(f'<nca-texture src="moss.nca.json" grid="8" speed="{speed}"></nca-texture>', prepare=SHOWN)
    wait(tab, f"shown.some((at, i) => at - shown[i - 1] >= {steps})")


def test_pause_and_play(show):
    tab = show('<nca-texture src="moss.nca.json"></nca-texture>')
    wait(tab, "e.texture?.stepCount > 3")
    ask(tab, "e.pause()")
    assert ask(tab, "[e.paused, e.hasAttribute('paused')]") == [True, True]
    assert ask(tab, FRAMES) == 0
    ask(tab, "e.play()")
    assert ask(tab, "[e.paused, e.hasAttribute('paused')]") == [False, False]
    assert ask(tab, FRAMES) > 0


def test_reduced_motion_shows_a_grown_still_until_asked(show):
    tab = show('<nca-texture src="moss.nca.json" grid="32"></nca-texture>', reduced_motion="reduce")
    wait(tab, "e.texture?.stepCount >= 256")
    tab.wait_for_timeout(100)
    steps = ask(tab, "e.texture.stepCount")
    assert np.array_equal(picture(tab), tiled(grown(steps, width=32, height=32), 128, 128))
    assert ask(tab, FRAMES) == 0
    ask(tab, "e.play()")
    wait(tab, f"e.texture.stepCount > {steps}")


def test_reduced_motion_grows_unseen(show):
    tab = show('<nca-texture src="moss.nca.json" grid="32"></nca-texture>', reduced_motion="reduce", prepare=SHOWN)
    wait(tab, "shown.length")
    assert min(tab.evaluate("shown")) >= 256


def test_reduced_motion_may_change(show):
    tab = show('<nca-texture src="moss.nca.json" grid="32"></nca-texture>', reduced_motion="reduce")
    wait(tab, "e.texture?.stepCount >= 256")
    ask(tab, "e.play()")
    tab.emulate_media(reduced_motion="no-preference")
    assert ask(tab, FRAMES) > 0
    tab.emulate_media(reduced_motion="reduce")
    assert ask(tab, FRAMES) <= 1


# Coming and going


def test_removal_frees_what_it_held_and_the_last_one_gives_the_context_back(show):
    tab = paused(show, prepare=COUNT)
    ask(tab, "e.after(Object.assign(document.createElement('nca-texture'), { src: e.src, paused: true }))")
    wait(tab, "all[1].texture")
    ask(tab, "window.gl = e.texture.gl, window.kept = e, e.remove()")
    wait(tab, "!kept.texture")
    assert ask(tab, "[createTexture, deleteTexture, gl.isContextLost()]") == [12, 6, False]
    ask(tab, "e.step(30)")
    assert np.array_equal(state(tab), grown(30).numpy())
    ask(tab, "e.remove()")
    wait(tab, "gl.isContextLost()")
    assert ask(tab, "[createTexture, deleteTexture]") == [12, 12]

    ask(tab, "document.body.append(kept)")
    wait(tab, "e.texture")
    ask(tab, "e.step(30)")
    assert np.array_equal(state(tab), grown(30).numpy())
    assert ask(tab, "e.texture.gl != gl")


def test_a_move_in_the_document_keeps_the_state(show):
    tab = paused(show)
    ask(tab, "e.step(30), window.before = e.texture, document.body.append(document.createElement('p'))")
    ask(tab, "document.querySelector('p').append(e)")
    tab.wait_for_timeout(50)
    assert ask(tab, "e.texture == before")
    ask(tab, "e.step(10)")
    assert np.array_equal(state(tab), grown(40).numpy())
    ask(tab, "e.play()")
    wait(tab, "e.texture.stepCount > 42")


def test_a_lost_context_comes_back_as_it_was(show):
    tab = paused(show, 'grid="32"')
    ask(tab, f"window.events = [], {LOSSES}.forEach((type) => e.addEventListener(type, () => events.push(type)))")
    ask(tab, "e.step(600), e.erase(9, 9, 5), window.loss = e.texture.gl.getExtension('WEBGL_lose_context')")
    before = state(tab)
    ask(tab, "loss.loseContext()")
    wait(tab, "events.length == 1")
    # One that comes in between waits for the context, too.
    ask(tab, "document.body.append(Object.assign(document.createElement('nca-texture'), { src: e.src, grid: '32' }))")
    wait(tab, "all[1].texture")
    ask(tab, "loss.restoreContext()")
    wait(tab, "events.length == 2 && all[1].texture.stepCount > 3")
    assert tab.evaluate("events") == LOSSES
    assert np.array_equal(state(tab), before)
    ask(tab, "all[1].pause()")
    steps = ask(tab, "all[1].texture.stepCount")
    assert np.array_equal(state(tab, 1), grown(steps, width=32, height=32).numpy())
    ask(tab, "e.play()")
    wait(tab, "e.texture.stepCount > 605")


def test_another_source_begins_anew(show, site):
    other = Bundle.of(random_rule(4, 8, seed=2), "Other")
    (site.folder / "other.nca.json").write_text(other.to_json())
    tab = paused(show)
    assert ask(tab, "(e.step(9), e.src = 'other.nca.json', e.texture)") is None
    wait(tab, "e.texture")
    ask(tab, "e.step(30)")
    expected = rollout(other.rule, seed_state(other.rule, 128, 128), 30, seed=0)
    assert np.array_equal(state(tab), expected.numpy())


def test_of_two_sources_set_at_once_the_last_one_counts(show, site):
    (site.folder / "four.nca.json").write_text(Bundle.of(random_rule(4, 8), "Four").to_json())
    tab = paused(show)
    ask(tab, "e.src = 'four.nca.json', e.src = 'nowhere.nca.json', e.src = 'moss.nca.json'")
    wait(tab, "e.texture")
    tab.wait_for_timeout(100)
    assert ask(tab, "e.texture.bundle.name") == "Moss"


def test_a_bundle_can_be_given(show, site):
    tab = show("<nca-texture paused></nca-texture>")
    ask(tab, "e.addEventListener('load', () => window.loaded = true)")
    tab.evaluate(
        "async () => document.querySelector('nca-texture').bundle = await (await fetch('moss.nca.json')).json()"
    )
    wait(tab, "window.loaded")
    ask(tab, "e.step(30)")
    assert np.array_equal(state(tab), grown(30).numpy())
    assert ask(tab, "e.bundle.name") == "Moss"


# What goes wrong

ERRORS = "document.addEventListener('error', ({ target, detail }) => (target.trouble = detail), true);"


def shows_the_poster(tab):
    """Sooner or later: it is a picture to load."""
    for _ in range(40):
        if (screen(tab)[10:250, 10:250] == (255, 0, 0)).all():
            return
        tab.wait_for_timeout(50)
    pytest.fail("the poster is not shown")


def error(tab):
    wait(tab, "e.trouble")
    return ask(tab, "e.trouble")


@pytest.mark.parametrize(
    ("attributes", "kind", "message"),
    [
        ('src="nowhere.json"', "network", "nowhere.json: 404"),
        ('src="http://127.0.0.1:9/x.json"', "network", "Failed to fetch"),
        ('src="README.txt"', "format", "not valid JSON"),
        ('src="format.json"', "format", "bundle of format nca-float-9: expected nca-fixed-1"),
        ('src="shader.json"', "shader", "colour"),
        ('src="moss.nca.json" grid="99999x4"', "webgl", "grid of 99999x4 cells: expected 1 to"),
    ],
)
def test_errors_tell_their_type_and_what_to_do_about_it(show, site, attributes, kind, message):
    (site.folder / "format.json").write_text('{"format": "nca-float-9"}')
    (site.folder / "shader.json").write_text(MOSS.to_json().replace("color =", "colour ="))
    tab = show(f'<nca-texture {attributes} poster="poster.png"></nca-texture>', prepare=ERRORS)
    found = error(tab)
    assert found["type"] == kind
    assert message in found["message"]
    shows_the_poster(tab)

    ask(tab, "e.grid = '', e.src = 'moss.nca.json'")
    wait(tab, "e.texture?.stepCount > 3")


def test_a_grid_that_becomes_impossible(show):
    tab = paused(show, prepare=ERRORS)
    ask(tab, "e.grid = '0'")
    assert error(tab)["type"] == "webgl"
    ask(tab, "e.grid = '20'")
    wait(tab, "e.texture")
    assert ask(tab, "[e.texture.width, e.texture.height]") == [20, 20]


def test_without_webgl2_the_poster_stays(show):
    missing = ERRORS + "HTMLCanvasElement.prototype.getContext = () => null;"
    tab = show('<nca-texture src="moss.nca.json" poster="poster.png"></nca-texture>', prepare=missing)
    assert error(tab) == {"type": "webgl", "message": "WebGL2 is not available"}
    shows_the_poster(tab)


def test_a_device_that_cannot_draw_to_its_textures(show):
    refuse = ERRORS + "WebGL2RenderingContext.prototype.checkFramebufferStatus = () => 0;"
    assert error(show('<nca-texture src="moss.nca.json"></nca-texture>', prepare=refuse))["type"] == "webgl"


def test_methods_before_the_load_say_so(show):
    tab = show("<nca-texture></nca-texture>")
    for call in ("step(1)", "erase(1, 2, 3)"):
        message = ask(tab, f"(() => {{ try {{ e.{call} }} catch (error) {{ return error.message }} }})()")
        assert message == "not loaded yet"
    ask(tab, "e.play(), e.pause(), e.reset(3)")
    assert tab.complaints == []


# For everyone


def test_the_poster_is_shown_until_the_first_step(show):
    tab = paused(show, 'poster="poster.png"')
    shows_the_poster(tab)
    ask(tab, "e.step(50)")
    assert not (screen(tab)[10:250, 10:250] == (255, 0, 0)).all(axis=2).any()


def test_it_is_an_image_with_a_name(show):
    tab = show(
        '<nca-texture alt="Green moss"></nca-texture><nca-texture></nca-texture><nca-texture alt=""></nca-texture>'
    )
    tree = tab.context.new_cdp_session(tab).send("Accessibility.getFullAXTree")
    images = [node for node in tree["nodes"] if node["role"]["value"] in ("image", "img")]
    assert [node["name"]["value"] for node in images] == ["Green moss"]
    ask(tab, "e.alt = 'Dry moss'")
    assert ask(tab, "e.alt") == "Dry moss"


def test_attributes_mirror_properties(show):
    tab = show("<nca-texture hidden></nca-texture>")
    for name, absent, text, value in [
        ("src", "", "a.json", "a.json"),
        ("seed", 0, "7", 7),
        ("speed", 1, "0.25", 0.25),
        ("speed", 1, "fast", 1),
        ("paused", False, "", True),
        ("grid", "", "320x200", "320x200"),
        ("cell", 2, "3.5", 3.5),
        ("brush", 0, "12", 12),
        ("brush", 0, "-3", 0),
        ("poster", "", "a.png", "a.png"),
        ("alt", "", "Moss", "Moss"),
    ]:
        assert ask(tab, "e[a[0]]", name) == absent
        ask(tab, "e.setAttribute(a[0], a[1])", name, text)
        assert ask(tab, "e[a[0]]", name) == value
        ask(tab, "e[a[0]] = a[1]", name, value)
        assert ask(tab, "e[a[0]]", name) == value
        ask(tab, "e[a[0]] = null", name)
        assert ask(tab, "e.hasAttribute(a[0])", name) is False
    assert ask(tab, "(e.speed = Infinity, e.speed == Infinity)")


def test_seed_begins_anew(show):
    tab = paused(show, 'grid="32"')
    ask(tab, "e.step(9), e.seed = 8, e.step(30)")
    assert np.array_equal(state(tab), grown(30, seed=8, width=32, height=32).numpy())
    ask(tab, "e.reset(9), e.step(30)")
    assert np.array_equal(state(tab), grown(30, seed=9, width=32, height=32).numpy())
    assert ask(tab, "e.getAttribute('seed')") == "9"
    ask(tab, "e.reset()")
    assert not state(tab).any()


def test_pointers_wipe_only_where_a_brush_is_asked_for(show):
    tab = paused(show)
    box = tab.locator("nca-texture").bounding_box()
    ask(tab, "e.step(50)")

    def drag():
        tab.mouse.move(box["x"] + 21, box["y"] + 41)
        tab.mouse.down()
        tab.mouse.move(box["x"] + 221, box["y"] + 121)  # in one event
        tab.mouse.up()

    drag()
    assert np.array_equal(state(tab), grown(50).numpy())
    ask(tab, "e.brush = 3")
    drag()
    along = np.linspace(0, 1, 200)
    x, y = (10 + 100 * along).round().astype(int), (20 + 40 * along).round().astype(int)
    assert not state(tab)[:, y, x].any()
    assert (state(tab) == grown(50).numpy()).mean() > 0.9

    ask(tab, "e.reset(), e.step(50)")
    tab.mouse.click(box["x"] + 100, box["y"] + 60)
    assert np.array_equal(state(tab), erase(grown(50), 50, 30, 3).numpy())


def test_a_finger_wipes_sideways_and_scrolls_the_page_up_and_down(show):
    tab = show('<nca-texture src="moss.nca.json" paused brush="4"></nca-texture>' + "<br>" * 300, **PHONE)
    wait(tab, "e.texture")
    box = tab.locator("nca-texture").bounding_box()
    ask(tab, "e.step(50)")
    tab.touchscreen.tap(box["x"] + 101, box["y"] + 61)
    assert np.array_equal(state(tab), erase(grown(50), 50, 30, 4).numpy())

    ask(tab, "e.reset(), e.step(50)")
    swipe(tab, (box["x"] + 60, box["y"] + 200), (15, 0))
    assert tab.evaluate("scrollY") == 0
    assert not state(tab)[:, 100, 40:75].any()

    ask(tab, "e.reset(), e.step(50)")
    swipe(tab, (box["x"] + 60, box["y"] + 200), (0, -15))
    tab.wait_for_function("scrollY > 20")
    assert np.array_equal(state(tab)[:, :70], grown(50).numpy()[:, :70])  # only a mark where it set out


def swipe(tab, start, by):
    touch = tab.context.new_cdp_session(tab)
    for part in range(8):
        kind = "touchMove" if part else "touchStart"
        point = {"x": start[0] + part * by[0], "y": start[1] + part * by[1]}
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
    touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


# The export


def test_the_module_is_small():
    module = render_element(MOSS)["nca-texture.js"]
    assert len(gzip.compress(module.encode(), 9)) <= 6_144


def test_the_page_beside_it_shows_it_from_a_server_and_says_so_from_disk(browser, site):
    policy, site.policy = site.policy, "default-src 'self' 'unsafe-inline' data:"  # the page has a style of its own
    tab = browser.new_page()
    try:
        tab.goto(site.address)
        wait(tab, "e.texture?.stepCount > 3")
        assert tab.title() == "Moss"
        assert ask(tab, "e.getBoundingClientRect().width") == tab.evaluate("innerWidth")
        assert tab.locator("p").is_hidden()
        tab.goto((site.folder / "index.html").as_uri())
        assert tab.get_by_text("This page needs a server").is_visible()
    finally:
        site.policy = policy
        tab.close()


def test_the_example_runs_from_the_checkout(browser):
    with Site(ROOT) as site:
        site.policy = "default-src 'self' 'unsafe-inline' data: blob:"
        tab = browser.new_page(accept_downloads=True)
        complaints = []
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.goto(site.address + "examples/element.html")
        wait(tab, "all.length == 25 && all.every((e) => e.texture?.stepCount > 3)")
        tab.get_by_role("button", name="Pause").click()
        tab.get_by_role("button", name="Another seed").click()
        assert ask(tab, "[e.paused, e.texture.seed, e.texture.stepCount]") == [True, 1, 0]
        with tab.expect_download() as download:
            tab.get_by_role("button", name="Save").click()
        with Image.open(download.value.path()) as saved:
            assert list(saved.size) == ask(tab, "[2 * e.texture.width, 2 * e.texture.height]")
        assert complaints == []
        tab.close()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("Lava flow", "lava-flow.nca.json"),
        ("苔", "texture.nca.json"),
        ("../<b>&", "b.nca.json"),
        ("a/b c", "a-b-c.nca.json"),
    ],
)
def test_any_name_makes_a_file_and_an_address(name, file):
    files = render_element(Bundle.of(RULE, name))
    assert set(files) == {"nca-texture.js", file, "index.html", "README.txt"}
    assert f'src="{file}"' in files["index.html"]
    assert "<b>" not in files["index.html"]
    assert f'src="{file}"' in files["README.txt"]


def test_the_readme_and_the_page_name_every_attribute():
    readme = render_element(MOSS)["README.txt"]
    page = (ROOT / "docs" / "element.md").read_text()
    for name in ("src", "alt", "seed", "speed", "paused", "grid", "cell", "brush", "poster"):
        assert f"\n  {name} " in readme
        assert f"| `{name}` |" in page


def test_the_command_writes_the_folder_and_replaces_only_its_own(tmp_path):
    command = ["export", str(ROOT / "examples" / "lava.nca.json"), "--format", "element", "-o", str(tmp_path / "out")]
    for options, code in (([], 0), ([], 1), (["--force"], 0)):
        assert CliRunner().invoke(main, command + options).exit_code == code
    (tmp_path / "out" / "nca-texture.js").unlink()
    assert CliRunner().invoke(main, [*command, "--force"]).exit_code == 1


@pytest.mark.skipif(not shutil.which("node"), reason="Node is not installed")
def test_a_server_can_import_it(tmp_path):
    (tmp_path / "nca-texture.mjs").write_text(render_element(MOSS)["nca-texture.js"])
    for module in (tmp_path / "nca-texture.mjs", ROOT / "viewer" / "element.js"):
        script = f"const m = await import({str(module)!r}); console.log(Object.keys(m).join());"
        ran = subprocess.run(
            ["node", "--no-warnings", "--input-type=module", "--eval", script], capture_output=True, text=True
        )
        assert ran.stderr == ""
        assert "NcaTexture" in ran.stdout
