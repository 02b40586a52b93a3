"""`fps`: the most frames a second in which a texture steps and draws. The tests say when a frame comes, and at what time."""

import json

import numpy as np
import pytest

from elements import HEAD, MOSS, RULE, ask, grown, picture, tiled, wait
from nca.rule.reference import erase
from textures import state

# Frames come, and time passes, when the test says so. The device is always done, and counts what it gets to do.
FRAMES = """
  const waiting = [];
  let now = 1000;
  globalThis.requestAnimationFrame = (call) => waiting.push(call);
  globalThis.calls = 0;
  const { prototype } = WebGL2RenderingContext;
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
  prototype.getSyncParameter = () => prototype.SIGNALED;
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


@pytest.fixture
def element(show):
    """Shows elements whose shaders are compiled and that have had no frame: element(attributes of each, ...)."""

    def element(*attributes):
        tab = show("".join(f"<nca-texture {MOVING} {each}></nca-texture>" for each in attributes), prepare=FRAMES)
        wait(tab, "all.every((e) => e.texture?.compiled)")
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
        const canvas = document.body.appendChild(Object.assign(document.createElement("canvas"), {{ nca: 0 }}));
        return (globalThis.nca = create(canvas, {json.dumps(MOSS.fields())}, {{ width: 32, height: 32, ...options }}));
      }};
    }}""")
    return tab


@pytest.mark.parametrize(("screen", "fps"), [(60, 15), (144, 60), (120, 24), (30, 60)])
def test_in_the_other_frames_the_device_gets_nothing(element, screen, fps):
    tab = element(f'fps="{fps}"')
    used = tab.evaluate("([count, screen]) => frames(count, screen)", [2 * screen, screen])
    assert sum(used) == ask(tab, STEPS)[0] == 2 * min(fps, screen)
    assert np.array_equal(picture(tab), tiled(grown(sum(used), width=32, height=32), 128, 128))


def test_elements_keep_their_own_rates(element):
    tab = element('fps="15"', "", 'fps="20" speed="2"', 'fps="0"', 'fps="30" speed="0.5"', 'fps="fast"')
    tab.evaluate("frames(120)")
    assert ask(tab, STEPS) == [30, 120, 80, 0, 30, 120]


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
    wait(tab, "e.texture?.compiled")
    tab.evaluate("frames(300)")
    assert ask(tab, STEPS)[0] >= 256


def test_the_module_keeps_a_rate(module):
    steps = "(options) => { make(options); nca.step(0); nca.play(); frames(60); return [nca.fps, nca.stepCount]; }"
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
