"""The Python API: the same names and defaults as the command line, documented, fast to import."""

import doctest
import inspect
import json
import subprocess
import sys
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import click
import numpy as np
import pytest
from PIL import Image

import nca
from command import done
from command import nca as run_command
from disk import refusal
from nca.cli import main
from nca.picture import picture_bytes
from nca.rule.decode import decode
from nca.rule.reference import reference_rollout, seed_state
from nca.training.callback import Callback
from paths import ROOT
from rules import random_rule

FUNCTIONS = {
    "evaluate": nca.evaluate,
    "export": nca.export_textures,
    "import": nca.import_automata,
    "info": nca.info,
    "render": nca.render,
    "sharpen": nca.sharpen,
    "train": nca.train,
    "verify": nca.verify,
    "view": nca.view,
}
OF_A_TERMINAL = {"as_json", "if_found"}  # they choose what is printed, and the exit code
OF_PYTHON = {"begin", "done", "progress"}  # functions that are called on the way
SHORT = ["--preset", "tiny", "--size", "16", "--field", "16", "--features", "multiscale", "--steps", "2"]
QUICK = {"preset": "tiny", "size": 16, "field": 16, "features": "multiscale", "steps": 2}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a picture, examples/, and short checks."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    (tmp_path / "moss.png").write_bytes(picture_bytes(pixels))
    with Image.open(ROOT / "examples" / "lava.png") as lava:
        lava.resize((512, 512)).save(tmp_path / "lava_512.png")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    for place, value in QUICKER.items():
        monkeypatch.setattr(f"nca.{place}", value)
    monkeypatch.chdir(tmp_path)
    return tmp_path


QUICKER = {
    "api.train.AUTO": "multiscale",
    "api.evaluate.SHORT": (16, (20,)),
    "callbacks.stability.AGES": (20,),
    "evaluation.stability.HEALING": range(8, 9, 8),
    "importing.cost.SIDE": 32,
    "importing.cost.STEPS": 20,
    "training.sharpen.FIELD": 16,
    "training.sharpen.SEEDS": 1,
    "training.sharpen.AGES": (4,),
    "training.sharpen.HEALING": 2,
    "training.sharpen.ITERATIONS": 2,
}

# Names and defaults


@pytest.mark.parametrize("name", main.commands)
def test_a_command_has_the_names_and_defaults_of_its_function(name):
    arguments = inspect.signature(FUNCTIONS[name]).parameters
    options = {each.name: each for each in main.commands[name].params}
    several = {"sources": "source"} if "source" in arguments else {}  # the command goes from one to the next
    taken = {several.get(each, each) for each in options.keys() - OF_A_TERMINAL}
    assert taken == arguments.keys() - OF_PYTHON
    context = click.Context(main.commands[name], **main.context_settings)
    for option in options.values():
        if isinstance(option, click.Option) and option.name in arguments and not option.required:
            text = option.get_default(context)
            found = option.type_cast_value(context, text) if text is not None else None
            assert (found or None) == (arguments[option.name].default or None), option.name


def test_the_types_of_training_are_those_of_its_arguments():
    from nca.api.train import Options

    arguments = inspect.signature(nca.train).parameters
    types = {name: each.annotation for name, each in arguments.items() if name not in ("images", "output")}
    assert types == Options.__annotations__


def test_methods_of_a_texture_take_what_the_functions_take():
    for method, function in [
        (nca.Texture.evaluate, nca.evaluate),
        (nca.Texture.export, nca.export_textures),
    ]:
        (_, *ours), (_, *theirs) = (list(inspect.signature(each).parameters.values()) for each in (method, function))
        assert ours == theirs


# Documentation

PUBLIC = [name for name in nca.__all__ if name != "__version__"]


def documented():
    """Every public object with a docstring: classes with their methods."""
    for name in PUBLIC:
        found = getattr(nca, name)
        yield name, found
        if inspect.isclass(found):
            members = inspect.getmembers(found, lambda each: inspect.isfunction(each) or isinstance(each, property))
            yield from ((f"{name}.{each}", member) for each, member in members if not each.startswith("_"))


