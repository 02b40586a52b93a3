"""The figures of quality rank what everyone ranks; textures that fail are found out."""

from functools import cache
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

import nca.evaluation.stability
from nca.evaluation.metrics import Figures, Reference
from nca.evaluation.stability import SMALL_WINDOW, Comparison, Stability, evaluate, measure_stability
from nca.export.gallery import shipped
from nca.model.rollout import rollout
from nca.picture import load_picture, natural_scale, scale_picture
from nca.rule.reference import seed_state
from paths import EXAMPLES
from rules import random_rule

CPU = torch.device("cpu")
DRAWN = [bundle for bundle in shipped() if (EXAMPLES / f"{bundle.name}.png").exists()]


@cache
def example(name):
    picture = load_picture(EXAMPLES / f"{name}.png")
    return scale_picture(picture, natural_scale(picture), 256)


def halves(name):
    picture = example(name)
    middle = picture.shape[1] // 2
    return picture[:, :middle] / 255, picture[:, middle : 2 * middle] / 255


def blurred(picture):
    image = Image.fromarray((picture * 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(1.2))) / 255


def shuffled(picture):
    return np.random.default_rng(1).permutation(picture.reshape(-1, 3)).reshape(picture.shape)


def grey(picture):
    return np.broadcast_to(picture.mean((0, 1)), picture.shape)


def recoloured(picture):
    return picture[..., ::-1]


@pytest.mark.parametrize("name", ["lava", "knit", "water", "wood", "honeycomb"])
def test_the_other_half_is_nearer_than_anything_that_is_not_the_texture(name):
    left, right = halves(name)
    reference = Reference(left)
    itself, other = reference(left), reference(right)
    assert itself == Figures(0, 0, 1, 1, 0, 0)
    for spoil in (blurred, shuffled, grey, recoloured):
        spoiled = reference(spoil(right))
        assert 0 < other.style < spoiled.style
        assert 0 < other.patches < spoiled.patches
    assert other.style < 0.75 * reference.style(blurred(right))
    assert reference(blurred(right)).spectrum > 1.4 * other.spectrum


