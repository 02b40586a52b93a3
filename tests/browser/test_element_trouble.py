"""What a custom element says and shows where it cannot run."""

import json

import pytest

from elements import MOSS, ask, paused, shows_the_poster, wait

ERRORS = "document.addEventListener('error', ({ target, detail }) => (target.trouble = detail), true);"


def error(tab):
    wait(tab, "e.trouble")
    return ask(tab, "e.trouble")


@pytest.mark.parametrize(
    ("attributes", "kind", "message"),
    [
        ('src="nowhere.json"', "network", "nowhere.json: 404"),
        ('src="http://127.0.0.1:9/x.json"', "network", "Failed to fetch"),
        ('src="README.txt"', "format", "not valid JSON"),
        ('src="format.json"', "format", 'format is "nca-float-9", expected "nca-fixed-1" or "nca-fixed-2"'),
        ('src="weights.json"', "format", "w1 has 1024 bytes, expected 2048"),
        ('src="moss.nca.json" grid="99999x4"', "webgl", "grid of 99999x4 cells: expected 1 to"),
    ],
)
def test_errors_tell_their_type_and_what_to_do_about_it(show, site, attributes, kind, message):
    (site.folder / "format.json").write_text('{"format": "nca-float-9"}')
    (site.folder / "weights.json").write_text(json.dumps(MOSS.fields() | {"hidden": 64}))
    tab = show(f'<nca-texture {attributes} poster="poster.png"></nca-texture>', prepare=ERRORS)
    found = error(tab)
    assert found["type"] == kind
    assert message in found["message"]
    shows_the_poster(tab)

    ask(tab, "e.grid = '', e.src = 'moss.nca.json'")
    wait(tab, "e.texture?.stepCount > 3")


def test_a_device_that_refuses_the_shaders(show):
    wrong = """const { shaderSource } = WebGL2RenderingContext.prototype;
    WebGL2RenderingContext.prototype.shaderSource = function (shader, text) {
      shaderSource.call(this, shader, text + "nonsense");
    };"""
    tab = show('<nca-texture src="moss.nca.json" poster="poster.png"></nca-texture>', prepare=ERRORS + wrong)
    assert error(tab)["type"] == "shader"
    shows_the_poster(tab)


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
