"""What people take with them: pictures, videos, links, code, bundles, sessions."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from nca.export.bundle import Bundle, load_bundle
from nca.export.check.replay import load_session, replay
from pages import open_panel, wait
from rules import random_rule
from textures import ask, pixels, state

BUNDLES = [Bundle.of(random_rule(4, 8, seed), name) for seed, name in enumerate(["Moss", "Fern"], 1)]


@pytest.fixture
def tab(open_page):
    """A grown texture of 64 x 40 cells that stands still, the panel open."""
    tab = open_page(BUNDLES, "#paused&size=64x40&seed=3", permissions=["clipboard-read", "clipboard-write"])
    ask(tab, "nca.step(60), nca.draw()")
    open_panel(tab, "take")
    return tab


def saved(tab, button):
    """The file that a button gives, and its name."""
    with tab.expect_download() as download:
        tab.get_by_role("button", name=button).click()
    return download.value.path(), download.value.suggested_filename


def copied(tab, button):
    tab.get_by_role("button", name=button).click()
    tab.wait_for_function("() => document.querySelector('#hint').textContent.startsWith('Copied')")
    return tab.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize("scale", [1, 3, 8])
def test_the_tile_is_saved_as_it_is(tab, scale):
    tab.get_by_label("Pixels a cell").select_option(str(scale))
    path, name = saved(tab, "Save the tile")
    assert name == "moss.png"
    picture = np.asarray(Image.open(path).convert("RGB"))
    assert np.array_equal(picture, pixels(tab)[..., :3].repeat(scale, 0).repeat(scale, 1))


def test_the_link_leads_back(tab, open_page):
    link = copied(tab, "Copy link")
    assert link == tab.url.split("#")[0] + "#moss&seed=3&size=64x40"


def test_the_embed_code_runs_beside_the_page(tab, browser, tmp_path):
    code = copied(tab, "Copy embed code")
    (tmp_path / "frame.html").write_text(code)
    around = browser.new_page()
    around.goto((tmp_path / "frame.html").as_uri())
    inner = around.frames[1]
    inner.wait_for_function("() => document.querySelector('canvas')?.nca?.seed == 3")
    assert around.locator("iframe").get_attribute("title") == "Moss"
    around.close()


def test_the_embed_code_holds_any_name(open_page):
    bundle = replace(BUNDLES[0], name='"><script>alert(1)</script>&')
    tab = open_page(bundle, "#paused&size=8x8", permissions=["clipboard-read", "clipboard-write"])
    open_panel(tab, "take")
    code = copied(tab, "Copy embed code")
    assert "<script" not in code
    assert code.count('"') == 10


def test_the_shader_is_the_one_that_runs(tab):
    assert copied(tab, "Copy shader") == ask(tab, "nca.bundle.shaders.step")


def test_the_bundle_is_one_that_the_command_line_reads(tab, tmp_path):
    path, name = saved(tab, "Save the bundle")
    assert name == "moss.nca.json"
    again = load_bundle(path)
    assert again.name == "Moss"
    assert again.rule.fingerprint == BUNDLES[0].rule.fingerprint
    assert list(json.loads(path.read_text())) == list(BUNDLES[0].fields())


PLAYED = """(data) => new Promise((done) => {
  const video = document.querySelector("video");
  video.requestVideoFrameCallback(() => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 40 });
    canvas.getContext("2d").drawImage(video, 0, 0, 64, 40);
    done([video.videoWidth, video.videoHeight, [...canvas.getContext("2d").getImageData(0, 0, 64, 40).data]]);
  });
  video.src = "data:video/webm;base64," + data;
  video.play();
})"""


def test_a_video_is_recorded_at_a_steady_rate_and_begins_with_what_the_window_shows(open_page, browser):
    tab = open_page(BUNDLES, "#paused&size=64x40", viewport={"width": 640, "height": 400})
    ask(tab, "nca.step(60), nca.draw()")
    still = pixels(tab)[..., :3].astype(int)
    open_panel(tab, "take")
    tab.get_by_label("Steps a frame").select_option("2")
    tab.get_by_role("button", name="Record").click()
    wait(tab, "nca.stepCount >= 80")
    path, name = saved(tab, "Stop")
    assert name == "moss.webm"
    content = path.read_bytes()
    assert content[:4] == b"\x1a\x45\xdf\xa3"  # EBML, as WebM is
    assert len(content) > 5_000
    assert ask(tab, "nca.stepCount") % 2 == 0
    assert tab.get_by_role("button", name="Record").is_visible()

    player = browser.new_page()
    player.set_content("<video muted></video>")
    width, height, data = player.evaluate(PLAYED, base64.b64encode(content).decode())
    player.close()
    assert (width, height) == (640, 400)
    frame = np.array(data).reshape(40, 64, 4)[..., :3]
    assert np.corrcoef(frame.ravel(), still.ravel())[0, 1] > 0.5  # some steps later, and lossy


def test_a_session_opened_again_gives_the_same_bits(tab, open_page, tmp_path):
    tab.keyboard.press("Escape")
    tab.mouse.click(20 * 30 + 5, 20 * 12 + 5)
    ask(tab, "nca.step(10)")
    for brush in ("noise", "own", "slow"):
        tab.locator(f"label:has([value={brush}])").click()
        tab.mouse.click(20 * 10 + 5, 20 * 30 + 5)
        ask(tab, "nca.step(10)")
    open_panel(tab, "view")
    tab.locator("#turn").fill("32")
    ask(tab, "nca.step(10)")
    expected = state(tab)
    open_panel(tab, "take")
    path, name = saved(tab, "Save the session")
    assert name == "moss.session.json"
    session = json.loads(path.read_text())
    assert (session["format"], session["steps"]) == ("nca-session-1", 110)
    assert [bundle["name"] for bundle in session["bundles"]] == ["Moss", "Fern"]

    other = open_page(Bundle.of(random_rule(4, 12, 9), "Bark"), "#paused&size=8x8")
    open_panel(other, "textures")
    other.locator("[type=file]").set_input_files(path)
    wait(other, "nca.bundle.name == 'Moss' && nca.stepCount == 110 && !session.replaying")
    assert np.array_equal(state(other), expected)
    assert other.evaluate("location.hash") == "#moss&seed=3&size=64x40"
    assert other.locator("#turn").input_value() == "32"
    assert np.array_equal(expected, replay(load_session(path)).numpy())


def test_a_session_of_textures_that_are_here_adds_none(tab, tmp_path):
    ask(tab, "nca.step(5)")
    expected = state(tab)
    path, _ = saved(tab, "Save the session")
    tab.keyboard.press("r")
    tab.locator("[type=file]").set_input_files(path)
    wait(tab, "nca.stepCount == 65 && !session.replaying")
    assert np.array_equal(state(tab), expected)
    assert tab.locator("#textures li").count() == 2


def test_a_broken_session_is_explained(tab, tmp_path):
    path = tmp_path / "broken.json"
    path.write_text('{"format": "nca-session-1"}')
    tab.locator("[type=file]").set_input_files(path)
    tab.wait_for_function("() => document.querySelector('#hint').textContent.startsWith('broken.json: ')")
    ask(tab, "nca.step()")
    assert ask(tab, "nca.bundle.name") == "Moss"
