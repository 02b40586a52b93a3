"""Features of the user's own: how they are named, what they must give, and that nothing but training runs them."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from command import nca
from disk import refusal, tree
from nca.features.custom import CustomFeatures
from nca.named import absolute, without_folder
from nca.picture import picture_bytes
from nca.run import load_run
from nca.training.loss import StyleLoss
from paths import EXAMPLES
from trainers import descend, noise, stripes, trainer

EXAMPLE = EXAMPLES / "features.py"
CPU = torch.device("cpu")
SMALL = ["--preset", "tiny", "--size", "16", "--field", "16", "--device", "cpu"]
CODE = """
import torch
from torch import nn
from nca.features.interface import FeatureMap

class Edges(nn.Module):
    margin = 3

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(3, 5, 3), nn.Sequential(nn.Conv2d(5, 4, 3), nn.Dropout())

    def forward(self, pictures):
        first = self.first(pictures)
        return [first, self.second(first)]

def colours():
    return lambda pictures: (FeatureMap(pictures, 0.25), pictures.mean((2, 3), keepdim=True))
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A working folder with a picture and features."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    (tmp_path / "moss.png").write_bytes(picture_bytes(pixels))
    (tmp_path / "mine.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def own(code="", name="mine.py:make", layer_weights=()):
    if code:
        Path("mine.py").write_text(code)
    return CustomFeatures(name, layer_weights, 0, CPU)


# What is named


def test_a_module_is_frozen_in_eval_mode_and_has_a_map_and_a_weight_of_1_a_layer(here):
    features = own(name="mine.py:Edges")
    assert features.margin == 3
    assert not features.compute.training
    assert not any(parameter.requires_grad for parameter in features.compute.parameters())
    maps = features(noise(2, 3, 16, 16))
    assert [(tuple(each.values.shape), each.weight) for each in maps] == [((2, 5, 14, 14), 1), ((2, 4, 12, 12), 1)]


def test_another_callable_does_and_a_map_may_bring_its_weight(here):
    features = own(name="mine.py:colours")
    assert features.margin == 0
    pictures = noise(2, 3, 8, 8)
    first, second = features(pictures)
    assert torch.equal(first.values, pictures)
    assert (first.weight, second.weight) == (0.25, 1)
    assert [each.weight for each in own(name="mine.py:colours", layer_weights=(2.0, 3.0))(pictures)] == [2, 3]


def test_random_features_follow_the_seed_and_leave_the_callers_random_state_alone(here):
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    first, again, other = (CustomFeatures("mine.py:Edges", (), seed, CPU).compute.first.weight for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_name_in_an_installed_package_is_found(here, monkeypatch):
    (here / "shop").mkdir()
    (here / "shop" / "features.py").write_text(CODE)
    monkeypatch.syspath_prepend(here)
    assert own(name="shop.features:Edges").margin == 3


def test_a_file_may_hold_what_needs_its_module(here):
    """Dataclasses look theirs up among the modules that are imported."""
    code = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    code += "@dataclass\nclass Colours:\n    margin: int = 2\n    def __call__(self, pictures): return [pictures]\n"
    assert own(code, "mine.py:Colours").margin == 2


def test_a_files_path_becomes_absolute_and_a_modules_name_stays(here):
    assert absolute("mine.py:Edges") == f"{here}/mine.py:Edges"
    assert absolute("sub/mine:Edges") == f"{here}/sub/mine:Edges"
    assert absolute("package.module:Edges") == "package.module:Edges"
    assert without_folder(f"{here}/mine.py:Edges") == "mine.py:Edges"
    assert without_folder("package.module:Edges") == "package.module:Edges"
    assert without_folder("multiscale") == "multiscale"


# Training


def own_trainer(name="mine.py:Edges", **changes):
    return trainer(noise(1, 3, 16, 16), plain=False, features=name, **changes)


def style_of(training, pictures):
    [term] = training.losses[1].terms(pictures, training.random)
    return term


def test_descending_their_style_loss_makes_the_texture():
    features, target = CustomFeatures(f"{EXAMPLE}:Edges", (), 0, CPU), stripes(32, 8)
    style = StyleLoss(features, target)
    picture = descend(style, 32)
    assert style(picture) < 0.25 * style(noise(1, 3, 32, 32))
    assert picture.std(3).mean() > 1.5 * picture.std(2).mean()  # upright stripes, as in the target


def test_the_layers_weights_are_those_of_the_loss(here):
    pictures = noise(2, 3, 16, 16, seed=1)
    first, second, both = (
        style_of(own_trainer(layer_weights=each), pictures) for each in ((1.0, 0.0), (0.0, 1.0), (2.0, 3.0))
    )
    assert torch.allclose(both, 2 * first + 3 * second)
    assert torch.allclose(style_of(own_trainer(), pictures), first + second)
    assert first != second


def test_resuming_reads_the_same_features_from_any_folder(here, monkeypatch):
    assert nca("train", "moss.png", "-o", "run", *SMALL, "--features", "mine.py:Edges", "--steps", 3).exit_code == 0
    assert json.loads(Path("run/config.json").read_text())["features"] == f"{here}/mine.py:Edges"
    assert load_run(here / "run").provenance["config"]["features"] == "mine.py:Edges"
    (here / "elsewhere").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    resumed = nca("train", "--resume", "-o", "../run", "--steps", 6)
    assert resumed.exit_code == 0, resumed.output
    assert load_run(here / "run").provenance["trained"]["step"] == 6
    (here / "mine.py").unlink()
    before = tree(here)
    gone = nca("train", "--resume", "-o", "../run", "--steps", 9)
    assert gone.exit_code == 1
    assert gone.stderr == f"Error: there is no file {here}/mine.py: expected the Python file with your features\n"
    assert tree(here) == before


@pytest.mark.parametrize("option", [[], ["--layer-weights", "4,2,1,1"]])
def test_the_example_trains(here, option):
    trained = nca("train", "moss.png", "-o", "run", *SMALL, "--features", f"{EXAMPLE}:Edges", "--steps", 2, *option)
    assert trained.exit_code == 0, trained.output
    assert f"{EXAMPLE}:Edges, 2 steps" in trained.stdout


def test_the_examples_edges_answer_to_their_direction():
    """Stripes that rise to the right by 45 degrees have edges at 2 of the 8 directions, which lie opposite."""
    features = CustomFeatures(f"{EXAMPLE}:Edges", (), 0, CPU)
    wave = ((torch.arange(16)[:, None] + torch.arange(16)) % 8 / 8 * 2 * torch.pi).cos()
    finest = features(wave.expand(1, 3, 16, 16))[0].values
    strengths = finest[0, 4:12].square().mean((1, 2))  # of the first colour's edges
    assert sorted(strengths.argsort().tolist()[-2:]) == [1, 5]


# Mistakes, each one line


NAMES = {
    "missing.py:make": "there is no file missing.py: expected the Python file with your features",
    "missing.package:make": "there is no module missing.package: expected one that is installed, or FILE.py:NAME",
    "json.missing:make": "there is no module json.missing: expected one that is installed",
    "mine.py:maek": "mine.py has no 'maek': expected a class or a function of that name in it",
    "mine.py:": "mine.py has no '': expected a class or a function",
    "json:missing": "json has no 'missing': expected a class or a function",
    "./moss.png:make": "moss.png is no Python file: expected a name that ends in .py",
    "sys:path": "sys:path is an object of type list: expected a class or a function that returns the features",
    ":make": ":make failed when it was made: ValueError: Empty module name",
}
MADE = {
    "def make(: pass": "failed when it was made: SyntaxError: ",
    "import missing": "failed when it was made: ModuleNotFoundError: No module named 'missing'",
    "raise SystemExit": "failed when it was made: SystemExit",
    "def make(): raise ValueError('no\\n luck')": "failed when it was made: ValueError: no luck",
    "def make(pictures): return [pictures]": "failed when it was made: TypeError: make() missing 1 required",
    "def make(): return None": "gives nothing: expected a torch module, or another callable",
    "class make(list): pass": "gives an empty make: expected a torch module",
    "class make:\n margin = -1\n def __call__(self, x): return [x]": "has the margin -1: expected a whole number",
    "class make:\n margin = 1.5\n def __call__(self, x): return [x]": "has the margin 1.5: expected a whole number",
}
CALLED = {
    "1 / 0": "failed when it was called with pictures: ZeroDivisionError: division by zero",
    "torch.cat([x, x.mean()])": "failed when it was called with pictures: RuntimeError: ",
    "None": "gave nothing: expected a list of maps",
    "x": "gave an object of type Tensor: expected a list of maps",
    "[]": "gave an empty list: expected a list of maps",
    "[x, None]": "gave a list with nothing: expected a tensor of floats (2, features, height, width)",
    "[x, FeatureMap(None, 1.0)]": "gave a list with nothing: expected a tensor of floats",
    "[x.numpy()]": "gave a list with an object of type ndarray: expected a tensor of floats",
    "[x.flatten(2)]": "gave a map of shape (2, 3, 64) and type torch.float32: expected a tensor of floats",
    "[x.long()]": "gave a map of shape (2, 3, 8, 8) and type torch.int64: expected a tensor of floats",
    "[x[:1]]": "gave a map of shape (1, 3, 8, 8) and type torch.float32: expected a tensor of floats",
    "[x[:, :, :0]]": "gave a map of shape (2, 3, 0, 8) and type torch.float32: expected a tensor of floats",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_nowhere_is_refused(here, name):
    assert NAMES[name] in refusal(own, name=name)


@pytest.mark.parametrize("code", MADE)
def test_code_that_gives_no_features_is_refused(here, code):
    message = refusal(own, code)
    assert message.startswith("mine.py:make ")
    assert MADE[code] in message


@pytest.mark.parametrize("given", CALLED)
def test_features_that_are_no_maps_are_refused(here, given):
    features = own(f"import torch\nfrom nca.features.interface import FeatureMap\ndef make(): return lambda x: {given}")
    message = refusal(features, noise(2, 3, 8, 8))
    assert message.startswith("mine.py:make ")
    assert CALLED[given] in message


def test_maps_that_change_from_call_to_call_are_refused(here):
    features = own("def make(): return lambda x: [x] * (x.shape[2] // 8)")
    features(noise(1, 3, 8, 8))
    assert "gave maps of [3, 3] features: expected [3] as at the first call" in refusal(features, noise(1, 3, 16, 8))


def test_maps_that_teach_nothing_are_refused(here):
    features = own("def make(): return lambda x: [x.detach()]")
    features(noise(1, 3, 8, 8))
    refused = refusal(features, noise(1, 3, 8, 8).requires_grad_())
    assert "gave maps without a gradient: expected maps computed from the pictures by torch alone" in refused


COMMANDS = {
    "--features mine.py:Edges --layer-weights 1": "layer_weights is (1.0,): expected 2 numbers for {here}/mine.py",
    "--features mine.py:Edges --layer-weights 1,-1": "layer_weights is (1.0, -1.0): expected none below 0",
    "--features mine.py:Edges --weights mine.py": "mine.py is for trained features: leave it out, or choose vgg16",
    "--features missing.py:Edges": "there is no file {here}/missing.py: expected the Python file",
    "--features mine.py:nn.Conv2d": "{here}/mine.py has no 'nn.Conv2d': expected a class or a function",
}


@pytest.mark.parametrize("options", COMMANDS)
def test_a_mistake_on_the_command_line_is_one_clear_line_and_writes_nothing(here, options):
    before = tree(here)
    result = nca("train", "moss.png", "-o", "run", *SMALL, *options.split())
    assert result.exit_code == 1
    assert re.fullmatch(r"Error: .+\n", result.stderr), result.stderr
    assert COMMANDS[options].format(here=here) in result.stderr
    assert {name for name in tree(here) if "__pycache__" not in name} == before.keys()


# Whose code runs


READERS = [
    "export run -o new.html",
    "info run",
    "evaluate run",
    "render run -o new.png",
    "view run --no-open -o new.html",
]


@pytest.mark.parametrize("command", READERS)
def test_reading_a_run_from_elsewhere_never_runs_the_code_that_it_names(here, command):
    nca("train", "moss.png", "-o", "run", *SMALL, "--features", "mine.py:Edges", "--steps", 1)
    (here / "mine.py").write_text("from pathlib import Path\nPath('executed').touch()")
    assert nca(*command.split()).exit_code == 0
    assert not Path("executed").exists()
    nca("train", "--resume", "-o", "run", "--steps", 2)
    assert Path("executed").exists()  # or this test could not fail


def test_verify_does_not_even_load_what_would_run_it():
    modules = "sys, nca.cli.verify, nca.export.source, nca.export.check.verify"
    code = f"import {modules}; print('nca.features.custom' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout == "False\n"
