"""Logging to trackers: a tracker of a user's stands for all of them. test_tracker_packages.py runs the real ones."""

import json
import logging
from base64 import b64decode
from io import StringIO
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import nca
from command import nca as command
from disk import refusal
from nca.callbacks.recorder import Recorder
from nca.callbacks.stability import CheckStability
from nca.callbacks.trackers import apart
from nca.callbacks.trackers.figures import flat
from nca.callbacks.trackers.host import serve
from nca.callbacks.trackers.log_to import SHOWN, LogTo
from nca.callbacks.trackers.run import known_run
from nca.callbacks.trackers.tracker import TrackedRun
from nca.picture import picture_bytes
from nca.run import load_run
from nca.training.ranks import Ranks
from trainers import trainer, weights

SPY = """
import json
import os
import sys
import time
from base64 import b64encode
from pathlib import Path

import nca


class Spy(nca.Tracker):
    def open(self, run):
        print("nobody sees this")
        self.file = Path(__file__).with_name("calls.jsonl").open("a")
        self.say("open", run.name, run.id, run.resumed, str(run.folder), run.configuration)
        return "the file calls.jsonl"

    def say(self, *call):
        print(json.dumps(call), file=self.file, flush=True)

    def numbers(self, values, step):
        self.say("numbers", values, step)

    def picture(self, png, step):
        self.say("picture", b64encode(png).decode(), step)

    def page(self, html, step):
        self.say("page", html, step)

    def figures(self, values, step):
        self.say("figures", values, step)

    def close(self):
        self.say("close")
        self.file.close()


class Offline(nca.Tracker):
    def open(self, run):
        raise ConnectionError("no\\nnetwork")


class Failing(nca.Tracker):
    def picture(self, png, step):
        raise OSError("the disk is full")


class Leaving(nca.Tracker):
    def open(self, run):
        sys.exit("log in first")


class Crashing(nca.Tracker):
    def picture(self, png, step):
        os._exit(1)


class Hanging(nca.Tracker):
    def picture(self, png, step):
        Path(__file__).with_name("process").write_text(str(os.getpid()))
        time.sleep(600)


def three():
    return 3
"""


@pytest.fixture
def spy(tmp_path):
    """Names of the trackers above, and what the first one was told."""
    (tmp_path / "spy.py").write_text(SPY)

    def calls(*places):
        found = map(json.loads, (tmp_path / "calls.jsonl").read_text().splitlines())
        return [call for call in found if not places or call[0] in places]

    return SimpleNamespace(**{each: f"{tmp_path / 'spy.py'}:{each}" for each in NAMES}, calls=calls)


NAMES = ("Spy", "Offline", "Failing", "Leaving", "Crashing", "Hanging", "three", "Nobody")


def fitted(folder, *names, **changes):
    """A trained trainer that was logged to these trackers."""
    ours = trainer(**changes)
    ours.folder, ours.picture = folder, "stripes.png"
    ours.fit([Recorder(ours), LogTo(*names)])
    return ours


