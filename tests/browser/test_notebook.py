"""`nca.widget`: its Python, its view in a browser, and a notebook run for real, with nbclient and in JupyterLab."""

import base64
import io
import json
import shutil
import subprocess
import sys

import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from PIL import Image
from playwright.sync_api import Error
from traitlets import TraitError

import nca
from decoders import random_decoder
from documents import blocks
from nca.export.bundle import Bundle, load_bundle
from nca.files import write_folder
from nca.rule.decode import decode
from nca.rule.decoder import DETAILS
from nca.rule.reference import erase, reference_rollout, rgb_bytes, seed_state
from nca.run import model_bytes
from pages import wait
from paths import EXAMPLES, LAVA, ROOT
from rules import random_rule
from server import free_port
from textures import ask, pixels, state

NOTEBOOK = EXAMPLES / "notebook.ipynb"
RULE = random_rule(8, 32, seed=1)
SMALL = {"width": 24, "height": 16, "scale": 10, "seed": 5}

# As much of anywidget's model as a view may use.
HARNESS = """async ([esm, state]) => {
  const listeners = {};
  window.model = {
    saved: [],
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      for (const listener of listeners[`change:${name}`] ?? []) listener();
    },
    save_changes: () => model.saved.push(structuredClone(state)),
    on: (event, listener) => (listeners[event] ??= []).push(listener),
  };
  const module = await import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })));
  window.end = await module.default.render({ model, el: document.querySelector("main") });
}"""


@pytest.fixture
def show(complaining_tab):
    """Shows a widget, or its saved state, in a tab: show(widget, **options of the browser's context).

    What is set on the widget from then on reaches the view. The tab's `complaints` holds what went wrong.
    """

    def show(widget, prepare=lambda tab: None, **options):
        state = widget if isinstance(widget, dict) else widget.get_state()
        tab = complaining_tab(viewport={"width": 800, "height": 600}, within="blob:", **options)
        prepare(tab)
        tab.set_content("<main></main>")
        tab.evaluate(HARNESS, [state["_esm"], {key: value for key, value in state.items() if key != "layout"}])
        if widget is not state:
            widget.observe(lambda change: tab.evaluate("(args) => model.set(...args)", [change.name, change.new]))
        return tab

    return show


def grown(steps, width=24, height=16, seed=5):
    return reference_rollout(RULE, seed_state(RULE, height, width), steps, seed=seed)


# In Python


def test_importing_nca_stays_light():
    code = "import sys, nca; print(*{'anywidget', 'torch', 'PIL'} & set(sys.modules), nca.widget.__name__)"
    assert python(code) == "widget\n"


def test_without_anywidget_it_says_what_to_install():
    code = "import sys, nca; sys.modules['anywidget'] = None; nca.widget('x')"
    assert python(code, 1).endswith("UserError: nca.widget needs anywidget: pip install 'nca-texture[notebook]'\n")


def test_a_widget_needs_no_torch():
    code = f"import sys, nca; nca.widget({str(LAVA)!r}); print('torch' in sys.modules)"
    assert python(code) == "False\n"


def python(code, status=0):
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == status, ran.stderr
    return ran.stdout + ran.stderr


def test_takes_paths_bundles_and_rules():
    bundle = load_bundle(LAVA)
    found = [nca.widget(texture)._bundle for texture in (bundle, LAVA, str(LAVA), bundle.rule)]
    assert found[0] == found[1] == found[2]
    assert found[0]["weights"] == found[3]["weights"]
    assert "decoder" in found[0]
    assert "decoder" not in found[3]  # a rule alone has none
    assert nca.widget(Bundle.of(RULE, "Moss"))._bundle["name"] == "Moss"
    with pytest.raises(nca.UserError, match="missing: no such file or folder"):
        nca.widget("missing")


@pytest.mark.parametrize(
    "wrong",
    [{"width": 0}, {"height": 4097}, {"seed": -1}, {"seed": 1 << 32}, {"speed": -1}, {"scale": 0}, {"scale": 1.5}],
)
def test_values_out_of_range_are_refused(wrong):
    with pytest.raises(TraitError, match=next(iter(wrong))):
        nca.widget(RULE, **wrong)


