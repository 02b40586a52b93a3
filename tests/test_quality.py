"""The figures of quality rank what everyone ranks; textures that fail are found out."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from rules import random_rule

import nca.evaluate
from nca.evaluate import SMALL_WINDOW, Judge, Life, evaluate, live
from nca.export.gallery import shipped
from nca.picture import load_picture, natural_scale, scale_picture
from nca.quality import Figures, Reference
from nca.quick import rollout
from nca.rollout import seed_state

EXAMPLES = Path(__file__).parent.parent / "examples"
CPU = torch.device("cpu")
DRAWN = [bundle for bundle in shipped() if (EXAMPLES / f"{bundle.name}.png").exists()]


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
    judge = Reference(left)
    itself, other = judge(left), judge(right)
    assert itself == Figures(0, 0, 1, 1, 0, 0)
    for spoil in (blurred, shuffled, grey, recoloured):
        spoiled = judge(spoil(right))
        assert 0 < other.style < spoiled.style
        assert 0 < other.patches < spoiled.patches
    assert other.style < 0.75 * judge.style(blurred(right))
    assert judge(blurred(right)).spectrum > 1.4 * other.spectrum


def test_style_ignores_where_a_texture_lies_and_grows_with_blur():
    picture = example("scales")[:64, :64] / 255
    judge = Reference(picture)
    images = [Image.fromarray((picture * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(r)) for r in range(4)]
    styles = [judge.style(np.asarray(image) / 255) for image in images]
    assert styles == sorted(styles)
    assert judge.style(np.roll(picture, (16, 16), (0, 1))) < 0.5 * styles[1]


def test_precision_and_recall_tell_what_is_wrong():
    left, right = halves("confetti")
    judge = Reference(left)
    part = np.tile(right[:16, :16], (9, 9, 1))[: left.shape[0], : left.shape[1]]
    assert judge(part).precision > judge(part).recall  # right, but not all of it
    assert judge(shuffled(right)).recall < 0.2 < judge(right).recall


def test_precision_alone_would_praise_grey():
    left, right = halves("lava")
    figures = Reference(left)(grey(right))
    assert (figures.precision, figures.recall) == (1, 0)


def test_a_grey_picture_asks_for_no_more_of_its_colours_than_one_can_see():
    picture = example("zebra") / 255
    noise = np.random.default_rng(0).normal(0, 1.5 / 255, picture.shape)
    judge = Reference(picture)
    assert judge.style(picture + noise) < 0.5 * judge.style(shuffled(picture))


def test_colour_is_counted_in_grey_levels():
    left, _ = halves("wood")
    darker = Reference(left)(left - 10 / 255)
    assert 0 < darker.colour <= 10
    assert Reference(left)(shuffled(left)).colour < 1  # of a sample


@pytest.mark.parametrize("side", [16, 40, 90, 300])
def test_any_picture_can_be_a_judge(side):
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    judge = Judge(picture)
    found = judge(seed_state(random_rule(4, 8), 128, 128))
    assert found.style > judge.perfect.style
    assert np.isfinite(list(vars(found).values())).all()
    flat = Judge(np.full_like(picture, 128))
    assert flat.perfect == Figures(0, 0, 1, 1, 0, 0)


# How a texture lives. Rollouts are made up: each shows what a texture would become.


def lives(monkeypatch, picture, become):
    """become: from the picture's state and a step to the state at that step."""
    tile = torch.tensor(np.tile(picture, (3, 3, 1))[:128, :128]).permute(2, 0, 1).float()
    young = torch.cat([(tile * 1024 / 255 - 512).round(), torch.zeros(1, 128, 128)])

    def rollout(rule, state, steps, *, seed, first):
        return become(young, state, first + steps)

    monkeypatch.setattr(nca.evaluate, "rollout", rollout)
    monkeypatch.setattr(nca.evaluate, "HEALING", range(8, 81, 8))
    return live(random_rule(4, 8), Judge(picture), 128, (200, 1000, 10_000), seed=0, device=CPU)[0]


def heal(young, state, step):
    return torch.where(torch.arange(128) < (2 * (step - 10_000)), young, state) if step > 10_000 else young


def heal_zeros(young, state, step):
    return state if state[state != young].any() else heal(young, state, step)


BECOMES = {
    "": heal,
    "no more like": lambda young, state, step: young * (step < 5000),  # one colour
    "after 200 steps it is no more like": lambda young, state, step: torch.full_like(young, 2047),  # blown up
    "it drifts": lambda young, state, step: torch.where(
        torch.arange(128)[:, None] > step // 110, young, young[0].mean()
    ),
    "wiped after 10000 steps, has not grown back": lambda young, state, step: young if step <= 10_000 else state,
    "noise after 10000 steps, has not grown back": heal_zeros,
}


@pytest.mark.parametrize("complaint", BECOMES)
def test_a_texture_that_fails_is_found_out_and_one_that_lasts_is_not(monkeypatch, complaint):
    life = lives(monkeypatch, example("scales"), BECOMES[complaint])
    assert complaint in life.complaint
    assert bool(life.complaint) == bool(complaint)
    if not complaint:
        assert max(life.style) == 10_000
        assert 0 < life.healed <= 80
        assert 0 < life.calmed <= 80


def test_an_untrained_rule_fails_at_once():
    evaluation = evaluate(random_rule(4, 8), Judge(example("lava")), 64, (20, 10_000), seed=0, device=CPU)
    assert list(evaluation.life.style) == [20]
    assert "after 20 steps" in evaluation.fields()["complaint"]
    assert not evaluation.fields()["holds"]


@pytest.mark.parametrize(("texture", "another"), [*pairwise([*DRAWN, DRAWN[0]])], ids=lambda texture: texture.name)
def test_a_drawn_texture_that_ships_looks_like_its_picture_and_heals(texture, another):
    judge = Judge(example(texture.name), SMALL_WINDOW)
    life, _ = live(texture.rule, judge, 64, (200, 1000), seed=1, device=CPU)
    stranger = rollout(another.rule, seed_state(another.rule, 64, 64), 200, seed=1)
    assert not life.complaint
    assert max(life.style.values()) < judge.style(stranger)


def test_all_drawn_pictures_ship():
    assert {bundle.name for bundle in DRAWN} == {picture.stem for picture in EXAMPLES.glob("*.png")}


def test_a_life_is_judged_by_its_first_age():
    def life(old):
        return Life(64, {200: 0.3, 10_000: old}, perfect=0.3, shuffled=0.8, healed=100, calmed=100)

    assert not life(0.3 * 1.25 + 0.02).complaint
    assert "0.30 after 200 steps, 0.41 after 10000" in life(0.3 * 1.25 + 0.04).complaint
