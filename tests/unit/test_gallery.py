"""The tool that makes the gallery, without its training; and the pictures that it begins with."""

import json
from dataclasses import replace

import numpy as np
import pytest

import make_gallery
from decoders import random_decoder
from nca.evaluation.metrics import Reference
from nca.export.bundle import Bundle
from nca.export.gallery import _ORDER, shipped
from nca.export.pictures.snapshots import snapshots
from nca.picture import load_picture, picture_bytes, scale_picture
from nca.run import model_bytes
from paths import EXAMPLES
from rules import random_rule

RULE = random_rule(4, 8)
SIDE = 64  # cells
DRAWN = [bundle for bundle in shipped() if (EXAMPLES / f"{bundle.name}.png").exists()]
SHIPPED = Bundle.of(RULE, "lava", {"picture": "lava.png", "config": {"scale": 0.6, "size": 256}})


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """A folder for runs, beside a gallery of one texture."""
    monkeypatch.setattr(make_gallery, "GALLERY", tmp_path / "gallery")
    monkeypatch.setattr(make_gallery, "EXAMPLES", tmp_path)
    (tmp_path / "gallery").mkdir()
    (tmp_path / "gallery" / "lava.nca.json").write_text(SHIPPED.to_json())
    return tmp_path / "runs"


@pytest.fixture
def commands(monkeypatch):
    """The commands of nca that would run."""
    called = []
    monkeypatch.setattr(make_gallery, "command", lambda *words, **_: called.append([str(word) for word in words]))
    return called


def finished(runs, name, decoder):
    """A run folder at the end of its training."""
    (runs / name).mkdir(parents=True)
    (runs / name / "model.safetensors").write_bytes(model_bytes(RULE, {"config": {}}, decoder))
    (runs / name / "target.png").write_bytes(picture_bytes(np.full((100, 100, 3), 9, np.uint8)))
    (runs / name / "life.json").write_text("{}")


def test_the_textures_as_they_were_are_kept_once_without_a_decoder(runs):
    make_gallery.keep_today(runs, "lava")
    shipped = replace(SHIPPED, rule=random_rule(4, 8, seed=1), decoder=random_decoder(4, 8))
    (make_gallery.GALLERY / "lava.nca.json").write_text(shipped.to_json())
    (make_gallery.GALLERY / "coral.nca.json").write_text(shipped.to_json())
    make_gallery.keep_today(runs, "lava")
    make_gallery.keep_today(runs, "coral")
    first, second = (make_gallery.today(runs, name) for name in ("lava", "coral"))
    assert first.rule.fingerprint == RULE.fingerprint
    assert second.rule.fingerprint == shipped.rule.fingerprint
    assert second.decoder is None
    assert make_gallery.scale_of(second) == 0.6


def test_only_what_is_missing_is_trained_and_what_was_stopped_goes_on(runs, commands):
    pictures = [runs / f"{name}.png" for name in ("done", "stopped", "new", "other")]
    finished(runs, "done", None)
    finished(runs, "stopped", None)
    (runs / "stopped" / "life.json").unlink()
    make_gallery.train(runs, pictures, ["--scale", "0.5"])
    assert commands == [
        ["train", "-o", str(runs / "stopped"), "--resume"],
        ["train", str(pictures[2]), str(pictures[3]), "-o", str(runs), "--scale", "0.5"],
    ]


def test_a_decoder_is_fitted_once(runs, commands):
    make_gallery.sharpen(runs, "lava", EXAMPLES / "lava.png")
    assert commands[0][:2] == ["sharpen", str(runs / "today" / "lava.nca.json")]
    finished(runs, "lava", random_decoder(4, 8))
    make_gallery.sharpen(runs, "lava", EXAMPLES / "lava.png")
    assert len(commands) == 1


def test_bundles_have_the_decoder_and_the_pictures_source(runs, monkeypatch):
    monkeypatch.setattr(make_gallery, "SOURCES", {"someone, CC0-1.0": "lava"})
    finished(runs, "lava", random_decoder(4, 8))
    make_gallery.bundle(runs)
    fields = json.loads((make_gallery.GALLERY / "lava.nca.json").read_text())
    assert (fields["format"], fields["provenance"]["source"]) == ("nca-fixed-2", "someone, CC0-1.0")
    assert json.loads((make_gallery.EXAMPLES / "lava.nca.json").read_text()) == fields


def test_a_block_of_the_sheet_shows_each_age_above_the_texture_as_it_was(runs, monkeypatch):
    monkeypatch.setattr(make_gallery, "AGES", (1, 2, 30))
    make_gallery.keep_today(runs, "lava")
    finished(runs, "lava", random_decoder(4, 8))
    shown = make_gallery.block(runs, "lava", 0)
    assert shown.size == (4 * 200, 2 * 200)
    picture = np.asarray(shown)
    assert (picture[:192, :192] == 9).all()
    new, old = picture[:192, 600:792], picture[200:392, 600:792]
    assert np.array_equal(old, old[::4, ::4].repeat(4, 0).repeat(4, 1))
    assert not np.array_equal(new, new[::4, ::4].repeat(4, 0).repeat(4, 1))
    assert make_gallery.sheet([shown] * 5).size == (4 * 808, 2 * 408)


def test_the_order_by_hand_names_each_texture_that_ships_once():
    shipping = [file.name.removesuffix(".nca.json") for file in make_gallery.GALLERY.iterdir()]
    assert sorted(_ORDER.split()) == sorted(shipping)
    assert shipped()[0].name == "lava"


def test_the_drawn_pictures_have_512_pixels_a_side_and_take_few_bytes():
    drawn = list(EXAMPLES.glob("*.png"))
    assert {load_picture(path).shape for path in drawn} == {(512, 512, 3)}
    assert sum(path.stat().st_size for path in drawn) < 4_000_000


@pytest.mark.parametrize("texture", DRAWN, ids=lambda texture: texture.name)
def test_a_texture_that_ships_is_most_like_its_picture_at_the_scale_that_it_names(texture):
    """Three of them named the scale of an older picture, so that `nca evaluate` called one not stable."""
    picture, scale = load_picture(EXAMPLES / f"{texture.name}.png"), make_gallery.scale_of(texture)
    (shown,) = snapshots(texture.rule, (200,), (SIDE, SIDE))

    def style(scale):
        there = scale_picture(picture, min(1, scale), len(picture), 1)
        return Reference(make_gallery.repeated(there, SIDE) / 255).style(shown / 255)

    assert style(scale) < min(style(scale / 2), style(2 * scale))
