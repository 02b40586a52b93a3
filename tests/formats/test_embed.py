"""The page for an <iframe>, as someone meets it who opens it or builds it into a page."""

import base64
import gzip
import io
import re
from functools import partial

import numpy as np
import pytest
from PIL import Image

from decoders import random_decoder
from nca.export.bundle import Bundle, load_bundle
from nca.export.check.verify import verify
from nca.export.formats.embed import EMBED, render_embed
from nca.export.pictures.thumbnail import thumbnail
from nca.rule.reference import reference_rollout, rgb_bytes, seed_state
from paths import LAVA
from rules import random_rule
from textures import ask, state

RULE = random_rule(4, 8, seed=1)
DISC = [(x, y) for x in range(-2, 3) for y in range(-2, 3) if x * x + y * y <= 4]


@pytest.fixture
def embed(open_page):
    """Opens a rule's page in a window of 640 x 400."""
    return partial(open_page, render=render_embed, viewport={"width": 640, "height": 400})


@pytest.mark.parametrize(("channels", "hidden"), [(4, 8), (12, 96)])
def test_equals_torch(browser, tmp_path, channels, hidden):
    rule = random_rule(channels, hidden, seed=1)
    page = tmp_path / "embed.html"
    page.write_text(render_embed(Bundle.of(rule, "Moss")), encoding="utf-8")
    report = verify(browser, page, rule, width=33, height=20, steps=(1, 2, 100), seed=4)
    assert report.differing == 0, str(report.first)


def test_sizes():
    provenance = load_bundle(LAVA).provenance
    bundles = {H: Bundle.of(random_rule(C, H, seed=1), "Moss", provenance) for C, H in [(4, 8), (12, 96)]}
    picture = thumbnail(load_bundle(LAVA))  # large for its kind
    sizes = {H: len(gzip.compress(render_embed(bundle, picture).encode(), 9)) for H, bundle in bundles.items()}
    assert sizes[8] <= 6 * 1024 + 8  # 6 KB; encoders differ by a few bytes between machines
    assert sizes[96] <= 13_500


@pytest.mark.parametrize("units", [16, 32])
def test_sizes_with_a_decoder(units):
    decoder = random_decoder(12, units, 2)
    bundle = Bundle.of(random_rule(12, 96, seed=1), "Moss", load_bundle(LAVA).provenance, decoder)
    assert len(gzip.compress(render_embed(bundle, thumbnail(load_bundle(LAVA))).encode(), 9)) <= 14_848


def test_without_a_decoder_there_is_no_code_for_one():
    page = render_embed(Bundle.of(RULE, "Moss"))
    assert not re.search("grain|dw1|between", page)
    assert "grain" in render_embed(Bundle.of(RULE, "Moss", decoder=random_decoder(4, 8)))


def test_plays_at_once_without_a_complaint(embed):
    tab = embed(RULE)
    tab.wait_for_function("() => document.querySelector('canvas').nca.stepCount > 10")
    assert tab.locator("canvas").bounding_box() == {"x": 0, "y": 0, "width": 640, "height": 400}
    assert tab.complaints == []


def test_a_drag_wipes_without_a_gap(embed):
    tab = embed(RULE, "#paused&size=32x20")
    ask(tab, "nca.step(60)")
    before = state(tab)
    tab.mouse.move(20 * 5 + 10, 20 * 8 + 10)
    tab.mouse.down()
    tab.mouse.move(20 * 20 + 10, 20 * 8 + 10)
    tab.mouse.up()
    tab.mouse.move(20 * 20 + 10, 20 * 16 + 10)  # no button is down
    wiped = before.copy()
    for column in range(5, 21):
        for x, y in DISC:
            wiped[:, 8 + y, column + x] = 0
    after = state(tab)
    assert not after[:, 8, 5:21].any()
    assert np.array_equal(after[:, 11:], before[:, 11:])
    assert np.array_equal(np.where(wiped == 0, 0, after), np.where(wiped == 0, 0, before))


def test_two_fingers_wipe_two_strokes(embed):
    tab = embed(RULE, "#paused&size=32x20", has_touch=True)
    ask(tab, "nca.step(60)")
    touch = tab.context.new_cdp_session(tab)
    for kind, points in [
        ("touchStart", [(50, 90), (450, 290)]),
        ("touchMove", [(150, 90), (350, 290)]),
        ("touchEnd", []),
    ]:
        points = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    wiped = state(tab)[:, [4, 4, 4, 14, 14, 9], [2, 5, 7, 22, 17, 12]]
    assert not wiped[:, :5].any()
    assert wiped[:, 5].any()


def test_reduced_motion_shows_a_grown_still_and_reacts(embed):
    tab = embed(RULE, reduced_motion="reduce")
    assert ask(tab, "nca.stepCount") == 256
    tab.emulate_media(reduced_motion="no-preference")
    tab.wait_for_function("() => document.querySelector('canvas').nca.stepCount > 260")


def test_without_webgl2_it_shows_its_picture_and_a_sentence(embed):
    green = io.BytesIO()
    Image.new("RGB", (16, 16), (0, 200, 0)).save(green, "WEBP")
    tab = embed(
        RULE,
        render=lambda bundle: render_embed(bundle, green.getvalue()),
        prepare=lambda tab: tab.add_init_script("HTMLCanvasElement.prototype.getContext = () => null"),
    )
    assert tab.locator("body").inner_text() == "WebGL2 is not available"
    for _ in range(40):
        red, green, blue = Image.open(io.BytesIO(tab.screenshot())).convert("RGB").getpixel((320, 200))
        if green > 190:
            break
        tab.wait_for_timeout(50)  # a picture loads sooner or later
    assert max(red, blue) < 10


def test_the_exported_picture_is_the_texture_grown(tmp_path):
    """Of a few pixels, each the mean of 4 x 4 cells."""
    page = EMBED.files(load_bundle(LAVA))[""].decode()
    data = re.search(r"url\(data:image/webp;base64,([^)]+)\)", page)[1]
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"), float)
    rule = load_bundle(LAVA).rule
    cells = rgb_bytes(reference_rollout(rule, seed_state(rule, 64, 64), 256, seed=0)).astype(float)
    assert picture.shape == (16, 16, 3)
    mean = cells.reshape(16, 4, 16, 4, 3).mean((1, 3))
    assert np.abs(picture.mean((0, 1)) - mean.mean((0, 1))).max() < 16
    assert np.corrcoef(picture[..., 0].ravel(), mean[..., 0].ravel())[0, 1] > 0.6


def test_works_in_a_sandboxed_frame(browser, tmp_path):
    (tmp_path / "moss.html").write_text(render_embed(Bundle.of(RULE, "Moss")), encoding="utf-8")
    (tmp_path / "page.html").write_text('<iframe src="moss.html#seed=7" sandbox="allow-scripts" title="Moss"></iframe>')
    tab = browser.new_page()
    tab.goto((tmp_path / "page.html").as_uri())
    frame = tab.frames[1]
    frame.wait_for_function("() => document.querySelector('canvas')?.nca?.stepCount > 5")
    tab.close()
