"""A published set of 8-bit models becomes a gallery that equals torch."""

import numpy as np

from command import done, nca_in_thread
from nca.importing import cost, floats
from notebooks import models_json


def test_a_set_of_models_becomes_a_verified_gallery(tmp_path, monkeypatch):
    monkeypatch.setattr(cost, "SIDE", 40)
    monkeypatch.setattr(cost, "STEPS", 50)
    monkeypatch.setattr(floats, "AGES", (20, 50))
    random = np.random.default_rng(0)
    first = random.integers(100, 155, (2, 17, 8)).astype(np.uint8)
    second = random.integers(124, 131, (2, 9, 4)).astype(np.uint8)
    (tmp_path / "models.json").write_text(models_json(["bubbly_0101", "chequered_0121"], first, second))
    done("import", tmp_path / "models.json", "-o", tmp_path / "runs")
    done("export", tmp_path / "runs", "-o", tmp_path / "gallery.html")
    found = nca_in_thread("verify", tmp_path / "gallery.html", "--steps", "1,40", "--size", "17x12")
    assert found.exit_code == 0, found.output
    assert "bubbly-0101" in found.output
    assert "chequered-0121" in found.output
