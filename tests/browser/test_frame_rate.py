"""`fps`: the most frames a second in which a texture works. The tests say when a frame comes, and at what time."""

import json

import numpy as np
import pytest

from elements import HEAD, MOSS, ask, grown, picture, tiled
from nca.rule.reference import erase
from textures import state

# Frames come, and time passes, when the test says so. The device compiles at once, is always done, and counts calls.
FRAMES = """
  const waiting = [];
  let now = 1000;
  performance.now = () => now;
  globalThis.requestAnimationFrame = (call) => waiting.push(call);
  globalThis.calls = 0;
  const { prototype } = WebGL2RenderingContext;
  const { getExtension } = prototype;
  prototype.getExtension = function (name) {
    return name == "KHR_parallel_shader_compile" ? null : getExtension.call(this, name);
  };
  prototype.getSyncParameter = () => prototype.SIGNALED;
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
    if (typeof value == "function" && name != "isContextLost")
      prototype[name] = function (...values) {
        calls++;
        return value.apply(this, values);
      };
  const { drawImage } = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.drawImage = function (...values) {
    calls++;
    return drawImage.apply(this, values);
  };
  globalThis.frame = (milliseconds) => {
    now += milliseconds;
    const before = calls;
    waiting.splice(0).forEach((call) => call(now));
    return calls > before;
  };
  globalThis.frames = (count, screen = 60) => Array.from({ length: count }, () => frame(1000 / screen));
"""
MOVING = 'src="moss.nca.json" grid="32"'
STEPS = "all.map((e) => e.texture.stepCount)"


def wait_for_textures(tab):
    """Asks at intervals: a frame would not come by itself."""
    tab.wait_for_function("() => [...document.querySelectorAll('nca-texture')].every((e) => e.texture)", polling=20)


@pytest.fixture
def element(show):
    """Shows elements that have had no frame: element(attributes of each, ...)."""

    def element(*attributes):
        tab = show("".join(f"<nca-texture {MOVING} {each}></nca-texture>" for each in attributes), prepare=FRAMES)
        wait_for_textures(tab)
        return tab

    return element


@pytest.fixture
def module(complaining_tab, site):
    """A page of the module's create and a bundle."""
    from nca.export.formats.registry import FORMATS

    for name, content in FORMATS["module"].files(MOSS).items():
        (site.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    tab = complaining_tab(viewport={"width": 320, "height": 240}, within=site.address, fresh=True)
    tab.add_init_script(FRAMES)
    (site.folder / "test.html").write_text(HEAD, encoding="utf-8")
    tab.goto(f"{site.address}/test.html")
    tab.evaluate(f"""async () => {{
      const {{ create }} = await import("./nca.js");
      globalThis.make = (options) => {{
        const canvas = document.createElement("canvas");
        document.body.replaceChildren(canvas);
        globalThis.nca = create(canvas, {json.dumps(MOSS.fields())}, {{ width: 32, height: 32, ...options }});
        Object.assign(canvas, {{ nca }});
      }};
    }}""")
    return tab


@pytest.mark.parametrize(("screen", "fps"), [(60, 15), (144, 60)])
def test_in_the_other_frames_the_device_gets_nothing(element, screen, fps):
    tab = element(f'fps="{fps}"')
    used = tab.evaluate("(screen) => frames(screen, screen)", screen)
    assert sum(used) == ask(tab, STEPS)[0] == fps
    assert np.array_equal(picture(tab), tiled(grown(sum(used), width=32, height=32), 128, 128))


def test_elements_keep_their_own_rates(element):
    tab = element('fps="15"', "", 'fps="20"', 'fps="0"', 'fps="30" speed="0.5"', 'fps="fast"')
    tab.evaluate("frames(60)")
    assert ask(tab, STEPS) == [15, 60, 20, 0, 15, 60]


def test_a_hidden_tab_makes_up_for_nothing(element):
    tab = element('fps="15"')
    tab.evaluate("frames(60)")
    tab.evaluate("frame(3_600_000)")
    assert ask(tab, STEPS) == [16]
    tab.evaluate("frames(60)")
    assert ask(tab, STEPS) == [31]


def test_the_rate_may_change_at_any_time(element):
    tab = element('fps="0.1"')
    tab.evaluate("frames(60)")
    assert ask(tab, STEPS) == [1]
    ask(tab, "e.fps = 30")
    tab.evaluate("frames(60)")
    assert ask(tab, STEPS) == [31]
    ask(tab, "e.fps = null")
    tab.evaluate("frames(60)")
    assert ask(tab, STEPS) == [91]


def test_a_pointer_does_not_wait_for_a_frame(element):
    tab = element('fps="0.1" brush="3"')
    ask(tab, "e.step(50)")
    tab.locator("nca-texture").click(position={"x": 41, "y": 21})
    wiped = erase(grown(50, width=32, height=32), 20, 10, 3)
    assert np.array_equal(picture(tab), tiled(wiped, 128, 128))


def test_a_still_is_grown_at_once(show):
    """Where the system asks for less motion, steps that are not shown need no frame rate."""
    tab = show(f'<nca-texture {MOVING} fps="1"></nca-texture>', prepare=FRAMES, reduced_motion="reduce")
    wait_for_textures(tab)
    tab.evaluate("frames(300)")
    assert ask(tab, STEPS)[0] >= 256


def test_the_module_keeps_a_rate(module):
    steps = "(options) => { make(options); nca.play(); frames(60); return [nca.fps, nca.stepCount]; }"
    assert module.evaluate(steps, {"fps": 15}) == [15, 15]
    assert module.evaluate(steps, {"fps": "20"}) == [20, 20]
    assert module.evaluate(steps, {"fps": None}) == [float("inf"), 60]
    assert module.evaluate(steps, {}) == [float("inf"), 60]
    module.evaluate("() => { nca.fps = 10; frames(60); }")
    assert np.array_equal(state(module), grown(70, width=32, height=32).numpy())


def test_a_loop_of_your_own_keeps_its_own_rate(module):
    module.evaluate("make({ fps: 1 }), nca.step(9)")
    module.evaluate("""async () => {
      const { Pace } = await import("./nca.js");
      const pace = new Pace(nca.gl);
      for (let i = 0; i < 6; i++) {
        pace.begin();
        if (nca.advance(pace)) nca.draw();
        pace.end();
      }
    }""")
    assert module.evaluate("nca.stepCount") == 15
