"""Many custom elements on a page: when they run, how they come and go."""

import numpy as np
import pytest

from elements import ask, grown, paused, picture, state, tiled, wait
from nca.export.bundle import Bundle
from nca.rule.reference import reference_rollout, seed_state
from rules import random_rule

LOSSES = ["contextlost", "contextrestored"]
COUNT = """
  for (const [type, name] of [[HTMLCanvasElement, "getContext"], [WebGL2RenderingContext, "linkProgram"],
      [WebGL2RenderingContext, "createTexture"], [WebGL2RenderingContext, "deleteTexture"]]) {
    const call = type.prototype[name];
    window[name] = 0;
    type.prototype[name] = function (...values) {
      window[name] += name != "getContext" || values[0] == "webgl2";
      return call.apply(this, values);
    };
  }"""


def test_24_run_in_one_context_with_one_fetch_and_one_compilation(show, site):
    tab = show('<nca-texture src="moss.nca.json" grid="32"></nca-texture>' * 24, prepare=COUNT)
    ask(tab, "all.forEach((e, i) => { e.style.cssText = 'width:64px; height:64px'; e.seed = i; })")
    wait(tab, "all.every((e) => e.texture?.stepCount > 5)")
    ask(tab, "all.forEach((e) => e.pause())")
    for which in (0, 17, 23):
        steps = ask(tab, "all[a[0]].texture.stepCount", which)
        assert np.array_equal(state(tab, which), grown(steps, seed=which, width=32, height=32).numpy())
    assert ask(tab, "[getContext, linkProgram]") == [1, 3]
    assert site.asked.count("/moss.nca.json") == 1
    assert tab.complaints == []


def test_nothing_is_fetched_or_made_before_it_is_seen_and_nothing_runs_out_of_sight(show, site):
    far = "<br>" * 300
    tab = show(f'{far}<nca-texture src="moss.nca.json" poster="poster.png"></nca-texture>', prepare=COUNT)
    tab.wait_for_timeout(200)
    assert ask(tab, "[getContext, e.texture]") == [0, None]
    assert not {"/moss.nca.json", "/poster.png"} & set(site.asked)

    ask(tab, "e.scrollIntoView()")
    wait(tab, "e.texture?.stepCount > 3")
    ask(tab, "scrollTo(0, 0)")
    tab.wait_for_timeout(200)
    before = ask(tab, "e.texture.stepCount")
    tab.wait_for_timeout(200)
    assert ask(tab, "e.texture.stepCount") == before
    ask(tab, "e.scrollIntoView()")
    wait(tab, f"e.texture.stepCount > {before}")


SHOWN = """
  window.shown = []; // the step of every picture
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...values) {
    shown.push(document.querySelector("nca-texture").texture.stepCount);
    return draw.apply(this, values);
  };"""
FRAMES = """new Promise((done) => {
  const before = e.texture.stepCount;
  let frames = 0;
  requestAnimationFrame(function frame() {
    if (++frames == 32) done(e.texture.stepCount - before);
    else requestAnimationFrame(frame);
  });
})"""


@pytest.mark.parametrize(("speed", "least", "most"), [("0.125", 3, 5), ("0", 0, 0)])
def test_speeds_below_1_skip_frames(show, speed, least, most):
    tab = show(f'<nca-texture src="moss.nca.json" grid="8" speed="{speed}"></nca-texture>')
    wait(tab, "e.texture?.compiled")
    assert least <= ask(tab, FRAMES) <= most


# However busy the machine is: no frame takes time, and the device is always done.
FAST = """
  performance.now = () => 0;
  WebGL2RenderingContext.prototype.getSyncParameter = () => WebGL2RenderingContext.SIGNALED;
"""


@pytest.mark.parametrize(("speed", "steps"), [("3", 3), ("Infinity", 20)])
def test_speeds_above_1_take_several_steps_a_frame(show, speed, steps):
    tab = show(f'<nca-texture src="moss.nca.json" grid="8" speed="{speed}"></nca-texture>', prepare=SHOWN + FAST)
    wait(tab, f"shown.some((at, i) => at - shown[i - 1] >= {steps})")


def test_pause_and_play(show):
    tab = show('<nca-texture src="moss.nca.json"></nca-texture>')
    wait(tab, "e.texture?.stepCount > 3")
    ask(tab, "e.pause()")
    assert ask(tab, "[e.paused, e.hasAttribute('paused')]") == [True, True]
    assert ask(tab, FRAMES) == 0
    ask(tab, "e.play()")
    assert ask(tab, "[e.paused, e.hasAttribute('paused')]") == [False, False]
    assert ask(tab, FRAMES) > 0


def test_reduced_motion_shows_a_grown_still_until_asked(show):
    tab = show('<nca-texture src="moss.nca.json" grid="32"></nca-texture>', reduced_motion="reduce")
    wait(tab, "e.texture?.stepCount >= 256")
    tab.wait_for_timeout(100)
    steps = ask(tab, "e.texture.stepCount")
    assert np.array_equal(picture(tab), tiled(grown(steps, width=32, height=32), 128, 128))
    assert ask(tab, FRAMES) == 0
    ask(tab, "e.play()")
    wait(tab, f"e.texture.stepCount > {steps}")


