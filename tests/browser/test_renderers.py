"""The promise on every renderer at hand, in three browsers: docs/renderers.md tells how to get them."""

import re
from contextlib import ExitStack, contextmanager

import pytest

from decoders import random_decoder
from nca import UserError
from nca.export.bundle import Bundle
from nca.export.check.browser import start
from nca.export.check.live import InBrowser, InTorch
from nca.export.check.verify import compare, page_of
from nca.export.proof import proved
from other_browsers import firefox, webkit
from rules import random_rule
from textures import ask

pytestmark = pytest.mark.renderers

# What the renderer that drew calls itself; WebKit never tells.
NAMES = {
    "swiftshader": ".*SwiftShader",
    "llvmpipe": ".*llvmpipe.*OpenGL",
    "lavapipe": ".*Vulkan.*llvmpipe",
    "gpu": "(?!.*(SwiftShader|llvmpipe|softpipe))",
    "firefox": "",
    "webkit": "",
}
NAME = """() => {
  const gl = document.createElement("canvas").getContext("webgl2");
  return gl && gl.getParameter(gl.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL ?? gl.RENDERER);
}"""


@pytest.fixture(scope="module", params=NAMES)
def tab(request, playwright, tmp_path_factory):
    with ExitStack() as stack:
        try:
            tab = stack.enter_context(open_tab(request.param, playwright, tmp_path_factory.mktemp("profile")))
        except UserError as error:
            pytest.skip(str(error))
        name = tab.evaluate(NAME)
        if not name:
            pytest.skip(f"{request.param} offers no WebGL2")
        if not re.match(NAMES[request.param], name):
            pytest.skip(f"{name} draws, not {request.param}")
        yield tab


def open_tab(renderer, playwright, profile):
    if renderer == "firefox":
        return firefox(profile)
    return webkit() if renderer == "webkit" else chromium(playwright, renderer)


@contextmanager
def chromium(playwright, renderer):
    with start(playwright, renderer=renderer) as browser:
        yield browser.new_page()


@pytest.mark.parametrize(("width", "height"), [(64, 64), (97, 61), (5, 3)])
@pytest.mark.parametrize(("channels", "hidden"), [(4, 8), (12, 96), (16, 128)])
def test_renderer_equals_torch(tab, channels, hidden, width, height):
    rule, seed = random_rule(channels, hidden, seed=1), channels * width
    with page_of(Bundle.of(rule, "Random")) as page:
        found, expected = InBrowser(tab, page, width, height, seed), InTorch(rule, width, height, seed)
        report = compare(found, expected, steps=(1, 2, 100))
    assert report.differing == 0, str(report.first)


@pytest.mark.parametrize(("channels", "units", "grain"), [(4, 8, 0), (12, 16, 2), (16, 64, 4)])
def test_renderer_decodes_torchs_bytes_at_each_detail(tab, channels, units, grain):
    rule, decoder = random_rule(channels, 32, seed=1), random_decoder(channels, units, grain)
    with page_of(Bundle.of(rule, "Random", decoder=decoder)) as page:
        found, expected = InBrowser(tab, page, 45, 32, 7), InTorch(rule, 45, 32, 7, decoder)
        report = compare(found, expected, steps=(1, 30))
    assert report.differing == 0, str(report.first)
    assert report.values == 45 * 32 * (channels + 3 * (1 + 4 + 16 + 64)) * 6


@pytest.mark.parametrize(("channels", "units"), [(4, None), (12, 32)])
def test_renderer_passes_the_check_of_its_device(tab, channels, units):
    decoder = units and random_decoder(channels, units)
    with page_of(proved(Bundle.of(random_rule(channels, 96, seed=1), "Random", decoder=decoder))) as page:
        tab.goto(f"{page.as_uri()}#paused&size=8x8")
        found = ask(tab, "nca.check()")
    assert (found["same"], found["step"]) == (True, 0), found
