"""Devices that are slow, small or lose what they hold, as far as a browser lets a test pretend."""

from itertools import pairwise

import numpy as np
import pytest

from nca.export.check.live import InTorch
from rules import random_rule
from textures import ask, state

RULE = random_rule(8, 32, seed=1)
GRID = "#paused&size=24x16&seed=5"
WEBGL = "WebGL2RenderingContext.prototype"


def prepare(script):
    return lambda tab: tab.add_init_script(script)


def wait(tab, condition):
    tab.wait_for_function(f"() => {{ const {{ nca }} = document.querySelector('canvas'); return {condition}; }}")


def lose(tab, meanwhile="0"):
    """The context goes, something happens, the context comes back."""
    ask(tab, "(window.loss = nca.gl.getExtension('WEBGL_lose_context'), loss.loseContext(), 0)")
    wait(tab, "nca.gl.isContextLost()")
    ask(tab, f"({meanwhile}, setTimeout(() => loss.restoreContext()), 0)")
    wait(tab, "!nca.gl.isContextLost() && nca.read().some(Boolean)")


def frames(count):
    return f"""new Promise((done) => {{
      let left = {count};
      requestAnimationFrame(function frame() {{ --left < 0 ? done(nca.stepCount) : requestAnimationFrame(frame); }});
    }})"""


# A lost context


def test_all_that_was_done_is_done_again(open_page):
    tab = open_page(RULE, GRID)
    ask(
        tab,
        "nca.step(20), nca.erase(3, 4, 5), nca.step(10), nca.keep(), nca.step(3), nca.restore(9, 9, 4), nca.step(7)",
    )
    lose(tab)

    expected = InTorch(RULE, 24, 16, 5)
    expected.step(20), expected.erase(3, 4, 5), expected.step(10), expected.keep()
    expected.step(3), expected.restore(9, 9, 4), expected.step(7)
    assert ask(tab, "nca.stepCount") == 40
    assert np.array_equal(state(tab), expected.read())

    ask(tab, "nca.restore(0, 0, 6), nca.step(50)")  # what was kept came back too
    expected.restore(0, 0, 6), expected.step(50)
    assert np.array_equal(state(tab), expected.read())


def test_a_long_run_is_not_replayed_from_its_beginning(open_page):
    tab = open_page(RULE, GRID)
    ask(tab, "nca.step(601), nca.keep(), nca.erase(3, 4, 5)")
    for _ in range(4):  # a snapshot arrives between two tasks
        ask(tab, f"(nca.step(150), {frames(3)})")
    ask(tab, "(nca.erase(20, 3, 4), window.draws = 0, window.draw = nca.gl.drawArrays, 0)")
    ask(tab, "(nca.gl.drawArrays = (...a) => (draws++, draw.apply(nca.gl, a)), 0)")
    lose(tab)

    expected = InTorch(RULE, 24, 16, 5)
    expected.step(601), expected.keep(), expected.erase(3, 4, 5), expected.step(600), expected.erase(20, 3, 4)
    assert np.array_equal(state(tab), expected.read())
    assert 0 < ask(tab, "draws") < 1100
    ask(tab, "nca.restore(5, 5, 9)")
    expected.restore(5, 5, 9)
    assert np.array_equal(state(tab), expected.read())


def test_what_is_asked_while_it_is_gone_happens(open_page):
    tab = open_page(RULE, GRID)
    ask(tab, "nca.step(30)")
    lose(tab, meanwhile="(nca.step(5), nca.erase(3, 4, 5), nca.step(5), nca.draw())")
    expected = InTorch(RULE, 24, 16, 5)
    expected.step(35), expected.erase(3, 4, 5), expected.step(5)
    assert np.array_equal(state(tab), expected.read())


def test_a_reset_forgets_the_snapshot(open_page):
    tab = open_page(RULE, GRID)
    for _ in range(3):
        ask(tab, f"(nca.step(600), {frames(3)})")
    ask(tab, "nca.reset(), nca.step(10)")
    lose(tab)
    expected = InTorch(RULE, 24, 16, 5)
    expected.step(10)
    assert np.array_equal(state(tab), expected.read())


# A slow device


def test_a_device_that_is_behind_gets_no_more_and_strokes_are_drawn_at_once(open_page):
    behind = f"{WEBGL}.getSyncParameter = function () {{ return this.UNSIGNALED; }}"
    tab = open_page(RULE, "#size=24x16", prepare=prepare(behind))
    wait(tab, "nca.stepCount == 1")
    assert ask(tab, frames(10)) == 1

    ask(tab, "(nca.step(200), 0)")
    assert state(tab).all(axis=0).any()
    tab.mouse.move(640, 400)
    tab.mouse.down()
    tab.mouse.up()
    ask(tab, frames(2))
    assert ask(tab, "nca.stepCount") == 201
    assert not state(tab)[:, 8, 12].any()


