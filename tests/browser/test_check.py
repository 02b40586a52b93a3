"""A device that is checked: by the page's button, by the texture's and the element's `check`, right or made wrong."""

import re

import pytest

from decoders import random_decoder
from elements import MOSS
from elements import ask as ask_element
from elements import wait as wait_for_element
from nca.export.bundle import Bundle
from nca.export.check.live import InTorch
from nca.export.proof import DETAIL, HEIGHT, LEGS, WIDTH, proof, proved
from pages import open_panel
from rules import random_rule
from textures import ask

RULE = random_rule(8, 12, seed=1)
PLAIN = proved(Bundle.of(RULE, "Moss"))
DECODED = proved(Bundle.of(random_rule(4, 8, seed=2, update=200), "Lava", decoder=random_decoder(4, 8, 2)))
LIMIT = 300  # the state that the patched step shader does not exceed


def patched(pattern, replacement):
    """A device whose compiler reads another shader."""
    source = f"source.replace({pattern}, {replacement!r})"
    return lambda tab: tab.add_init_script(
        "const { shaderSource } = WebGL2RenderingContext.prototype;"
        "WebGL2RenderingContext.prototype.shaderSource = function (shader, source) {"
        f"shaderSource.call(this, shader, {source}); }};"
    )


LIMITED = patched(r"/(clamp\(s\d.*), ?2047\.\)/g", f"$1, {LIMIT}.)")
PALE = patched(r"/\/ ?255\./g", "/ 254.")


def checked(tab):
    """What the page says after a click on its button."""
    open_panel(tab, "inside")
    tab.locator("#check").click()
    tab.locator("#report").wait_for()
    return tab.locator("#checked").inner_text()


def values(bundle):
    cells = WIDTH * HEIGHT
    return len(LEGS) * cells * (bundle.rule.channels + 4 * DETAIL**2)


@pytest.mark.parametrize("bundle", [PLAIN, DECODED], ids=["plain", "decoded"])
def test_a_right_device_has_torchs_bits(open_page, bundle):
    tab = open_page(bundle, "#paused&size=20x20")
    found = ask(tab, "nca.check()")
    assert found == {
        "same": True,
        "values": values(bundle),
        "step": 0,
        "hash": proof(bundle)["hash"],
        "renderer": found["renderer"],
        "milliseconds": pytest.approx(5000, abs=5000),
    }
    assert ask(tab, "nca.stepCount") == 0  # the texture itself stands still
    assert not tab.complaints


def test_the_page_says_so_and_gives_a_report(open_page):
    tab = open_page(PLAIN, "#paused&size=20x20", permissions=["clipboard-read", "clipboard-write"])
    said = checked(tab)
    renderer = re.fullmatch(rf"The same bits as torch: {values(PLAIN):,} values, on (.+), in \d+ ms\.", said)[1]
    tab.locator("#report").click()
    tab.wait_for_function("() => document.querySelector('#hint').textContent == 'Copied the report.'")
    report = dict(line.split(": ", 1) for line in tab.evaluate("navigator.clipboard.readText()").splitlines())
    assert list(report) == ["texture", "result", "hashes", "browser", "limits"]
    assert report["texture"] == "Moss, nca-fixed-1, 8 channels, 12 hidden units"
    assert (report["result"], renderer in said) == (said, True)
    digits = f"{proof(PLAIN)['hash']:08x}"
    assert report["hashes"] == f"{digits} here, {digits} in torch"
    assert report["browser"] == tab.evaluate("navigator.userAgent")
    assert re.search(r"MAX_TEXTURE_SIZE \d+, .*MAX_DRAW_BUFFERS \d+", report["limits"])
    assert not tab.complaints


def first_step_above(limit):
    """Of the check, in torch: the first step after which a value exceeds a limit."""
    run, step = InTorch(RULE, WIDTH, HEIGHT, 0), 0
    for count, *move in LEGS:
        for _ in range(count):
            run.step(1)
            step += 1
            if run.read().max() > limit:
                return step
        if move[0] == "reset":
            run = InTorch(RULE, WIDTH, HEIGHT, move[1])
        else:
            getattr(run, move[0])(*move[1:])
    raise AssertionError(f"no value exceeds {limit}")


def test_a_wrong_device_is_told_apart_and_the_step_named(open_page):
    tab = open_page(PLAIN, "#paused&size=20x20", prepare=LIMITED)
    step = first_step_above(LIMIT)
    assert step > 1
    found = ask(tab, "nca.check()")
    assert (found["same"], found["step"]) == (False, step)
    assert found["hash"] != proof(PLAIN)["hash"]
    assert checked(tab) == f"Other bits than torch, first at step {step} of the check, on {found['renderer']}."


def test_a_device_that_only_draws_wrong_is_told_apart_too(open_page):
    tab = open_page(PLAIN, "#paused&size=20x20", prepare=PALE)
    found = ask(tab, "nca.check()")
    assert (found["same"], found["step"]) == (False, 0)
    assert "in a picture" in checked(tab)


def test_a_texture_without_a_proof_is_not_checked(open_page):
    tab = open_page(Bundle.of(RULE, "Moss"), "#paused&size=20x20")
    open_panel(tab, "inside")
    assert not tab.locator("#check").is_visible()
    assert ask(tab, "nca.check().catch(String)") == "Error: no proof in this bundle: export it again"


def test_another_texture_has_no_result_yet(open_page):
    tab = open_page([PLAIN, DECODED], "#paused&size=20x20")
    checked(tab)
    tab.keyboard.press("n")
    tab.wait_for_function("() => document.querySelector('h1').textContent == 'Lava'")
    assert tab.locator("#checked").inner_text() == ""
    assert not tab.locator("#report").is_visible()


def test_a_lost_context_is_no_result(open_page):
    lost = """const { readPixels } = WebGL2RenderingContext.prototype;
    WebGL2RenderingContext.prototype.readPixels = function (...values) {
      this.getExtension("WEBGL_lose_context")?.loseContext();
      readPixels.apply(this, values);
    };"""
    tab = open_page(PLAIN, "#paused&size=20x20", prepare=lambda tab: tab.add_init_script(lost))
    assert ask(tab, "nca.check().catch(String)") == "Error: the browser took the WebGL context"


def test_an_element_checks_its_device(show):
    tab = show("<nca-texture paused></nca-texture>")
    assert ask_element(tab, "e.check().catch(String)") == "Error: not loaded yet"
    ask_element(tab, "(e.src = 'moss.nca.json')")
    wait_for_element(tab, "e.texture")
    found = ask_element(tab, "e.check()")
    assert (found["same"], found["values"], found["hash"]) == (True, values(MOSS), proof(MOSS)["hash"])
