"""What benchmarks/ compares with computes the same automaton; without its libraries it says what to install."""

import runpy
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from rules import random_rule

from nca.automaton import Automaton
from nca.rollout import rollout, seed_state

ROOT = Path(__file__).parent.parent
FORMULATIONS = runpy.run_path(str(ROOT / "benchmarks" / "formulations.py"))
FloatModel = runpy.run_path(str(ROOT / "benchmarks" / "model.py"))["FloatModel"]


@pytest.mark.parametrize(("channels", "hidden"), [(4, 8), (12, 96)])
def test_the_float_model_is_the_rule_without_its_roundings(channels, hidden):
    rule = random_rule(channels, hidden)
    state = rollout(rule, seed_state(rule, 24, 32), 40, seed=1)
    everywhere = rollout(replace(rule, update=256), state, 1, seed=1)
    update = FloatModel.of(rule).update(state / 1024) * 1024
    assert update.abs().max() > 4
    assert (everywhere - state - update).abs().max() < 1.5


@pytest.mark.parametrize("name", ["Folded", "Depthwise"])
def test_the_formulations_of_others_are_ours_without_roundings(name):
    torch.manual_seed(0)
    ours = Automaton(8, 32, update=256)
    torch.nn.init.normal_(ours.w2.weight, std=0.02)
    theirs = FORMULATIONS[name](8, 32, update=256)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randint(-1024, 1025, (2, 10, 12, 8)) / 1024
    change, expected = theirs(x, 1) - x, ours(x, 1, seed=0) - x
    assert expected.abs().max() > 0.1
    assert (change - expected).abs().max() < 0.01  # the roundings of hidden units


def test_missing_libraries_are_named(tmp_path):
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks", ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "rules.py", tmp_path / "tests")
    command = [sys.executable, tmp_path / "benchmarks" / "browser.py", "--quick"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 1
    assert ran.stderr == "Error: the libraries to compare with are not installed: npm ci --prefix benchmarks\n"