def test_reduced_motion_grows_unseen(show):
    tab = show('<nca-texture src="moss.nca.json" grid="32"></nca-texture>', reduced_motion="reduce", prepare=SHOWN)
    wait(tab, "shown.length")
    assert min(tab.evaluate("shown")) >= 256


def test_reduced_motion_may_change(show):
    tab = show('<nca-texture src="moss.nca.json" grid="32"></nca-texture>', reduced_motion="reduce")
    wait(tab, "e.texture?.stepCount >= 256")
    ask(tab, "e.play()")
    tab.emulate_media(reduced_motion="no-preference")
    assert ask(tab, FRAMES) > 0
    tab.emulate_media(reduced_motion="reduce")
    assert ask(tab, FRAMES) <= 1


# Coming and going


def test_removal_frees_what_it_held_and_the_last_one_gives_the_context_back(show):
    tab = paused(show, prepare=COUNT)
    ask(tab, "e.after(Object.assign(document.createElement('nca-texture'), { src: e.src, paused: true }))")
    wait(tab, "all[1].texture")
    ask(tab, "window.gl = e.texture.gl, window.kept = e, e.remove()")
    wait(tab, "!kept.texture")
    assert ask(tab, "[createTexture, deleteTexture, gl.isContextLost()]") == [12, 6, False]
    ask(tab, "e.step(30)")
    assert np.array_equal(state(tab), grown(30).numpy())
    ask(tab, "e.remove()")
    wait(tab, "gl.isContextLost()")
    assert ask(tab, "[createTexture, deleteTexture]") == [12, 12]

    ask(tab, "document.body.append(kept)")
    wait(tab, "e.texture")
    ask(tab, "e.step(30)")
    assert np.array_equal(state(tab), grown(30).numpy())
    assert ask(tab, "e.texture.gl != gl")


def test_a_move_in_the_document_keeps_the_state(show):
    tab = paused(show)
    ask(tab, "e.step(30), window.before = e.texture, document.body.append(document.createElement('p'))")
    ask(tab, "document.querySelector('p').append(e)")
    tab.wait_for_timeout(50)
    assert ask(tab, "e.texture == before")
    ask(tab, "e.step(10)")
    assert np.array_equal(state(tab), grown(40).numpy())
    ask(tab, "e.play()")
    wait(tab, "e.texture.stepCount > 42")


def test_a_lost_context_comes_back_as_it_was(show):
    tab = paused(show, 'grid="32"')
    ask(tab, f"window.events = [], {LOSSES}.forEach((type) => e.addEventListener(type, () => events.push(type)))")
    ask(tab, "e.step(600), e.erase(9, 9, 5), window.loss = e.texture.gl.getExtension('WEBGL_lose_context')")
    before = state(tab)
    ask(tab, "loss.loseContext()")
    wait(tab, "events.length == 1")
    # One that comes in between waits for the context, too.
    ask(tab, "document.body.append(Object.assign(document.createElement('nca-texture'), { src: e.src, grid: '32' }))")
    wait(tab, "all[1].texture")
    ask(tab, "loss.restoreContext()")
    wait(tab, "events.length == 2 && all[1].texture.stepCount > 3")
    assert tab.evaluate("events") == LOSSES
    assert np.array_equal(state(tab), before)
    ask(tab, "all[1].pause()")
    steps = ask(tab, "all[1].texture.stepCount")
    assert np.array_equal(state(tab, 1), grown(steps, width=32, height=32).numpy())
    ask(tab, "e.play()")
    wait(tab, "e.texture.stepCount > 605")


def test_another_source_begins_anew(show, site):
    other = Bundle.of(random_rule(4, 8, seed=2), "Other")
    (site.folder / "other.nca.json").write_text(other.to_json())
    tab = paused(show)
    assert ask(tab, "(e.step(9), e.src = 'other.nca.json', e.texture)") is None
    wait(tab, "e.texture")
    ask(tab, "e.step(30)")
    expected = reference_rollout(other.rule, seed_state(other.rule, 128, 128), 30, seed=0)
    assert np.array_equal(state(tab), expected.numpy())


def test_of_two_sources_set_at_once_the_last_one_counts(show, site):
    (site.folder / "four.nca.json").write_text(Bundle.of(random_rule(4, 8), "Four").to_json())
    tab = paused(show)
    ask(tab, "e.src = 'four.nca.json', e.src = 'nowhere.nca.json', e.src = 'moss.nca.json'")
    wait(tab, "e.texture")
    tab.wait_for_timeout(100)
    assert ask(tab, "e.texture.bundle.name") == "Moss"


def test_a_bundle_can_be_given(show, site):
    tab = show("<nca-texture paused></nca-texture>")
    ask(tab, "e.addEventListener('load', () => window.loaded = true)")
    tab.evaluate(
        "async () => document.querySelector('nca-texture').bundle = await (await fetch('moss.nca.json')).json()"
    )
    wait(tab, "window.loaded")
    ask(tab, "e.step(30)")
    assert np.array_equal(state(tab), grown(30).numpy())
    assert ask(tab, "e.bundle.name") == "Moss"
