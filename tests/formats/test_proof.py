"""The proof that an export writes: the hashes of a run in NumPy are those of the same run in torch."""

import base64
import json

import numpy as np
import pytest

from decoders import random_decoder
from nca.export.bundle import Bundle
from nca.export.check.live import InTorch
from nca.export.formats.embed import render_embed
from nca.export.formats.registry import FORMATS
from nca.export.gallery import render_gallery
from nca.export.proof import DETAIL, HEIGHT, LEGS, WIDTH, digest, proof
from nca.rule.plain import PlainRun, mix
from rules import random_rule


def texture(channels, hidden, update, *sizes):
    decoder = random_decoder(channels, *sizes, skip=hidden > 12) if sizes else None
    return Bundle.of(random_rule(channels, hidden, 1, update), "Moss", decoder=decoder)


TEXTURES = [texture(4, 8, 128), texture(8, 12, 77, 8, 0), texture(12, 96, 128, 16, 2), texture(16, 128, 256, 64, 4)]


def in_torch(bundle, seed=0):
    return InTorch(bundle.rule, WIDTH, HEIGHT, seed, bundle.decoder)


@pytest.mark.parametrize("bundle", TEXTURES)
def test_the_proof_is_torchs(bundle):
    run, total, steps = in_torch(bundle), 0, []
    for count, *move in LEGS:
        for _ in range(count):
            run.step(1)
            steps.append(digest(run.read()) & 255)
        opaque = np.dstack([run.pixels(DETAIL), np.full((HEIGHT * DETAIL, WIDTH * DETAIL), 255)])
        for values in (run.read(), opaque):
            total = int(mix(np.array([total + digest(values) & 0xFFFFFFFF], np.uint32))[0])
        if move and move[0] == "reset":
            run = in_torch(bundle, seed=move[1])
        elif move:
            getattr(run, move[0])(*move[1:])
    assert proof(bundle) == {"hash": total, "steps": base64.b64encode(bytes(steps)).decode()}


@pytest.mark.parametrize("detail", [1, 2, 8])
@pytest.mark.parametrize("bundle", TEXTURES)
def test_numpy_draws_torchs_bytes_on_any_grid(bundle, detail):
    run, expected = PlainRun(bundle.rule, 12, 7, bundle.decoder), InTorch(bundle.rule, 12, 7, 0, bundle.decoder)
    run.step(30)
    expected.step(30)
    assert np.array_equal(run.state, expected.read())
    if detail in expected.details:
        assert np.array_equal(run.pixels(detail), expected.pixels(detail))


def test_each_value_and_each_place_change_the_hash():
    values = np.arange(-30, 30).reshape(3, 4, 5)
    swapped = values.copy()
    swapped[0, 0, :2] = swapped[0, 0, 1::-1]
    others = [values + (np.arange(60).reshape(3, 4, 5) == place) for place in range(60)]
    assert len({digest(each) for each in [values, swapped, *others]}) == 62


BUNDLE = Bundle.of(random_rule(4, 8), "Moss", {"picture": "moss.png"})


@pytest.mark.parametrize("kind", ["json", "element", "module"])
def test_what_holds_a_bundle_holds_its_proof(kind):
    [text] = [each for name, each in FORMATS[kind].files(BUNDLE).items() if name in ("", "moss.nca.json")]
    assert json.loads(text)["provenance"] == {"picture": "moss.png", "proof": proof(BUNDLE)}


def test_a_page_holds_it_and_an_embed_does_not():
    assert json.dumps(proof(BUNDLE), separators=(",", ":")) in render_gallery([BUNDLE])
    assert '"proof"' not in render_embed(BUNDLE)


def test_a_proof_in_a_file_is_not_believed():
    """So that a texture whose weights or decoder changed is never written with the proof of the former one."""
    false = Bundle.of(BUNDLE.rule, "Moss", {"picture": "moss.png", "proof": {"hash": 1, "steps": ""}})
    assert Bundle.from_json(false.to_json()).provenance == {"picture": "moss.png"}
