"""Training with a decoder: the stages, what a run folder holds, and how it is judged."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from command import done, nca
from decoders import random_decoder
from nca import UserError
from nca.evaluation.lattice import lattice
from nca.evaluation.stability import SMALL_WINDOW, Comparison, measure_stability
from nca.picture import load_picture, picture_bytes
from nca.rule.decode import decode
from nca.run import load_run
from nca.training.checkpoint import capture, load_captured
from nca.training.stages import stages
from rules import random_rule
from trainers import noise, trainer, weights

TINY = ["--preset", "tiny", "--size", "16", "--field", "16", "--features", "multiscale", "--steps", 4]


def detailed(detail, **changes):
    """A trainer with a decoder, on a picture of 16 x 16 cells."""
    return trainer(noise(1, 3, 16 * detail, 16 * detail), plain=False, detail=detail, **changes)


def decoder_weights(trainer):
    return torch.cat([parameter.detach().flatten() for parameter in trainer.net.parameters()])


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a picture of 128 px."""
    pixels = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    (tmp_path / "moss.png").write_bytes(picture_bytes(pixels))
    monkeypatch.chdir(tmp_path)
    return tmp_path


# The loop


@pytest.mark.parametrize("detail", [1, 2, 4, 8])
def test_stages_cover_the_training(detail):
    found = stages(detail)
    assert (found[0].begin, found[-1].end) == (0, 1)
    assert all(before.end == after.begin for before, after in pairwise(found))
    assert found[-1].detail == detail
    assert found[0].part(found[0].end) == 1


@pytest.mark.parametrize("detail", [2, 4])
@pytest.mark.parametrize("stop", [2, 9])
def test_resuming_goes_on_exactly_in_every_stage(detail, stop):
    whole, first, second = (detailed(detail, steps=10) for _ in range(3))
    losses = [progress.loss for progress in whole]
    stopped = iter(first)
    for _ in range(stop):
        next(stopped)
    load_captured(second, {name: tensor.clone() for name, tensor in capture(first).items()})
    assert [progress.loss for progress in second] == losses[stop:]
    assert torch.equal(weights(second), weights(whole))
    assert torch.equal(decoder_weights(second), decoder_weights(whole))
    assert second.decoder().fingerprint == whole.decoder().fingerprint


def test_in_a_frozen_stage_the_decoder_alone_learns():
    ours, before = detailed(4, steps=10), None
    for _ in ours:
        if ours.stage.frozen:
            now = weights(ours), decoder_weights(ours)
            if before:
                assert torch.equal(before[0], now[0])
                assert not torch.equal(before[1], now[1])
            before = now
    assert before


def test_what_is_trained_is_what_is_decoded():
    """The pictures of the loss are those of the integer decoder."""
    ours = detailed(2, steps=6)
    list(ours)
    states = ours.pool.states[:1]
    found = ours.pictures(states, 2)[0].permute(1, 2, 0)
    shown = decode(ours.decoder(), (states[0] * 1024).permute(2, 0, 1), 2) / 255
    assert found.detach().clamp(0, 1).numpy() == pytest.approx(shown, abs=1 / 255)


def test_a_state_without_its_decoder_is_refused():
    with pytest.raises(UserError, match="does not fit the configuration"):
        load_captured(detailed(2), capture(trainer()))


# The command


@pytest.mark.parametrize(("scale", "detail"), [("0.25", 4), ("0.3", 2), ("0.6", 1)])
def test_the_detail_is_as_much_as_the_picture_has_pixels_for(here, scale, detail):
    output = done("train", "moss.png", "-o", "new", *TINY, "--scale", scale)
    run = load_run(Path("new"))
    assert (run.decoder.detail if run.decoder else 1) == detail
    assert run.provenance["config"]["detail"] == json.loads(Path("new/config.json").read_text())["detail"] == detail
    assert load_picture(Path("new/target.png")).shape == (16 * detail, 16 * detail, 3)
    assert (f"{detail}x{detail} pixels a cell" in output) == (detail > 1)
    (preview,) = Path("new/previews").iterdir()
    assert len(load_picture(preview)) == 16 * detail


def test_a_detail_can_be_chosen_and_resumed(here):
    done("train", "moss.png", "-o", "new", *TINY, "--scale", 0.25, "--detail", 2)
    assert load_run(Path("new")).decoder.detail == 2
    assert "2x2 pixels a cell" in done("train", "--resume", "-o", "new", "--steps", 6)
    done("train", "moss.png", "-o", "plain", *TINY, "--scale", 0.25, "--detail", 1)
    assert load_run(Path("plain")).decoder is None


def test_a_detail_that_the_picture_has_no_pixels_for_is_refused(here):
    result = nca("train", "moss.png", "-o", "new", *TINY, "--scale", 0.5, "--detail", 4)
    assert (result.exit_code, result.output) == (
        1,
        "Error: moss.png has 128x128 pixels, which is not enough for detail 4 at scale 0.50: expected 256 a side; "
        "use a smaller detail or scale, or a larger picture\n",
    )


def test_runs_from_before_there_were_decoders_resume_without_one(here):
    done("train", "moss.png", "-o", "new", *TINY, "--scale", 0.25, "--detail", 1)
    config = json.loads(Path("new/config.json").read_text())
    del config["detail"]
    Path("new/config.json").write_text(json.dumps(config))
    done("train", "--resume", "-o", "new", "--steps", 6)
    assert load_run(Path("new")).decoder is None


# The judgement


def test_a_decoded_texture_is_judged_at_its_decoders_detail(here):
    done("train", "moss.png", "-o", "new", *TINY, "--scale", 0.25)
    assert json.loads(Path("new/life.json").read_text())["detail"] == 4
    found = json.loads(done("evaluate", "new", "--json"))[0]
    assert found["stability"]["detail"] == 4
    assert "128x128 cells, 4x4 pixels a cell" in done("evaluate", "new")
    lower = done("evaluate", "new", "--picture", "moss.png", "--detail", 2)
    assert "128x128 cells, 2x2 pixels a cell" in lower
    assert "has no 8 pixels for each cell of new" in nca("evaluate", "new", "--detail", 8).output


def test_the_decoders_picture_is_nearest_to_itself():
    rule, decoder = random_rule(4, 8, seed=1), random_decoder(4, 8)
    noisy = (noise(4, 64, 64) * 2000 - 1000).round()
    picture = decode(decoder, noisy, 2)
    decoded, squares = (Comparison(picture, SMALL_WINDOW, decoder=each, detail=2) for each in (decoder, None))
    assert decoded(noisy).style < 0.5 * squares(noisy).style
    assert decoded.style(noisy) < squares.style(noisy)
    assert decoded.damaged_style(noisy) < squares.damaged_style(noisy)
    size = measure_stability(rule, decoded, 16, (2,), seed=0, device=torch.device("cpu"))[0].size
    assert size == decoded.smallest == 64  # two windows of 64 px across


def test_a_lattice_is_found_and_noise_has_none():
    picture = np.random.default_rng(0).normal(0.5, 0.1, (256, 256, 3))
    assert max(lattice(picture, 4)) < 0.02
    spotted = picture.copy()
    spotted[::4, ::4] += 0.1
    assert lattice(spotted, 4).colour > 0.2
    blurred = picture.copy()
    blurred[1::4] = blurred[::4]
    assert lattice(blurred, 4).gradient > 0.1


def test_a_picture_of_one_colour_has_no_lattice():
    assert lattice(np.full((8, 8, 3), 0.5), 2) == (0, 0)
