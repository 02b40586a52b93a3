"""What benchmarks/ compares with computes the same automaton; without its libraries it says what to install."""

import runpy
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import torch

from fake_gpu import fake_gpu
from nca.model.automaton import Automaton
from nca.rule.reference import reference_rollout, seed_state
from paths import ROOT
from rules import random_rule

FORMULATIONS = runpy.run_path(str(ROOT / "benchmarks" / "formulations.py"))
FloatModel = runpy.run_path(str(ROOT / "benchmarks" / "model.py"))["FloatModel"]


@pytest.mark.parametrize(("channels", "hidden"), [(4, 8), (12, 96)])
def test_the_float_model_is_the_rule_without_its_roundings(channels, hidden):
    rule = random_rule(channels, hidden)
    state = reference_rollout(rule, seed_state(rule, 24, 32), 40, seed=1)
    everywhere = reference_rollout(replace(rule, update=256), state, 1, seed=1)
    update = FloatModel.of(rule).update(state / 1024) * 1024
    assert update.abs().max() > 4
    assert (everywhere - state - update).abs().max() < 1.5


@pytest.mark.parametrize("name", ["Folded", "Depthwise"])
def test_the_formulations_of_others_are_ours_without_roundings(name):
    torch.manual_seed(0)
    ours = Automaton(8, 32, update=256)
    torch.nn.init.normal_(ours.layer2.weight, std=0.02)
    theirs = FORMULATIONS[name](8, 32, update=256)
    theirs.load_state_dict(ours.state_dict())
    x = torch.randint(-1024, 1025, (2, 10, 12, 8)) / 1024
    change, expected = theirs(x, 1) - x, ours(x, 1, seed=0) - x
    assert expected.abs().max() > 0.1
    assert (change - expected).abs().max() < 0.01  # the roundings of hidden units


@pytest.mark.parametrize("name", ["ours", "ours, bf16", "without Numba", "folded", "depthwise, bf16"])
def test_the_training_benchmark_trains_each_contestant(monkeypatch, name):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    train, cpu = runpy.run_path(str(ROOT / "benchmarks" / "train.py")), torch.device("cpu")
    assert name in train["contestants"](cpu)
    assert "ours, fp16" in train["contestants"](torch.device("cuda"))
    ours = train["contestant"](name, cpu, channels=4, hidden=8, size=16, field=16, batch=1, pool=1)
    before = ours.automaton.layer2.weight.clone()
    grown, judged = train["iteration"](ours, 2, cpu)
    assert min(grown, judged) > 0
    assert not torch.equal(ours.automaton.layer2.weight, before)


def test_the_training_benchmark_runs_on_cuda(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    train, cuda = runpy.run_path(str(ROOT / "benchmarks" / "train.py")), torch.device("cuda")
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    with fake_gpu():
        for name in ("ours, fp16", "folded, fp16"):
            ours = train["contestant"](name, cuda, channels=4, hidden=8, size=16, field=16, batch=1, pool=1)
            train["iteration"](ours, 2, cuda)
            assert ours.automaton.layer2.weight.device.type == "cuda"


def test_missing_libraries_are_named(tmp_path):
    shutil.copytree(ROOT / "benchmarks", tmp_path / "benchmarks", ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / "tests" / "support").mkdir(parents=True)
    for name in ("decoders.py", "rules.py", "server.py", "strategies.py"):
        shutil.copy(ROOT / "tests" / "support" / name, tmp_path / "tests" / "support")
    command = [sys.executable, tmp_path / "benchmarks" / "browser.py", "--quick"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 1
    assert ran.stderr == "Error: the libraries to compare with are not installed: npm ci --prefix benchmarks\n"