def test_a_tracker_is_told_all_of_a_training_which_stays_the_same(spy, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    ours, other = fitted(tmp_path / "run", spy.Spy), trainer()
    other.fit()
    assert torch.equal(weights(ours), weights(other))
    (_, name, run, resumed, folder, configuration), *calls, last = spy.calls()
    assert (name, resumed, folder, last) == ("run", False, str(tmp_path / "run"), ["close"])
    assert (configuration["channels"], configuration["picture"]) == (4, "stripes.png")
    assert [(call[0], call[-1]) for call in calls if call[0] == "page"] == [("page", step) for step in range(1, 7)]
    [(_, numbers, step)] = spy.calls("numbers")
    wanted = {name: getattr(ours.result, name) for name in ("loss", "style", "overflow", "seconds")}
    assert (numbers, step) == (wanted | {"learning_rate": ours.optimizer.lr}, 6)
    picture, page = (spy.calls(place)[-1][1] for place in ("picture", "page"))
    assert b64decode(picture) == (tmp_path / "run" / "previews" / "000006.png").read_bytes()
    (tmp_path / "last.html").write_text(page)
    assert nca.load(tmp_path / "last.html").rule.fingerprint == load_run(tmp_path / "run").rule.fingerprint
    assert known_run(tmp_path / "run") == TrackedRun("run", run, tmp_path / "run", configuration, resumed=True)
    assert [each.message for each in caplog.records] == [f"Logging to {spy.Spy}: the file calls.jsonl"]


def test_a_long_training_shows_its_texture_a_few_times(spy, tmp_path):
    fitted(tmp_path / "run", spy.Spy, steps=50)
    for place in ("picture", "page"):
        assert len(spy.calls(place)) == SHOWN == len({call[-1] for call in spy.calls(place)})
    assert spy.calls("page")[-1][-1] == 50
    assert [call[-1] for call in spy.calls("numbers")] == [10, 20, 30, 40, 50]


def test_one_that_was_stopped_early_shows_how_it_ended(spy, tmp_path):
    class Stop(nca.Callback):
        def after_batch(self, trainer):
            if trainer.step == 3:
                raise nca.StopTraining

    ours = trainer(steps=50)
    ours.folder = tmp_path / "run"
    ours.fit([Recorder(ours), LogTo(spy.Spy), Stop()])
    assert [call[-1] for call in spy.calls("page")] == [3]


def test_the_check_of_stability_is_logged(spy, tmp_path):
    class Checked(CheckStability):
        def after_fit(self, _):
            fields = {"healed": 8, "calmed": None, "style": {20: 0.5}, "stable": True, "reason": ""}
            self.found = SimpleNamespace(fields=lambda: fields)

    ours = trainer()
    ours.folder = tmp_path / "run"
    ours.fit([LogTo(spy.Spy), Checked()])
    figures = {"life/healed": 8, "life/style/20": 0.5, "life/stable": 1, "life/reason": ""}
    assert spy.calls("figures") == [["figures", figures, 6]]


def test_figures_have_flat_names():
    values = {"a": {"b": {200: 1}, "c": "text", "d": None}, "e": True}
    assert flat(values) == {"a/b/200": 1.0, "a/c": "text", "e": 1.0}


# Trackers that fail


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("Offline", "cannot be used (ConnectionError: no network): training goes on without it"),
        ("Leaving", "cannot be used (SystemExit: log in first): training goes on without it"),
        ("three", "cannot be used (UserError: {} gives an object of type int: expected an nca.Tracker)"),
        ("Nobody", "cannot be used (UserError: "),
        ("Failing", "failed (OSError: the disk is full)"),
        ("Crashing", "ended by itself: training goes on without it"),
    ],
)
def test_a_tracker_that_fails_warns_once_and_training_goes_on(spy, tmp_path, caplog, name, line):
    tracker = getattr(spy, name)
    assert fitted(tmp_path / "run", tracker, spy.Spy).step == 6
    [warning] = [each.message for each in caplog.records if each.levelno == logging.WARNING]
    assert warning.startswith(f"{tracker} {line.format(tracker)}")
    assert spy.calls()[-1] == ["close"]  # the other one has everything
    assert len(spy.calls("picture")) == 6


