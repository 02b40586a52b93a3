"""The documentation's blocks of Python: scripts run with small settings, and classes that it defines do their work."""

from types import SimpleNamespace

import pytest
import torch
from PIL import Image

import nca
from documents import PAGES, blocks
from nca.export.bundle import Bundle
from nca.features.registry import Extractor, Options
from paths import EXAMPLES
from quicker import make_quicker
from rules import random_rule
from trainers import noise

SCRIPTS = ["README.md", "docs/live.md", "docs/notebook.md", "docs/python.md", "docs/quickstart.md"]
OTHERS = {
    "CONTRIBUTING.md": "three tests below",
    "docs/api.md": "examples of docstrings: test_api.py",
    "docs/trackers.md": "a test below",
    "docs/training.md": "two tests below",
}


def test_each_page_with_python_is_run():
    assert {page for page in PAGES if blocks(page, "python", "pycon")} == {*SCRIPTS, *OTHERS}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with the pictures and the run that the pages name, quick settings, and no browser."""
    with Image.open(EXAMPLES / "lava.png") as lava:
        for name in ("bricks", "moss", "sand"):
            lava.convert("RGB").crop((0, 0, 32, 32)).save(tmp_path / f"{name}.jpg")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("webbrowser.open", lambda *_: True)
    make_quicker(monkeypatch)


@pytest.mark.parametrize("page", SCRIPTS)
def test_the_blocks_run_one_after_another(here, page):
    if page == "docs/notebook.md":
        nca.train("moss.jpg", "runs/moss")
    names = {"nca": nca}
    for block in blocks(page, "python"):
        execute(block, names)


def execute(block, names):
    """A traceback tells the page and the line."""
    text = "\n" * block.line + block.text.replace("steps=3000", "steps=4")
    exec(compile(text, block.page, "exec"), names)  # noqa: S102 - our own documentation
    return names


def named(page, part):
    """What the one block with this part defines."""
    [block] = (block for block in blocks(page, "python") if part in block.text)
    return execute(block, {"__name__": "documented"})


def test_the_extractor_of_contributing_has_its_maps_and_its_line():
    [block] = (block for block in blocks("CONTRIBUTING.md", "python") if block.text.startswith('"colours"'))
    entry = eval(f"{{{block.text}}}", {"Extractor": Extractor})  # noqa: S307 - our own documentation
    pictures = noise(2, 3, 8, 8)
    made = named("CONTRIBUTING.md", "class Colours")["make"]("colours", pictures[:1], Options(layer_weights=(3.0,)))
    [found] = made(pictures)
    assert entry["colours"].layer_weights == 1
    assert found.weight == 3
    assert torch.equal(found.values, pictures)


def test_the_format_of_contributing_writes_its_file():
    rule = random_rule(4, 8)
    files = named("CONTRIBUTING.md", "SUMMARY = ")["SUMMARY"].files(Bundle.of(rule, "Moss"))
    assert files == {"": f"Moss: {rule.parameters} parameters\n".encode()}


def test_the_tracker_of_the_page_writes_its_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tracker = named("docs/trackers.md", "class Curve")["Curve"]()
    assert tracker.open(SimpleNamespace(id="a1")) == "a1.csv"
    tracker.numbers({"style": 0.5}, 7)
    tracker.file.close()
    assert (tmp_path / "a1.csv").read_text() == "7,0.5\n"


def test_the_features_of_the_page_add_the_pictures():
    pictures = noise(1, 3, 96, 96)
    *others, last = named("docs/training.md", "class Both")["Both"]()(pictures)
    assert others
    assert last is pictures


@pytest.mark.parametrize(("style", "ends"), [(0.02, True), (0.04, False)])
def test_the_callback_of_the_page_ends_training_when_the_style_is_good(style, ends):
    callback = named("docs/training.md", "class StopWhenGood")["StopWhenGood"]()
    trainer = SimpleNamespace(result=SimpleNamespace(style=style))
    if ends:
        with pytest.raises(nca.StopTraining):
            callback.after_batch(trainer)
    else:
        callback.after_batch(trainer)
