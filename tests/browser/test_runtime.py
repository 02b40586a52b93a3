"""viewer/runtime/nca.js as someone uses it from code of their own."""

import numpy as np
import pytest
import torch

from nca.rule.reference import reference_rollout, rgb_bytes, seed_state
from rules import random_rule
from textures import ask, pixels, state

RULE = random_rule(8, 32, seed=1)


@pytest.fixture
def tab(open_page):
    return open_page(RULE, "#paused&size=24x16&seed=5")


def grown(steps, seed=5, width=24, height=16):
    return reference_rollout(RULE, seed_state(RULE, height, width), steps, seed=seed)


def test_read_gives_torchs_layout(tab):
    ask(tab, "nca.step(40)")
    assert np.array_equal(state(tab), grown(40).numpy())


def test_pixels_are_the_picture_enlarged_with_the_grid_unchanged(tab):
    ask(tab, "nca.step(40)")
    picture = rgb_bytes(grown(40))
    for scale in (1, 3):
        shown = pixels(tab, scale)
        assert np.array_equal(shown[..., :3], picture.repeat(scale, 0).repeat(scale, 1))
        assert (shown[..., 3] == 255).all()


def test_pixels_leave_the_canvas_as_it_was(tab):
    before = ask(tab, "[nca.canvas.width, nca.canvas.height, nca.scale]")
    pixels(tab, 2)
    assert ask(tab, "[nca.canvas.width, nca.canvas.height, nca.scale]") == before


def test_canvas_larger_than_the_grid_repeats_it(tab):
    ask(tab, "nca.step(40), nca.canvas.width = 100, nca.canvas.height = 70, nca.scale = 2")
    shown = ask(
        tab,
        """(() => {
          nca.draw();
          const bytes = new Uint8Array(4 * 100 * 70), { gl } = nca;
          gl.readPixels(0, 0, 100, 70, gl.RGBA, gl.UNSIGNED_BYTE, bytes);
          return Array.from(bytes);
        })()""",
    )
    shown = np.array(shown, np.uint8).reshape(70, 100, 4)[::-1, :, :3]
    tile = rgb_bytes(grown(40)).repeat(2, 0).repeat(2, 1)
    assert np.array_equal(shown, np.tile(tile, (3, 3, 1))[:70, :100])


def test_reset_takes_a_seed(tab):
    ask(tab, "nca.step(9), nca.reset(8), nca.step(40)")
    assert np.array_equal(state(tab), grown(40, seed=8).numpy())


def test_resize_starts_a_new_grid(tab):
    ask(tab, "nca.step(9), nca.resize(7, 30), nca.step(40)")
    assert np.array_equal(state(tab), grown(40, width=7, height=30).numpy())


@pytest.mark.parametrize("size", ["0, 4", "4, -1", "2.5, 4", "4", "1e9, 4"])
def test_impossible_sizes_are_refused(tab, size):
    message = ask(tab, f"(() => {{ try {{ nca.resize({size}) }} catch (error) {{ return String(error) }} }})()")
    assert message.startswith("RangeError: grid of ")


@pytest.mark.parametrize(("x", "y", "r"), [(0, 0, 0), (23, 15, 3), (-1, -1, 2), (1000, -1000, 5), (3, 3, 10**9)])
def test_brush_on_the_torus(tab, x, y, r):
    from nca.rule.reference import erase, restore

    ask(tab, "nca.step(20), nca.keep(), nca.step(20), nca.erase(...a)", x, y, r)
    expected = erase(grown(40), x, y, r)
    assert np.array_equal(state(tab), expected.numpy())
    ask(tab, "nca.restore(a[0] + 1, a[1], a[2])", x, y, r)
    assert np.array_equal(state(tab), restore(expected, grown(20), x + 1, y, r).numpy())


@pytest.mark.parametrize("seed", [-1, 2**32 + 5, 2**53 - 1])
def test_seeds_count_modulo_2_to_the_32(tab, seed):
    ask(tab, "nca.reset(a[0]), nca.step(10)", seed)
    assert np.array_equal(state(tab), grown(10, seed=seed).numpy())


def test_destroy_leaves_a_context_of_other_code(tab):
    ask(tab, "nca.play(), nca.destroy()")
    assert ask(tab, "[nca.playing, nca.gl.isContextLost()]") == [False, False]


def test_state_is_never_touched_by_drawing(tab):
    ask(tab, "nca.step(10), nca.draw(), nca.pixels(2), nca.read(), nca.step(30)")
    assert torch.equal(torch.tensor(state(tab)).float(), grown(40))