def test_style_ignores_where_a_texture_lies_and_grows_with_blur():
    picture = example("scales")[:64, :64] / 255
    reference = Reference(picture)
    images = [Image.fromarray((picture * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(r)) for r in range(4)]
    styles = [reference.style(np.asarray(image) / 255) for image in images]
    assert styles == sorted(styles)
    assert reference.style(np.roll(picture, (16, 16), (0, 1))) < 0.5 * styles[1]


def test_precision_and_recall_tell_what_is_wrong():
    left, right = halves("confetti")
    reference = Reference(left)
    part = np.tile(right[:16, :16], (9, 9, 1))[: left.shape[0], : left.shape[1]]
    assert reference(part).precision > reference(part).recall  # right, but not all of it
    assert reference(shuffled(right)).recall < 0.2 < reference(right).recall


def test_precision_alone_would_praise_grey():
    left, right = halves("lava")
    figures = Reference(left)(grey(right))
    assert (figures.precision, figures.recall) == (1, 0)


def test_a_grey_picture_asks_for_no_more_of_its_colours_than_one_can_see():
    picture = example("zebra") / 255
    noise = np.random.default_rng(0).normal(0, 1.5 / 255, picture.shape)
    reference = Reference(picture)
    assert reference.style(picture + noise) < 0.5 * reference.style(shuffled(picture))


def test_colour_is_counted_in_grey_levels():
    left, _ = halves("wood")
    darker = Reference(left)(left - 10 / 255)
    assert 0 < darker.colour <= 10
    assert Reference(left)(shuffled(left)).colour < 1  # of a sample


@pytest.mark.parametrize("side", [16, 40, 90, 300])
def test_any_picture_can_be_compared_with(side):
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    comparison = Comparison(picture)
    found = comparison(seed_state(random_rule(4, 8), 128, 128))
    assert found.style > comparison.perfect.style
    assert np.isfinite(list(vars(found).values())).all()
    flat = Comparison(np.full_like(picture, 128))
    assert flat.perfect == Figures(0, 0, 1, 1, 0, 0)


# Stability. Rollouts are made up: each shows what a texture would become.


@pytest.fixture(scope="module")
def scales():
    return Comparison(example("scales"))


def stability_of(monkeypatch, comparison, picture, become):
    """become: from the picture's state and a step to the state at that step."""
    tile = torch.tensor(np.tile(picture, (3, 3, 1))[:128, :128]).permute(2, 0, 1).float()
    young = torch.cat([(tile * 1024 / 255 - 512).round(), torch.zeros(1, 128, 128)])

    def rollout(rule, state, steps, *, seed, first):
        return become(young, state, first + steps)

    monkeypatch.setattr(nca.evaluation.stability, "rollout", rollout)
    monkeypatch.setattr(nca.evaluation.stability, "HEALING", range(20, 81, 20))
    return measure_stability(random_rule(4, 8), comparison, 128, (200, 1000, 10_000), seed=0, device=CPU)[0]


def heal(young, state, step):
    return torch.where(torch.arange(128) < (2 * (step - 10_000)), young, state) if step > 10_000 else young


def heal_zeros(young, state, step):
    return state if state[state != young].any() else heal(young, state, step)


BECOMES = {
    "": heal,
    "no more like": lambda young, state, step: young * (step < 5000),  # one colour
    "after 200 steps it looks no more like": lambda young, state, step: torch.full_like(young, 2047),  # blown up
    "its style distance grows": lambda young, state, step: torch.where(
        torch.arange(128)[:, None] > step // 110, young, young[0].mean()
    ),
    "erased after 10,000 steps has not healed": lambda young, state, step: young if step <= 10_000 else state,
    "noise after 10,000 steps has not healed": heal_zeros,
}


@pytest.mark.parametrize("reason", BECOMES)
def test_a_texture_that_fails_is_found_out_and_one_that_lasts_is_not(monkeypatch, scales, reason):
    found = stability_of(monkeypatch, scales, example("scales"), BECOMES[reason])
    assert reason in found.reason
    assert bool(found.reason) == bool(reason)
    assert found.stable == (not reason)
    if not reason:
        assert max(found.style) == 10_000
        assert 0 < found.healed <= 80
        assert 0 < found.calmed <= 80


def test_an_untrained_rule_fails_at_once():
    evaluation = evaluate(random_rule(4, 8), Comparison(example("lava")), 64, (20, 10_000), seed=0, device=CPU)
    assert list(evaluation.stability.style) == [20]
    assert "after 20 steps" in evaluation.fields()["stability"]["reason"]
    assert not evaluation.fields()["stability"]["stable"]


@pytest.mark.parametrize(("texture", "another"), [*pairwise([*DRAWN, DRAWN[0]])], ids=lambda texture: texture.name)
def test_a_drawn_texture_that_ships_looks_like_its_picture_and_heals(monkeypatch, texture, another):
    monkeypatch.setattr(nca.evaluation.stability, "HEALING", range(100, 1001, 100))  # looking costs most
    comparison = Comparison(example(texture.name), SMALL_WINDOW)
    found, _ = measure_stability(texture.rule, comparison, 64, (200, 1000), seed=1, device=CPU)
    stranger = rollout(another.rule, seed_state(another.rule, 64, 64), 200, seed=1)
    assert found.stable
    assert max(found.style.values()) < comparison.style(stranger)


def test_all_drawn_pictures_ship():
    assert {bundle.name for bundle in DRAWN} == {picture.stem for picture in EXAMPLES.glob("*.png")}


def test_stability_is_measured_from_the_first_age():
    def aged(old):
        return Stability(64, {200: 0.3, 10_000: old}, perfect=0.3, shuffled=0.8, healed=100, calmed=100)

    assert aged(0.3 * 1.25 + 0.02).stable
    assert "from 0.30 at 200 steps to 0.41 at 10,000" in aged(0.3 * 1.25 + 0.04).reason
