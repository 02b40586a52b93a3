"""The folder of plain shaders: as an independent compiler reads it, and as a port of it runs."""

import base64
import re
import shutil
import subprocess
import sysconfig

import numpy as np
import pytest

from decoders import random_decoder
from documents import blocks
from nca.export.bundle import Bundle
from nca.export.formats.registry import FORMATS
from nca.rule.decode import decode
from nca.rule.decoder import DETAILS
from nca.rule.mask import step_key
from nca.rule.reference import erase, reference_rollout, rgb_bytes, seed_state
from paths import EXAMPLES, ROOT
from rules import random_rule
from textures import BASE64

COMPILER = shutil.which("glslangValidator", path=sysconfig.get_path("scripts")) or shutil.which("glslangValidator")
SIZES = [(4, 8), (8, 32), (12, 48), (16, 128)]
WIDTH, HEIGHT = 29, 18
SHADERTOY = """#version 300 es
precision highp float;
precision highp int;
uniform vec3 iResolution;
uniform vec4 iMouse;
uniform int iFrame;
uniform sampler2D iChannel0, iChannel1, iChannel2, iChannel3;
out vec4 target;
{}
void main() {{ mainImage(target, gl_FragCoord.xy); }}
"""


def export(kind, rule, decoder=None):
    files = FORMATS[kind].files(Bundle.of(rule, "Moss", decoder=decoder))
    return {name: text.decode() for name, text in files.items()}


def fragments(rule, decoder):
    """Every fragment shader that is exported, by name."""
    plain, tabs = export("glsl", rule, decoder), export("shadertoy", rule, decoder)
    common = tabs.pop("common.glsl")
    shadertoy = {name: SHADERTOY.format(common + text) for name, text in tabs.items() if name.endswith(".glsl")}
    return {name: text for name, text in plain.items() if name.endswith(".frag")} | shadertoy


def compile_program(folder, vertex, fragment):
    """Both stages, linked."""
    (folder / "shader.vert").write_text(vertex)
    (folder / "shader.frag").write_text(fragment)
    return subprocess.run([COMPILER, "-l", "shader.vert", "shader.frag"], cwd=folder, capture_output=True, text=True)


@pytest.mark.skipif(not COMPILER, reason="glslangValidator is not installed")
class TestIndependentCompiler:
    @pytest.mark.parametrize("grain", [None, 0, 4])
    @pytest.mark.parametrize(("channels", "hidden"), SIZES)
    def test_every_shader_compiles_and_links(self, tmp_path, channels, hidden, grain):
        rule = random_rule(channels, hidden, seed=1)
        decoder = None if grain is None else random_decoder(channels, 16, grain)
        vertex = export("glsl", rule)["vertex.vert"]
        found = fragments(rule, decoder)
        assert len(found) == 3 + channels // 4 + 1
        for name, text in found.items():
            compiled = compile_program(tmp_path, vertex, text)
            assert compiled.returncode == 0, f"{name}: {compiled.stdout}"

    def test_the_plain_ones_compile_as_desktop_glsl(self, tmp_path):
        for name, text in export("glsl", random_rule(12, 48), random_decoder(12, 16)).items():
            if name.endswith(".frag"):
                desktop = text.replace("#version 300 es", "#version 330 core")
                vertex = export("glsl", random_rule(12, 48))["vertex.vert"].replace("300 es", "330 core")
                compiled = compile_program(tmp_path, vertex, desktop)
                assert compiled.returncode == 0, f"{name}: {compiled.stdout}"

    def test_a_mistake_is_found(self, tmp_path):
        shaders = export("glsl", random_rule(4, 8))
        wrong = shaders["step.frag"].replace("uint(p.x) + key", "p.x + key")
        assert "no operation '+'" in compile_program(tmp_path, shaders["vertex.vert"], wrong).stdout


@pytest.mark.parametrize("decoded", [False, True])
@pytest.mark.parametrize(("channels", "hidden"), SIZES)
def test_the_readme_and_the_page_name_every_uniform(channels, hidden, decoded):
    files = export("glsl", random_rule(channels, hidden), random_decoder(channels, 16) if decoded else None)
    readme = files.pop("README.txt")
    page = (ROOT / "docs" / "glsl.md").read_text()
    for name, text in files.items():
        assert f"`{name}`" in page
        for uniform in re.findall(r"^uniform \w+ ([^;]+);", text, flags=re.MULTILINE):
            section = re.split(r"^  (?=\w+\.frag)", readme, flags=re.MULTILINE)
            passes = [text for text in section if text.startswith(name)]
            assert re.search(rf"^ +{re.escape(uniform)} +", passes[0], flags=re.MULTILINE), (name, uniform)
            assert f"`{uniform.split('[')[0]}" in page, uniform


