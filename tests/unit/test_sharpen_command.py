"""nca sharpen: a finished texture gets a decoder, and keeps its rule."""

import json
from pathlib import Path

import numpy as np
import pytest

from command import done, nca
from disk import tree
from nca.export.source import load_source
from nca.files import write_folder
from nca.picture import load_picture, picture_bytes
from nca.run import load_run, model_bytes
from nca.training.grain import grain_inputs
from rules import random_rule

RULE = random_rule(4, 8, seed=1)
CONFIG = {"scale": 0.25, "size": 256}
QUICK = ["--picture", "moss.png", "--features", "multiscale"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A run that was trained on a quarter of a picture's pixels, and its bundle; sharpening is short."""
    for name, value in {"FIELD": 16, "SEEDS": 1, "AGES": (4,), "HEALING": 2, "ITERATIONS": 2}.items():
        monkeypatch.setattr(f"nca.training.sharpen.{name}", value)
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    (tmp_path / "moss.png").write_bytes(picture_bytes(pixels))
    files = {"model.safetensors": model_bytes(RULE, {"picture": "moss.png", "config": CONFIG})}
    write_folder(tmp_path / "run", files | {"config.json": b"{}", "log.jsonl": b"", "state.safetensors": b"?"})
    monkeypatch.chdir(tmp_path)
    done("export", "run", "-o", "moss.nca.json")
    return tmp_path


def picture_side(run):
    return len(load_picture(Path(run) / "target.png"))


def test_a_run_becomes_a_run_with_a_decoder_and_the_picture_at_its_detail(here):
    output = done("sharpen", "run", *QUICK, "-o", "crisp")
    assert "Saved crisp: 4x4 pixels a cell" in output
    run = load_run(Path("crisp"))
    assert run.rule.fingerprint == RULE.fingerprint
    assert (run.decoder.detail, picture_side("crisp")) == (4, 64)
    assert run.provenance["decoder"] == {
        "detail": 4,
        "scale": 0.25,
        "features": "multiscale",
        "seed": 0,
        "picture": "moss.png",
    }
    assert {name.name for name in Path("crisp").iterdir()} == {
        "config.json",
        "log.jsonl",
        "model.safetensors",
        "target.png",
    }


def test_a_bundle_becomes_a_bundle(here):
    done("sharpen", "moss.nca.json", *QUICK, "-o", "crisp.nca.json", "--detail", 2)
    texture = load_source(Path("crisp.nca.json"))
    assert (texture.name, texture.rule.fingerprint, texture.decoder.detail) == ("run", RULE.fingerprint, 2)
    assert json.loads(Path("crisp.nca.json").read_text())["format"] == "nca-fixed-2"


def test_a_run_is_sharpened_in_place_only_if_forced_and_not_trained_further(here):
    before = tree(here)
    assert "run exists already" in nca("sharpen", "run", *QUICK, "-o", "run").output
    assert tree(here) == before
    done("sharpen", "run", *QUICK, "-o", "run", "--force")
    assert load_run(Path("run")).decoder
    assert "run cannot be resumed" in nca("train", "--resume", "-o", "run", "--steps", 9).output


def test_the_same_seed_sharpens_to_the_same_decoder(here):
    decoders = [
        done("sharpen", "run", *QUICK, "-o", name, "--seed", seed) and load_run(Path(name)).decoder.fingerprint
        for name, seed in (("a", 0), ("b", 0), ("c", 1))
    ]
    assert decoders[0] == decoders[1] != decoders[2]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            ["--detail", "8"],
            "Error: moss.png has 64x64 pixels, which is not enough for detail 8 at scale 0.25: expected 128 a side; "
            "use a smaller detail or scale, or a larger picture\n",
        ),
        (["--scale", "2"], "Error: scale is 2.0: expected above 0, up to 1, or 0 for the scale of the training\n"),
        (["--picture", "none.png"], "Error: none.png: no such picture\n"),
    ],
)
def test_what_cannot_work_is_one_clear_line_and_writes_nothing(here, options, line):
    before = tree(here)
    result = nca("sharpen", "run", *QUICK, "-o", "crisp", *options)
    assert (result.exit_code, result.output) == (1, line)
    assert tree(here) == before


def test_another_scale_serves_a_larger_version_of_the_picture(here):
    done("sharpen", "run", *QUICK, "-o", "crisp", "--scale", 0.5)
    assert load_run(Path("crisp")).decoder.detail == 2


def test_grain_is_for_pictures_that_have_it_everywhere():
    random = np.random.default_rng(0)
    flat = np.full((64, 64, 3), 128, np.uint8)
    flat[16:40, 20:50] = 30
    noisy = (flat + random.normal(0, 10, flat.shape)).clip(0, 255).astype(np.uint8)
    assert grain_inputs(flat) == 0
    assert grain_inputs(noisy) == grain_inputs(noisy / 255) == 2