# In a browser


def test_plays_and_equals_torch(show):
    widget = nca.widget(Bundle.of(RULE, "Moss"), **SMALL)
    tab = show(widget)
    wait(tab, "nca.stepCount > 20")
    widget.paused = True
    assert ask(tab, "nca.playing") is False
    assert np.array_equal(state(tab), grown(ask(tab, "nca.stepCount")).numpy())
    assert tab.get_by_role("img", name="Moss").bounding_box()["width"] == 240
    assert tab.complaints == []


def test_does_what_python_says(show):
    widget = nca.widget(RULE, paused=True, **SMALL)
    tab = show(widget)
    widget.step(30)
    widget.erase(3, 15, 4)
    widget.step(2)
    expected = reference_rollout(RULE, erase(grown(30), 3, 15, 4), 2, seed=5, first=30)
    assert np.array_equal(state(tab), expected.numpy())

    again = show(widget)  # an output that comes later replays it
    assert np.array_equal(state(again), expected.numpy())

    for _ in range(2):
        widget.reset()
        assert not state(tab).any()
        widget.step(7)
        assert np.array_equal(state(tab), grown(7).numpy())
    assert tab.complaints == again.complaints == []


def test_settings_reach_a_living_view(show):
    widget = nca.widget(RULE, paused=True, **SMALL)
    tab = show(widget)
    widget.step(9)
    widget.seed = 8
    widget.step(20)
    assert np.array_equal(state(tab), grown(20, seed=8).numpy())

    widget.width, widget.height, widget.scale = 30, 20, 3
    widget.step(20)
    assert np.array_equal(state(tab), grown(20, 30, 20, seed=8).numpy())
    assert ask(tab, "[nca.canvas.width, nca.canvas.height]") == [90, 60]
    assert np.array_equal(state(show(widget)), state(tab))

    widget.speed, widget.paused = 3, False
    wait(tab, "nca.speed == 3 && nca.stepCount > 40")


@pytest.mark.parametrize("decoder", [None, random_decoder(8, 16, 2)], ids=["plain", "decoded"])
def test_a_texture_learns_and_its_field_goes_on(show, decoder):
    widget = nca.widget(Bundle.of(RULE, "Moss", decoder=decoder), paused=True, **SMALL)
    first, second = show(widget), show(widget)  # one texture in two outputs
    widget.step(30)
    other = random_rule(8, 16, seed=2)
    widget.learn(Bundle.of(other, "Fern", decoder=decoder))
    for tab in (first, second):
        tab.wait_for_function(
            "(w1) => document.querySelector('canvas').nca.bundle.weights.w1 == w1",
            arg=widget._bundle["weights"]["w1"],
        )
    widget.step(20)
    after = reference_rollout(other, grown(30), 20, seed=5, first=30)
    assert np.array_equal(state(first), after.numpy())
    assert np.array_equal(state(second), after.numpy())
    assert first.complaints == second.complaints == []


def test_a_field_learns_only_what_fits_it():
    widget = nca.widget(RULE, **SMALL)
    for texture, what in [
        (random_rule(4, 32), "4 channels without a decoder"),
        (Bundle.of(RULE, "Moss", decoder=random_decoder(8, 16, 2)), "8 channels with a decoder"),
    ]:
        with pytest.raises(nca.UserError, match=f"a texture of {what}: expected 8 channels without a decoder"):
            widget.learn(texture)


def test_the_canvas_shows_the_texture(show):
    widget = nca.widget(RULE, paused=True, **SMALL)
    widget.step(40)
    with Image.open(io.BytesIO(show(widget).locator("canvas").screenshot())) as shot:
        shown = np.asarray(shot.convert("RGB"))
    assert np.array_equal(shown, rgb_bytes(grown(40)).repeat(10, 0).repeat(10, 1))


