"""A decoder fitted to a finished rule, and the loss that looks at decoded pictures."""

import numpy as np
import pytest
import torch

from decoders import random_decoder
from nca import UserError
from nca.features.interface import reflect
from nca.features.multiscale import Multiscale
from nca.model.rollout import rollout
from nca.rule.decode import decode
from nca.rule.reference import seed_state
from nca.training.detail import BORDER, CROP, FINE, FINE_LEVELS, DetailLoss, _Inside
from nca.training.sharpen import grown_states, sharpen
from rules import random_rule
from trainers import noise

RULE = random_rule(4, 8, seed=1)
SIDE = 32  # cells


def generator():
    return torch.Generator().manual_seed(0)


def blurred(picture, factor):
    """The picture without structure finer than `factor` pixels."""
    small = torch.nn.functional.avg_pool2d(picture, factor)
    return small.repeat_interleave(factor, 2).repeat_interleave(factor, 3)


# The loss


@pytest.mark.parametrize("detail", [1, 2, 4])
def test_a_target_is_nearest_to_itself(detail):
    target = noise(1, 3, 16 * detail + 96, 16 * detail + 96)
    loss = DetailLoss(target, detail)
    other = noise(1, 3, *target.shape[2:], seed=1) ** 2
    assert loss(target, generator()) < loss(other, generator()) - 1


@pytest.mark.parametrize("detail", [2, 4])
def test_detail_finer_than_a_cell_counts(detail):
    target = noise(1, 3, 32 * detail, 32 * detail)
    loss = DetailLoss(target, detail)
    assert loss(target, generator()) < loss(blurred(target, detail), generator()) - 1


def test_only_a_crop_is_looked_at_pixel_by_pixel():
    """Elsewhere the gradient is the same for all pixels of half a cell."""
    picture = noise(1, 3, 160, 160, seed=2).requires_grad_()
    DetailLoss(noise(1, 3, 160, 160), 4)(picture, generator()).backward()
    uneven = (picture.grad - blurred(picture.grad, 2)).abs().amax((0, 1)) > 1e-9
    assert 0 < uneven.sum() <= CROP**2


def test_inside_its_border_a_crop_shows_what_the_whole_picture_does():
    """So the crop's seam is not compared."""
    picture = noise(1, 3, 192, 192)
    features = Multiscale(reflect(picture, Multiscale.margin), largest=FINE, levels=FINE_LEVELS)
    inside = _Inside(features)(picture[..., 32 : 32 + CROP, 64 : 64 + CROP])
    for found, whole in zip(inside, features(picture), strict=True):
        scale = 192 // whole.values.shape[-1]
        y, x, size = ((start + BORDER) // scale for start in (32, 64, CROP - 3 * BORDER))
        assert torch.allclose(found.values, whole.values[..., y : y + size, x : x + size], atol=1e-4)


# Sharpening


@pytest.fixture
def quick(monkeypatch):
    """Use few and small states."""
    for name, value in {"FIELD": SIDE, "SEEDS": 2, "AGES": (20, 40)}.items():
        monkeypatch.setattr(f"nca.training.sharpen.{name}", value)


def pictures(decoder, detail, seed=9):
    state = rollout(RULE, seed_state(RULE, SIDE, SIDE), 40, seed=seed)
    return decode(decoder, state, detail)


def tensor(picture):
    return torch.tensor(picture / 255, dtype=torch.float32).permute(2, 0, 1)[None]


@pytest.mark.parametrize("detail", [2, 4])
def test_a_sharpened_rule_looks_more_like_its_picture(quick, detail):
    """The picture comes from the same rule and another decoder."""
    picture = pictures(random_decoder(4, 4, 0), detail, seed=8)
    decoder, loss = sharpen(RULE, picture, detail, units=8, iterations=40), DetailLoss(tensor(picture), detail)
    before, after = (loss(tensor(pictures(each, detail)), generator()) for each in (None, decoder))
    assert after < before - 0.5


def test_the_same_seed_gives_the_same_decoder(quick):
    picture = np.random.default_rng(0).integers(256, size=(2 * SIDE, 2 * SIDE, 3), dtype=np.uint8)
    torch.manual_seed(1)
    callers = torch.random.get_rng_state()
    first, again, other = (sharpen(RULE, picture, 2, units=4, iterations=3, seed=seed) for seed in (0, 0, 1))
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert torch.equal(torch.random.get_rng_state(), callers)
    assert (first.channels, first.units, first.grain, first.skip) == (4, 4, 2, True)


def test_states_of_several_ages_are_grown(quick):
    states = grown_states(RULE)
    assert states.shape == (2 * 3, SIDE, SIDE, 4)  # the third heals
    assert torch.equal(states[1], rollout(RULE, seed_state(RULE, SIDE, SIDE), 40, seed=0).permute(1, 2, 0) / 1024)
    assert len({state.numpy().tobytes() for state in states}) == 6


def test_another_detail_is_refused(quick):
    with pytest.raises(UserError, match="detail is 3"):
        sharpen(RULE, np.zeros((48, 48, 3), dtype=np.uint8), 3)