def test_as_many_steps_as_fit_and_fewer_where_the_device_falls_behind(open_page):
    script = f"""
      window.asked = 0;
      {WEBGL}.getSyncParameter = function () {{ return asked++ == 12 ? this.UNSIGNALED : this.SIGNALED; }};
    """
    tab = open_page(RULE, GRID, prepare=prepare(script))
    steps = ask(
        tab,
        """new Promise((done) => {
          const steps = [];
          const { automaton } = nca, { step } = automaton;
          automaton.step = (n) => (steps.push(n), step.call(automaton, n), steps.length == 16 && done(steps));
          nca.speed = Infinity;
          nca.play();
        })""",
    )
    slow = next(index for index, (count, following) in enumerate(pairwise(steps)) if 20 < following < 1.4 * count)
    fast, slow = steps[: slow + 1], steps[slow + 1 :]
    assert all(count <= following <= 1.5 * count + 1 for count, following in pairwise(fast))
    assert all(following <= 1.05 * count for count, following in pairwise(slow))


def test_nothing_waits_for_the_compiler(open_page):
    compiling = f"""
      window.linked = false, window.asked = [];
      const real = {WEBGL}.getExtension, get = {WEBGL}.getProgramParameter, at = {WEBGL}.getUniformLocation;
      {WEBGL}.getExtension = function (name) {{
        return name == "KHR_parallel_shader_compile" ? {{ COMPLETION_STATUS_KHR: 37297 }} : real.call(this, name);
      }};
      {WEBGL}.getProgramParameter = function (program, what) {{
        if (what == 37297) return linked;
        asked.push(this.getShaderSource(this.getAttachedShaders(program)[1]).split("\\n")[1]);
        return get.call(this, program, what);
      }};
    """
    tab = open_page(RULE, "#size=24x16", prepare=prepare(compiling))
    assert ask(tab, frames(5)) == 0
    assert not any("step:" in shader for shader in tab.evaluate("asked"))
    tab.evaluate("() => { linked = true; }")
    wait(tab, "nca.stepCount > 3")


# A small device


def test_four_render_targets_are_enough(open_page):
    limits = f"""
      const get = {WEBGL}.getParameter, draw = {WEBGL}.drawBuffers;
      {WEBGL}.getParameter = function (name) {{
        const least = [this.MAX_DRAW_BUFFERS, this.MAX_COLOR_ATTACHMENTS].includes(name);
        return least ? 4 : get.call(this, name);
      }};
      {WEBGL}.drawBuffers = function (targets) {{
        if (targets.length > 4) throw new Error("more than WebGL2 promises");
        return draw.call(this, targets);
      }};
    """
    rule = random_rule(16, 32, seed=1)
    tab = open_page(rule, GRID, prepare=prepare(limits))
    ask(tab, "nca.step(50)")
    expected = InTorch(rule, 24, 16, 5)
    expected.step(50)
    assert np.array_equal(state(tab), expected.read())
    assert tab.complaints == []


def test_no_more_texture_units_than_promised(open_page):
    """Three states of four textures, and one for toTexture: 13 of the 16 that WebGL2 promises."""
    tab = open_page(random_rule(16, 32, seed=1), GRID)
    ask(tab, "(nca.step(3), nca.toTexture(), 0)")
    assert ask(tab, "nca.gl.getParameter(nca.gl.ACTIVE_TEXTURE) - nca.gl.TEXTURE0") < 16
    assert ask(tab, "nca.gl.getError()") == 0


def test_without_integer_targets_it_says_so(open_page):
    tab = open_page(RULE, GRID, prepare=prepare(f"{WEBGL}.checkFramebufferStatus = () => 36061"))
    assert "cannot draw to 2 integer textures" in tab.locator("#hint").inner_text()


def test_a_grid_beyond_the_largest_texture_is_refused(open_page):
    small = f"""
      const get = {WEBGL}.getParameter;
      {WEBGL}.getParameter = function (name) {{ return name == this.MAX_TEXTURE_SIZE ? 2048 : get.call(this, name); }};
    """
    tab = open_page(RULE, "#paused&size=4000x16", prepare=prepare(small))
    assert "grid of 4000x16 cells: expected 1 to 2048" in tab.locator("#hint").inner_text()


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (2047, 1)])
def test_a_storm_of_resizes_keeps_the_grid(open_page, size):
    tab = open_page(RULE, f"#paused&size={size[0]}x{size[1]}")
    ask(tab, "nca.step(30)")
    before = state(tab)
    for width in (300, 301, 900, 320):
        tab.set_viewport_size({"width": width, "height": 500})
    wait(tab, "nca.canvas.clientWidth < 900")  # cells are up to 800 pixels wide
    assert np.array_equal(state(tab), before)
    assert tab.complaints == []