@pytest.mark.parametrize("scale", DETAILS)
def test_the_canvas_shows_the_pixels_of_a_decoder(show, scale):
    bundle = Bundle.of(RULE, "Moss", decoder=random_decoder(8, 16, 2))
    widget = nca.widget(bundle, paused=True, **(SMALL | {"scale": scale}))
    widget.step(40)
    with Image.open(io.BytesIO(show(widget).locator("canvas").screenshot())) as shot:
        shown = np.asarray(shot.convert("RGB"))
    assert np.array_equal(shown, decode(bundle.decoder, grown(40), scale))


def test_a_click_wipes_where_it_falls_however_large_the_canvas_is_shown(show):
    widget = nca.widget(RULE, paused=True, **SMALL)
    widget.step(30)
    tab = show(widget)
    tab.add_style_tag(content="main { width: 120px }")  # a narrow output: half the canvas's size
    box = tab.locator("canvas").bounding_box()
    assert (box["width"], box["height"]) == (120, 80)
    tab.mouse.click(box["x"] + 20 * 5 + 2, box["y"] + 3 * 5 + 2)
    assert np.array_equal(state(tab), erase(grown(30), 20, 3, 1).numpy())


def test_a_fast_stroke_leaves_no_gap_and_hovering_does_nothing(show):
    widget = nca.widget(RULE, paused=True, **SMALL)
    widget.step(30)
    tab = show(widget)
    box = tab.locator("canvas").bounding_box()
    tab.mouse.move(box["x"] + 5, box["y"] + 5)
    assert np.array_equal(state(tab), grown(30).numpy())
    tab.mouse.down()
    tab.mouse.move(box["x"] + 235, box["y"] + 155)  # in one event
    tab.mouse.up()
    tab.mouse.move(box["x"] + 5, box["y"] + 155)
    along = np.linspace(0, 1, 200)
    x, y = (23 * along).round().astype(int), (15 * along).round().astype(int)
    assert not state(tab)[:, y, x].any()
    assert state(tab)[:, 15, 4].any()


def test_stands_still_off_screen(show):
    tab = show(nca.widget(RULE, **SMALL))
    wait(tab, "nca.playing")
    tab.add_style_tag(content="main { margin: 2000px 0 }")
    wait(tab, "!nca.playing")
    tab.mouse.wheel(0, 2000)
    wait(tab, "nca.playing")


def test_the_end_gives_the_context_back(show):
    tab = show(nca.widget(RULE, **SMALL))
    wait(tab, "nca.playing")
    tab.evaluate("end()")
    wait(tab, "nca.gl.isContextLost() && !nca.playing")
    tab.locator("canvas").evaluate("(canvas) => canvas.remove()")
    tab.wait_for_timeout(100)
    assert all("lost" in complaint.lower() for complaint in tab.complaints)


def test_reduced_motion_shows_a_still_until_asked(show):
    widget = nca.widget(RULE, **SMALL)
    tab = show(widget, reduced_motion="reduce")
    tab.wait_for_timeout(200)
    assert np.array_equal(state(tab), grown(256).numpy())
    assert tab.evaluate("model.saved.map(({ paused }) => paused)") == [True]  # Python hears of it
    tab.evaluate("model.set('paused', false)")
    wait(tab, "nca.stepCount > 256")


def test_without_webgl2_it_says_so(show):
    none = "HTMLCanvasElement.prototype.getContext = () => null"
    tab = show(nca.widget(RULE), prepare=lambda tab: tab.evaluate(none))
    assert tab.locator("main").inner_text().startswith("This needs WebGL2")
    assert tab.locator("canvas").count() == 0


def test_the_documentations_code_runs(show, tmp_path, monkeypatch):
    write_folder(tmp_path / "runs" / "moss", {"model.safetensors": model_bytes(RULE, {})})
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks("docs/notebook.md", "python"):
        if "nca.train" not in block.text:  # test_docs_python.py trains
            exec(block.text, names)  # noqa: S102 - our own
    assert np.array_equal(state(show(names["still"])), grown(200, 96, 96, seed=7).numpy())


# A notebook


def expected():
    """The state that the example's paused texture and torch both reach."""
    rule = load_bundle(LAVA).rule
    wiped = erase(reference_rollout(rule, seed_state(rule, 96, 96), 200, seed=7), 48, 48, 20)
    return reference_rollout(rule, wiped, 10, seed=7, first=200)