def test_a_tracker_that_hangs_does_not_hold_up_training(spy, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(apart, "END", 0.5)
    assert fitted(tmp_path / "run", spy.Hanging, steps=30).step == 30
    [warning] = caplog.records
    assert (
        warning.message
        == f"{spy.Hanging} did not take everything within 0.5 seconds after training: the rest is left out"
    )


def test_a_tracker_whose_pipe_is_full_misses_a_part(spy, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(apart, "WAITING", 4)
    monkeypatch.setattr(apart, "END", 0.5)
    [slow] = apart.start([spy.Hanging], TrackedRun("run", "run-1", tmp_path))
    for step in range(100):
        slow.send("picture", bytes(100_000), step)
    apart.close([slow])
    assert [each.message for each in caplog.records] == [f"{spy.Hanging} is too slow: it misses a part of the log"]
    assert slow.process.returncode


def test_a_training_that_fails_closes_its_trackers(spy, tmp_path):
    class Fail(nca.Callback):
        def after_batch(self, _):
            raise nca.UserError("diverged")

    ours = trainer()
    ours.folder = tmp_path / "run"
    with pytest.raises(nca.UserError), LogTo(spy.Spy) as logged:
        ours.fit([logged, Fail()])
    assert spy.calls()[-1] == ["close"]


def test_the_run_is_closed_where_the_training_was_killed(spy):
    """The pipe ends then, in the middle of a line at worst."""
    answers = []
    run = json.dumps({"name": "run", "id": "run-1", "folder": ".", "configuration": {}, "resumed": False})
    serve(
        spy.Spy,
        StringIO(f'{run}\n["numbers", {{"loss": 1}}, 3]\n["numbers", {{"lo'),
        lambda *each: answers.append(each),
    )
    assert spy.calls()[1:] == [["numbers", {"loss": 1}, 3], ["close"]]
    assert answers[0] == ("opened", "the file calls.jsonl")


# The command, and resuming


@pytest.fixture
def picture(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nca.callbacks.stability.AGES", (20,))
    pixels = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    (tmp_path / "moss.png").write_bytes(picture_bytes(pixels))
    return ["moss.png", "--preset", "tiny", "--size", 16, "--field", 16, "--features", "multiscale", "--device", "cpu"]


def test_a_resumed_training_goes_on_with_its_run_and_evaluate_adds_to_it(spy, picture, monkeypatch):
    for steps in (["--steps", 3, *picture], ["--resume", "--steps", 4]):
        result = command("train", *steps, "-o", "run", "--log-to", "spy.py:Spy")
        assert result.exit_code == 0, result.output
        assert f"Logging to {spy.Spy}: the file calls.jsonl\n" in result.output
    assert command("train", *picture, "-o", "other", "--steps", 3).exit_code == 0
    assert command("train", "--resume", "--steps", 4, "-o", "other").exit_code == 0
    assert load_run_bytes("run") == load_run_bytes("other")
    monkeypatch.setattr("nca.api.evaluate.SHORT", (16, (20,)))
    assert command("evaluate", "run", "--log-to", "spy.py:Spy").exit_code == 0
    opened = spy.calls("open")
    assert [call[3] for call in opened] == [False, True, True]
    assert len({call[2] for call in opened}) == 1
    *life, evaluated = spy.calls("figures")
    assert [("life/stable" in values, step) for _, values, step in life] == [(True, 3), (True, 4)]
    assert "evaluate/texture/style" in evaluated[1]
    assert evaluated[2] == 4
    line = "other is in no tracker: expected a run folder of nca train --log-to"
    assert refusal(nca.evaluate, "other", log_to=[spy.Spy]) == line


def load_run_bytes(folder):
    run = load_run(nca.load(folder).path)
    return run.rule.fingerprint, run.decoder and run.decoder.fingerprint


def test_unknown_and_missing_trackers_are_refused_before_training(picture, monkeypatch, tmp_path):
    unknown = command("train", *picture, "-o", "run", "--log-to", "mlflow")
    assert unknown.exit_code == 2
    line = "Invalid value for --log-to: 'mlflow': expected trackio, wandb, tensorboard, FILE.py:NAME or MODULE:NAME"
    assert line in " ".join(unknown.output.split())
    monkeypatch.setattr("nca.callbacks.trackers.registry.find_spec", lambda name: SimpleNamespace(origin=None))
    missing = command("train", *picture, "-o", "run", "--log-to", "wandb")
    assert (missing.exit_code, missing.output) == (
        1,
        'Error: wandb is not installed: pip install "nca-texture[wandb]"\n',
    )
    assert not (tmp_path / "run").exists()


def test_each_of_several_pictures_is_logged(picture, monkeypatch, tmp_path, spy):
    started = []
    monkeypatch.setattr("nca.jobs.group.Group.run", lambda _, jobs: started.extend(jobs) or ["no"])
    (tmp_path / "moor.png").write_bytes((tmp_path / "moss.png").read_bytes())
    refusal(nca.train, ["moss.png", "moor.png"], "runs", log_to=["spy.py:Spy", "module:Spy"])
    assert [[each for each in job.options if "log-to" in each] for job in started] == [
        [f"--log-to={spy.Spy}", "--log-to=module:Spy"]
    ] * 2


def test_only_the_first_process_logs(spy, tmp_path):
    ours = trainer()
    ours.folder, ours.ranks = tmp_path / "run", Ranks(1, 2)
    logged = LogTo(spy.Spy)
    logged.before_fit(ours)
    assert logged.trackers == []
    assert ours.files == {}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"run": "a"}', '{"run": 3, "configuration": {}}', '{"run": "a", "configuration": 3}']
)
def test_a_damaged_name_of_a_run_is_none(tmp_path, text):
    (tmp_path / "tracked.json").write_text(text)
    assert known_run(tmp_path) is None


def test_the_name_of_a_run_leads_nowhere_else(tmp_path):
    (tmp_path / "tracked.json").write_text(json.dumps({"run": "../../etc", "configuration": {}}))
    assert known_run(tmp_path).id == "etc"