def test_the_readme_and_the_page_give_torchs_keys():
    keys = [hex(step_key(0, step)) for step in range(3)]
    readme = export("glsl", random_rule(4, 8))["README.txt"]
    assert re.findall(r"0x\w{8}", readme)[-3:] == keys
    assert ", ".join(f"`{key}`" for key in keys) in (ROOT / "docs" / "glsl.md").read_text()


@pytest.mark.skipif(not shutil.which("cc"), reason="no C compiler is installed")
@pytest.mark.parametrize("seed", [0, 7, 2**32 - 1])
def test_the_pages_c_computes_torchs_keys(tmp_path, seed):
    """Its function stands before main, its last line in it."""
    [block] = blocks("docs/glsl.md", "c")
    function, end, line = block.text.rpartition("}\n")
    main = f'int main(void) {{ uint32_t seed = {seed}u, step = 40; {line} printf("%u", key); }}'
    (tmp_path / "key.c").write_text(f"#include <stdint.h>\n#include <stdio.h>\n{function}{end}{main}")
    subprocess.run(["cc", "key.c", "-o", "key"], cwd=tmp_path, check=True)
    printed = subprocess.run([tmp_path / "key"], capture_output=True, text=True, check=True).stdout
    assert int(printed) == step_key(seed, 40)


@pytest.fixture
def port(new_tab, tmp_path):
    """Opens a texture's folder in the example, as someone who chooses the files, and leaves it at step 0.

    scale: the pixels of a cell; the example's own is 2.
    """

    def port(rule, decoder=None, scale=2):
        page = new_tab(viewport={"width": scale * WIDTH, "height": scale * HEIGHT})
        example = tmp_path / "glsl.html"
        example.write_text((EXAMPLES / "glsl.html").read_text().replace("SCALE = 2;", f"SCALE = {scale};"))
        page.goto(example.as_uri() + "#paused")
        files = export("glsl", rule, decoder).items()
        page.set_input_files(
            "input", [{"name": name, "mimeType": "text/plain", "buffer": text.encode()} for name, text in files]
        )
        page.wait_for_function("port")
        return page

    return port


def pixels(page, scale):
    """(height * scale, width * scale, 3)."""
    size = "4 * port.gl.drawingBufferWidth * port.gl.drawingBufferHeight"
    encoded = page.evaluate(f"""() => {{
        const {{ gl }} = port, bytes = new Uint8Array({size});
        port.draw();
        gl.readPixels(0, 0, gl.drawingBufferWidth, gl.drawingBufferHeight, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
        return ({BASE64})(bytes);
    }}""")
    found = np.frombuffer(base64.b64decode(encoded), np.uint8).reshape(scale * HEIGHT, scale * WIDTH, 4)
    return found[::-1, :, :3]


def picture(page):
    """(height, width, 3) of the cells, each of which is 2 x 2 pixels."""
    found = pixels(page, 2)
    cells = found[::2, ::2]
    assert np.array_equal(found, cells.repeat(2, 0).repeat(2, 1))
    return cells


@pytest.mark.parametrize(("channels", "hidden"), [(4, 8), (12, 48)])
def test_the_example_port_shows_torchs_bytes(port, channels, hidden):
    rule = random_rule(channels, hidden, seed=1)
    page = port(rule)
    expected = seed_state(rule, HEIGHT, WIDTH)
    assert np.array_equal(picture(page), rgb_bytes(expected))

    page.evaluate("() => { for (let i = 0; i < 60; i++) port.step(); }")
    expected = reference_rollout(rule, expected, 60, seed=0)
    assert np.array_equal(picture(page), rgb_bytes(expected))

    page.mouse.click(2 * 3 + 1, 2 * 5)
    expected = erase(expected, 3, 5, 10)
    assert np.array_equal(picture(page), rgb_bytes(expected))

    page.evaluate("() => { for (let i = 0; i < 10; i++) port.step(); }")
    assert np.array_equal(picture(page), rgb_bytes(reference_rollout(rule, expected, 10, seed=0, first=60)))


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize(("channels", "hidden", "units", "grain"), [(4, 8, 8, 0), (12, 48, 16, 2)])
def test_the_example_port_decodes_torchs_bytes(port, channels, hidden, units, grain, detail):
    rule, decoder = random_rule(channels, hidden, seed=1), random_decoder(channels, units, grain)
    page = port(rule, decoder, detail)
    page.evaluate("() => { for (let i = 0; i < 31; i++) port.step(); }")
    expected = reference_rollout(rule, seed_state(rule, HEIGHT, WIDTH), 31, seed=0)
    assert np.array_equal(pixels(page, detail), decode(decoder, expected, detail))