def test_the_example_runs_and_its_saved_state_shows_torchs(sources, show):
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": NOTEBOOK.parent}}).execute()
    saved = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"]
    _, still = (
        show(saved[output.data["application/vnd.jupyter.widget-view+json"]["model_id"]]["state"])
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "application/vnd.jupyter.widget-view+json" in output.data
    )
    assert np.array_equal(state(still), expected().numpy())
    (drawn,) = (output.data["image/png"] for output in notebook.cells[-1].outputs)
    with Image.open(io.BytesIO(base64.b64decode(drawn))) as image:
        assert np.array_equal(np.asarray(image), pixels(still, 2)[..., :3])


@pytest.mark.rare
def test_a_training_in_a_notebook_shows_itself_below_the_cell(sources, show, tmp_path):
    settings = "preset='tiny', size=16, field=16, steps=3, callbacks=[nca.Live()]"
    code = f"import nca\nnca.train({str(EXAMPLES / 'lava.png')!r}, {str(tmp_path / 'run')!r}, {settings});"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, timeout=120).execute()
    (output,) = (each for each in notebook.cells[0].outputs if each.output_type == "display_data")
    assert "application/vnd.jupyter.widget-view+json" in output.data
    saved = notebook.metadata.widgets["application/vnd.jupyter.widget-state+json"]["state"].values()
    assert "Training has ended at step 3. The texture lives on." in [each["state"].get("value") for each in saved]
    (widget,) = (each["state"] for each in saved if "_bundle" in each["state"])
    tab = show(widget)
    wait(tab, "nca.stepCount > 20")
    assert widget["_bundle"]["weights"] == nca.load(tmp_path / "run").bundle.fields()["weights"]
    assert tab.complaints == []


def test_the_example_is_committed_without_output():
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)


@pytest.fixture
def lab(sources, tmp_path, browser):
    """A tab of JupyterLab, with a copy of the example open."""
    pytest.importorskip("jupyterlab")
    for file in (NOTEBOOK, LAVA):
        shutil.copy(file, tmp_path)
    port = free_port()
    settings = {
        "ServerApp.root_dir": tmp_path,
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "IdentityProvider.token": "",
        "LabApp.news_url": "",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
    command += [f"--{name}={value}" for name, value in settings.items()]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        tab = browser.new_page(viewport={"width": 1280, "height": 1500})
        try:
            open_when_up(tab, f"http://127.0.0.1:{port}/lab/tree/notebook.ipynb")
            yield tab
        finally:
            tab.close()
            server.terminate()


def open_when_up(tab, address):
    for _ in range(120):
        try:
            tab.goto(address)
            return
        except Error:  # connection refused
            tab.wait_for_timeout(500)
    pytest.fail("JupyterLab does not start")


def menu(tab, name, item):
    tab.get_by_role("menuitem", name=name, exact=True).click()
    tab.get_by_role("menuitem", name=item, exact=True).click()


@pytest.mark.rare
def test_in_jupyterlab(lab):
    """Run all; the paused texture equals torch, the other plays, heals and obeys; closing gives the contexts back."""
    lab.get_by_text("| Idle").wait_for(timeout=90_000)
    menu(lab, "Run", "Run All Cells")
    lab.locator(".jp-RenderedImage img").wait_for(timeout=90_000)
    playing, still = (lab.locator("canvas").nth(k) for k in range(2))
    lab.wait_for_function("document.querySelectorAll('canvas')[0].nca.stepCount > 20", timeout=90_000)
    found = still.evaluate("({ nca }) => Array.from(nca.read())")
    assert np.array_equal(np.reshape(found, (12, 96, 96)), expected().numpy())
    assert playing.evaluate("({ nca }) => [nca.width, nca.height, nca.speed, nca.seed]") == [160, 96, 2, 7]

    still.click(position={"x": 20, "y": 20})
    assert still.evaluate("({ nca }) => nca.read()[10 * 96 + 10]") == 0

    still.evaluate("(canvas) => { window.kept = canvas.nca; }")
    menu(lab, "Edit", "Clear Outputs of All Cells")
    lab.wait_for_function("kept.gl.isContextLost()")
