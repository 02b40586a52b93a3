"""The decoder in the browser: the same bytes as in torch, at each detail."""

import base64
from pathlib import Path

import numpy as np
import pytest
import torch

from decoders import heaviest_decoder, random_decoder
from nca.export.bundle import load_bundle
from nca.export.shaders import render_shaders
from nca.model.rollout import rollout
from nca.rule.decode import decode, painted_decode
from nca.rule.decoder import DETAILS
from nca.rule.reference import seed_state
from rules import random_rule

VERTEX = render_shaders(random_rule(4, 8))["vertex"]


def render_decoder(decoder):
    return render_shaders(random_rule(decoder.channels, 4), decoder)["display"]


SCRIPT = (Path(__file__).parents[1] / "support" / "decode.js").read_text(encoding="utf-8").replace("export ", "")


@pytest.fixture(scope="module")
def tab(browser):
    tab = browser.new_page()
    yield tab
    tab.close()


def pairs(state, phase):
    """A state's textures in the runtime's layout: (C / 4, height, pairs, 4), two cells in a lane."""
    channels, height, width = state.shape
    places = np.roll(state, -phase, axis=2)
    padded = np.pad(places, ((0, 0), (0, 0), (0, width % 2))).reshape(channels // 4, 4, height, -1, 2)
    return (padded[..., 0] & 65535 | padded[..., 1] << 16).astype(np.int32).transpose(0, 2, 3, 1)


def draw(tab, decoders, state, detail, *, phase=0, owners=None, canvas=None, side=None, corner=(0, 0), times=0):
    """The canvas, (height, width, 3) uint8, and seconds. By default it shows the whole state at its detail."""
    height, width = state.shape[1:]
    canvas = canvas or (width * detail, height * detail)
    job = {
        "vertex": VERTEX,
        "fragments": [render_decoder(decoder) for decoder in decoders],
        "size": [width, height, phase],
        "textures": [texture.ravel().tolist() for texture in pairs(state, phase)],
        "owners": None if owners is None else np.stack([owners, 0 * owners], axis=-1).ravel().tolist(),
        "canvas": canvas,
        "side": side or detail,
        "corner": corner,
        "detail": detail,
        "times": times,
    }
    found = tab.evaluate(f"(job) => {{ {SCRIPT}; return decode(job); }}", job)
    pixels = np.frombuffer(base64.b64decode(found["pixels"]), np.uint8).reshape(canvas[1], canvas[0], 4)
    assert (pixels[..., 3] == 255).all()
    return pixels[..., :3], found["seconds"]


def lanes(state):
    return torch.tensor(state, dtype=torch.float32)


def noise(channels, height, width, reach=2047):
    return np.random.default_rng([channels, height, width]).integers(-reach, reach + 1, (channels, height, width))


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("phase", [0, 1])
@pytest.mark.parametrize(("channels", "units", "grain"), [(4, 4, 0), (8, 12, 1), (12, 16, 2), (16, 32, 3), (16, 64, 4)])
def test_browser_equals_torch(tab, channels, units, grain, phase, detail):
    decoder = random_decoder(channels, units, grain, skip=units != 12)
    for state in (noise(channels, 13, 17), noise(channels, 12, 16, 700)):
        found, _ = draw(tab, [decoder], state, detail, phase=phase)
        assert np.array_equal(found, decode(decoder, lanes(state), detail))


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("shift", [0, 13])
def test_worst_cases(tab, shift, detail):
    """Weights, sums and states are as large as the format allows."""
    decoder = heaviest_decoder(16, 64, 4, shift=shift)
    for choices in ([-2047, 2047], [2047], [-2047]):
        state = np.random.default_rng(7).choice(choices, (16, 9, 8))
        found, _ = draw(tab, [decoder], state, detail)
        assert np.array_equal(found, decode(decoder, lanes(state), detail))


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 7), (2, 1), (33, 2), (3, 5)])
@pytest.mark.parametrize("phase", [0, 1])
def test_smallest_tori(tab, width, height, phase, detail):
    decoder, state = random_decoder(4, 8, 2), noise(4, height, width, 800)
    found, _ = draw(tab, [decoder], state, detail, phase=phase)
    assert np.array_equal(found, decode(decoder, lanes(state), detail))


@pytest.mark.parametrize("detail", DETAILS)
def test_a_grown_texture(tab, detail):
    """At the finest detail this is a whole megapixel."""
    rule = load_bundle(Path(__file__).parents[2] / "examples" / "lava.nca.json").rule
    state = rollout(rule, seed_state(rule, 128, 128), 64, seed=3)
    decoder = random_decoder(rule.channels, 16, 2)
    found, _ = draw(tab, [decoder], state.numpy().astype(int), detail)
    assert np.array_equal(found, decode(decoder, state, detail))


@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("phase", [0, 1])
def test_each_owners_cells_are_painted_by_its_decoder(tab, phase, detail):
    decoders = random_decoder(12, 16, 2), random_decoder(12, 8, 0, skip=False), random_decoder(12, 4, 4, seed=1)
    state, owners = noise(12, 11, 15, 800), np.random.default_rng(1).integers(3, size=(11, 15))
    owners[:6, :8] = 1
    found, _ = draw(tab, decoders, state, detail, phase=phase, owners=owners)
    assert np.array_equal(found, painted_decode(decoders, lanes(state), torch.tensor(owners), detail))


@pytest.mark.parametrize(("detail", "side"), [(1, 3), (2, 6), (4, 4), (4, 5), (4, 2), (8, 8), (8, 12)])
def test_a_view_shows_the_decoded_pixel_under_each_of_its_own(tab, detail, side):
    """Any side of a cell and any corner work, and the torus repeats beyond its edge."""
    decoder, state, corner = random_decoder(4, 8, 2), noise(4, 5, 7, 800), (13, 9)
    found, _ = draw(tab, [decoder], state, detail, side=side, corner=corner, canvas=(71, 53))
    whole = decode(decoder, lanes(state), detail)
    x, y = ((((2 * np.arange(size) + 1) * detail) // (2 * side) + start) for size, start in ((71, 13), (53, 9)))
    assert np.array_equal(found, whole[y % whole.shape[0]][:, x % whole.shape[1]])


def test_the_same_decoder_gives_the_same_text():
    decoder = random_decoder(12, 16, 2)
    assert render_decoder(decoder) == render_decoder(random_decoder(12, 16, 2))
    assert render_decoder(decoder).startswith("#version 300 es\n// nca-fixed-2, decode: paints d x d pixels")
