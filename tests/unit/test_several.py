"""A folder of several runs, as `nca train a b -o runs` leaves it, wherever a texture is expected."""

import json
from pathlib import Path

import numpy as np
import pytest

from command import done, nca
from disk import refusal
from nca.export.check.verify import target
from nca.export.embedded import load_page
from nca.export.source import each_path, load_each, load_source
from nca.files import write_folder
from nca.picture import picture_bytes
from nca.run import PICTURES, model_bytes
from rules import random_rule


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """runs/, with two runs of one name and what belongs to them; the working folder is its parent."""
    target = picture_bytes(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8))
    for seed, name in enumerate(("moss", "sand")):
        files = {"model.safetensors": model_bytes(random_rule(4, 8, seed), {"seed": seed}), "target.png": target}
        write_folder(tmp_path / "runs" / name, files)
    (tmp_path / "runs" / PICTURES).write_text(json.dumps({"format": "nca-pictures-1", "runs": {}}))
    (tmp_path / "runs" / "notes").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path / "runs"


def all_of(runs):
    return sorted(path.relative_to(runs.parent) for path in (runs / "moss", runs / "sand", runs / PICTURES))


def test_export_takes_the_folder_or_all_that_is_in_it(runs):
    for sources, output in ([["runs"], "a.html"], [all_of(runs), "b.html"]):
        done("export", *sources, "-o", output)
        assert list(load_page(Path(output))) == ["moss", "sand"]
    assert Path("a.html").read_bytes() == Path("b.html").read_bytes()
    assert "Saved gallery.html" in done("export", "runs")


def test_a_folder_of_one_run_has_its_name(runs):
    (runs / "sand" / "model.safetensors").unlink()
    assert "Saved moss.html" in done("export", "runs", "--format", "embed")


def test_view_shows_all(runs):
    assert done("view", "runs", "-o", "all.html", "--no-open") == "all.html\n"
    assert [bundle.name for bundle in load_each(all_of(runs))] == ["moss", "sand"]


def test_evaluate_measures_each_with_its_own_picture(runs, monkeypatch):
    monkeypatch.setattr("nca.api.evaluate.SHORT", (16, (20,)))
    found = json.loads(done("evaluate", *all_of(runs), "--json"))
    assert [each["source"] for each in found] == ["runs/moss", "runs/sand"]


def test_info_tells_of_each(runs):
    lines = done("info", "runs").splitlines()
    assert [line for line in lines if line.startswith(("runs", "seed"))] == [
        "runs/moss:",
        f"{'seed':26} 0",
        "runs/sand:",
        f"{'seed':26} 1",
    ]


def test_verify_compares_each(runs):
    with target(Path("runs")) as (page, rules):
        assert list(rules) == list(load_page(page)) == ["moss", "sand"]


def test_where_one_texture_is_expected_a_folder_of_several_says_so(runs):
    line = "runs is a folder of several runs: name one of them, such as moss, sand"
    assert refusal(load_source, Path("runs")) == line
    assert nca("render", "runs", "-o", "out.png").stderr == f"Error: {line}\n"


def test_the_list_alone_is_no_texture(runs):
    assert refusal(each_path, [runs / PICTURES]).startswith(f"{runs / PICTURES}: no texture, expected a run folder")