def test_every_public_name_is_there_typed_and_documented():
    assert set(nca.__all__) <= set(dir(nca))
    for name, found in documented():
        assert inspect.getdoc(found), name
        if inspect.isfunction(found):
            signature = inspect.signature(found)
            assert signature.return_annotation is not signature.empty, name
            missing = [each.name for each in signature.parameters.values() if each.annotation is each.empty]
            assert [each for each in missing if each != "self"] == [], name
    with pytest.raises(AttributeError, match="module 'nca' has no attribute 'trane'"):
        nca.trane  # noqa: B018


SLOW = {"evaluate", "import_automata"}  # other tests run them, on less


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.rare] * (name in SLOW)) for name in PUBLIC])
def test_the_examples_run(here, name):
    tests = doctest.DocTestFinder(recurse=True).find(getattr(nca, name), name, module=False, globs={"nca": nca})
    assert any(test.examples for test in tests)
    runner = doctest.DocTestRunner(optionflags=doctest.REPORT_ONLY_FIRST_FAILURE)
    said = []
    for test in tests:
        runner.run(test, out=said.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(said)


def test_importing_is_fast_and_imports_no_torch():
    heavy = "{'torch', 'PIL', 'safetensors'}"
    code = f"import sys, nca; nca.Progress, nca.train, nca.Texture; print({heavy} & {{*sys.modules}})"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"


# Textures


RULE = random_rule(8, 12, seed=3)


def test_a_rollout_is_the_references_bit_for_bit(here):
    texture, wanted = nca.load(RULE), reference_rollout(RULE, seed_state(RULE, 20, 30), 12, seed=5)
    state = texture.rollout(12, size=(30, 20), seed=5, device="cpu")
    assert np.array_equal(state.values, wanted.numpy())
    assert (state.values.dtype, state.pixels.dtype) == (np.int16, np.uint8)
    assert np.array_equal(state.pixels, decode(None, wanted, 1))
    assert np.array_equal(np.asarray(state.image), state.pixels)
    assert state._repr_png_() == picture_bytes(state.pixels)


def test_a_texture_is_the_same_from_a_rule_a_bundle_a_page_and_a_run(here):
    texture = nca.load(RULE)
    paths = [texture.export(name) for name in ("a.nca.json", "a.html")]
    done("export", "a.nca.json", "-o", "b.html")
    found = [nca.load(each) for each in (*paths, "b.html", str(paths[1]), texture, texture.bundle)]
    assert {each.rule.fingerprint for each in found} == {RULE.fingerprint}
    assert nca.export_textures([texture, paths[0]], "both.html").name == "both.html"
    assert nca.load("both.html#texture-2").name == "Texture"


RUN = {"preset": "tiny", "size": 16, "field": 16, "steps": 1, "features": "multiscale"}
LAVA = ROOT / "examples" / "lava.png"
PIXELS = np.asarray(Image.open(LAVA).convert("RGB"))
WRONG = {
    "device gpu is not available: expected": lambda: nca.gallery["lava"].rollout(1, size=8, device="gpu"),
    "size is 64x64: expected": lambda: nca.gallery["lava"].rollout(1, size="64x64"),
    "size is (1, 2, 3): expected": lambda: nca.gallery["lava"].rollout(1, size=(1, 2, 3)),
    "size is 16.0: expected": lambda: nca.gallery["lava"].rollout(1, size=16.0),
    "detail is True: expected": lambda: nca.gallery["lava"].rollout(1, size=8, detail=True),
    "detail is 3: expected": lambda: nca.gallery["lava"].rollout(1, size=8, detail=3),
    "preset is huge: expected": lambda: nca.train(LAVA, "new", preset="huge"),
    "features is foo: expected": lambda: nca.sharpen(nca.gallery["lava"], LAVA, "new", features="foo"),
    "seed is -1: expected": lambda: nca.sharpen(nca.gallery["lava"], LAVA, "new", seed=-1),
    "detail is 0: expected": lambda: nca.sharpen(nca.gallery["lava"], LAVA, "new", detail=0),
    "scale is 0.5: expected a number": lambda: nca.train(LAVA, "new", **RUN, scale="0.5"),
    "layer_weights is 11: expected": lambda: nca.train(LAVA, "new", **RUN, layer_weights="11"),
    "features is 3: expected": lambda: nca.train(LAVA, "new", **{**RUN, "features": 3}),
    "jobs is 0: expected": lambda: nca.train([LAVA, LAVA], "new", jobs=0),
    "callbacks hold <class 'nca": lambda: nca.train(LAVA, "new", **RUN, callbacks=[nca.Progress]),
    "callbacks hold <nca": lambda: nca.train(LAVA, "new", **RUN, callbacks=nca.Progress()),
    "callbacks hold 3: expected": lambda: nca.train(LAVA, "new", **RUN, callbacks=[3]),
    "timeout is nan: expected seconds": lambda: nca.verify(nca.gallery["lava"], timeout=float("nan")),
    "no texture is named": lambda: nca.export_textures([]),
    "None is of type NoneType: expected a path": lambda: nca.load(None),
    "3 is of type int: expected a path": lambda: nca.load(3),
    "3 steps: expected at least 0": lambda: nca.render(nca.gallery["lava"], "new.png", sheet="3"),
    "1.5 steps: expected at least 0": lambda: nca.render(nca.gallery["lava"], "new.png", sheet=[1.5]),
    "the picture is (512, 512) of uint8": lambda: nca.evaluate(nca.gallery["lava"], PIXELS[..., 0]),
    "the picture is (10, 512, 3) of uint8": lambda: nca.evaluate(nca.gallery["lava"], PIXELS[:10]),
    "the picture is (512, 512, 3) of float64": lambda: nca.evaluate(nca.gallery["lava"], PIXELS / 255),
    "the picture is a list: expected": lambda: nca.evaluate(nca.gallery["lava"], []),
}


@pytest.mark.parametrize(
    ("act", "line"),
    [
        (lambda: nca.load("missing"), "missing: no such file or folder; expected a run folder"),
        (lambda: nca.gallery["lave"], "no texture 'lave' ships: expected one of lava, scales"),
        (lambda: nca.load(RULE).rollout(-1), "steps is -1: expected a whole number from 0"),
        (lambda: nca.load(RULE).rollout(1, size=5000), "width is 5000: expected a whole number from 1 to 4096"),
        (
            lambda: nca.load(RULE).rollout(1, size=8, seed=-1),
            "seed is -1: expected a whole number from 0 to 42949",
        ),
        (lambda: nca.load(RULE).rollout(1, size=8, detail=3), "detail is 3: expected one of (1, 2, 4, 8)"),
        (lambda: nca.load(RULE).evaluate(), "Texture holds no picture to compare with: name it with --picture FILE"),
        (lambda: nca.load(RULE).export("a.txt"), "a.txt: expected a name that ends in .html"),
        (lambda: nca.load(RULE).export(format="exe"), "'exe': expected one of html, embed"),
        (lambda: nca.render(RULE, "a.png", frames=3), "a PNG holds one picture: leave out --frames"),
        (lambda: nca.render(RULE, "a.gif", frames=0), "frames is 0: expected a whole number from 1"),
        (lambda: nca.verify(RULE, steps=[0]), "0 steps: expected at least 1"),
        (lambda: nca.train("moss.png", "new", steps=1, minutes=1), "--steps and --minutes exclude each other."),
        (lambda: nca.train(output="new"), "Missing argument 'IMAGES...'"),
        (lambda: nca.train("moss.png", "new", resume=True), "--resume keeps the run's picture and settings: leave out"),
        (lambda: nca.train("moss.png", "new", channels=5), "channels is 5: expected one of (4, 8, 12, 16)"),
        (
            lambda: nca.train(["moss.png", "examples/lava.png"], "new", callbacks=[Callback()]),
            "several pictures train in processes of their own: name your callbacks as FILE.py:NAME",
        ),
        *((act, line) for line, act in WRONG.items()),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(here, act, line):
    before = sorted(here.iterdir())
    assert refusal(act).startswith(line)
    assert sorted(here.iterdir()) == before


# Training


def test_training_from_python_is_that_of_the_command_bit_for_bit(here):
    texture = nca.train("moss.png", "ours", **QUICK)
    done("train", "moss.png", "-o", "theirs", *SHORT)
    assert texture.rule.fingerprint == nca.load("theirs").rule.fingerprint
    assert texture.path == Path("ours")
    assert texture.stability == json.loads(Path("theirs/life.json").read_text())
    assert np.array_equal(texture.picture, np.asarray(Image.open("theirs/target.png")))


class Note(Callback):
    def __init__(self):
        self.folder = self.stable = None

    def after_fit(self, trainer):
        self.folder, self.stable = trainer.folder, (trainer.folder / "life.json").is_file()


def test_a_callback_sees_the_whole_run_folder_at_the_end_also_of_a_training_that_it_stopped(here):
    class Stop(Note):
        def after_batch(self, trainer):
            raise nca.StopTraining

    for callback, steps in ((Note(), 2), (Stop(), 1)):
        texture = nca.train("moss.png", "run", **QUICK, callbacks=[callback], force=True)
        assert (callback.folder, callback.stable) == (Path("run"), True)
        assert texture.provenance["trained"]["step"] == steps
    resumed, whole = nca.train(output="run", resume=True), nca.train("moss.png", "whole", **QUICK)
    assert resumed.rule.fingerprint == whole.rule.fingerprint


CODE = """
import nca

class Stop(nca.Callback):
    def after_batch(self, trainer):
        raise nca.StopTraining
"""


def test_a_named_callback_reaches_several_pictures_and_each_of_them_alone(here, monkeypatch):
    def in_turn(group, jobs):
        for job in jobs:
            done("train", *job.arguments())
        return []

    monkeypatch.setattr("nca.jobs.group.Group.run", in_turn)  # a process for each would import torch anew
    Path("mine.py").write_text(CODE)
    Path("sand.png").write_bytes(Path("moss.png").read_bytes())
    found = nca.train(["moss.png", "sand.png"], "runs", **QUICK, callbacks=[nca.Progress(), "mine.py:Stop"])
    assert [each.path for each in found] == [Path("runs/moss"), Path("runs/sand")]
    assert [each.provenance["trained"]["step"] for each in found] == [1, 1]
    resumed = nca.train(output="runs", resume=True)
    assert [each.provenance["trained"]["step"] for each in resumed] == [2, 2]


def test_progress_is_shown_where_it_is_asked_for(here, capsys):
    nca.train("moss.png", "quiet", **QUICK)
    assert capsys.readouterr() == ("", "")
    nca.train("moss.png", "shown", **QUICK, callbacks=[nca.Progress()])
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("100%  step 2  style ")


# Notebooks


def shown_widgets(texture):
    from ipywidgets.widgets.widget import _instances

    view = texture._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]
    return _instances[view["model_id"]].children


def test_a_notebook_shows_a_texture_alive_beside_its_picture(here):
    pytest.importorskip("anywidget")
    texture = nca.train("moss.png", "run", **QUICK)
    picture, alive = shown_widgets(texture)
    assert picture.value == picture_bytes(texture.picture)
    assert (type(alive).__name__, alive.width * alive.scale) == ("Widget", 256)
    assert len(shown_widgets(nca.load(RULE))) == 1  # without a picture


def test_without_widgets_a_notebook_shows_a_still_picture(here, monkeypatch):
    monkeypatch.setattr("nca.api.notebook.find_spec", lambda name: None)
    monkeypatch.setattr("nca.api.notebook.SIDE", 16)
    shown = nca.load(RULE)._repr_mimebundle_()
    assert shown["text/plain"] == "Texture(Texture: 8 channels, 12 hidden)"
    with Image.open(BytesIO(b64decode(shown["image/png"]))) as still:
        assert still.size == (16, 16)


def test_numpys_integers_are_whole_numbers():
    texture = nca.gallery["lava"]
    ours = texture.rollout(np.int64(3), size=np.int64(16), detail=np.int64(2), seed=np.uint32(7))
    assert np.array_equal(ours.values, texture.rollout(3, size=16, seed=7).values)
    assert ours.pixels.shape == (32, 32, 3)


def test_the_gallery_becomes_a_page(tmp_path):
    assert nca.export_textures(nca.gallery, tmp_path / "all.html").stat().st_size > 100_000


@pytest.mark.parametrize(
    "error", [MemoryError(""), RuntimeError("[enforce] DefaultCPUAllocator: can't allocate memory")]
)
def test_the_command_says_in_one_line_that_memory_ran_out(error, monkeypatch):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("nca.cli.info.info", fail)
    result = run_command("info", str(ROOT / "examples" / "lava.nca.json"))
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: out of memory (")
    assert result.stderr.endswith("try a smaller picture or field\n")
