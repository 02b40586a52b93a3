"""`nca train` with several pictures."""

import json
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from command import ENVIRONMENT, nca
from disk import tree
from nca.jobs.group import Group
from nca.jobs.job import Job
from nca.jobs.processes import Processes
from nca.jobs.program import follow, start
from nca.picture import picture_bytes
from nca.run import load_run, model_bytes

pytestmark = pytest.mark.usefixtures("foreground")

SETTINGS = ["--preset", "tiny", "--size", "16", "--field", "16", "--features", "multiscale", "--device", "cpu"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Three pictures in the working folder."""
    random = np.random.default_rng(0)
    for name in ("moss", "sand", "bark"):
        pixels = random.integers(0, 256, (20, 20, 3), dtype=np.uint8)
        (tmp_path / f"{name}.png").write_bytes(picture_bytes(pixels))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path


def in_turn(monkeypatch):
    """Pictures train in this process, one after another: a process for each would import torch anew."""

    def run(group, jobs):
        ends = {job.name: nca("train", *job.arguments()) for job in jobs}
        return [f"{name} ({end.output})" for name, end in ends.items() if end.exit_code]

    monkeypatch.setattr("nca.jobs.group.Group.run", run)


def trained(folder):
    return load_run(folder).provenance["trained"]["step"]


def test_each_picture_trains_as_it_does_alone_and_one_that_fails_can_be_mended(here, monkeypatch):
    (here / "text.png").write_text("<html>")
    result = nca("train", "moss.png", "text.png", "sand.png", "-o", "runs", "--jobs", 2, *SETTINGS, "--steps", 3)
    assert result.exit_code == 1
    assert re.search(r"^sand  Training runs/sand on sand.png", result.stderr, re.MULTILINE)
    assert re.search(r"^moss  100%  step 3  style \d", result.stderr, re.MULTILINE)
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: 1 of 3 pictures failed: text (")
    assert "text.png is not a picture" in last

    assert nca("train", "sand.png", "-o", "alone", *SETTINGS, "--steps", 3).exit_code == 0
    ours, alone = load_run(here / "runs" / "sand"), load_run(here / "alone")
    assert all(np.array_equal(getattr(ours.rule, name), getattr(alone.rule, name)) for name in ("w1", "b1", "w2"))
    assert ours.provenance["config"] == alone.provenance["config"]

    in_turn(monkeypatch)
    (here / "text.png").write_bytes((here / "bark.png").read_bytes())
    resumed = nca("train", "--resume", "-o", "runs")
    assert resumed.stdout == "Saved runs/text\n"  # the others are done
    assert trained(here / "runs" / "text") == 3


def test_resuming_trains_all_further_where_asked_for_more(here, monkeypatch):
    in_turn(monkeypatch)
    assert nca("train", "moss.png", "sand.png", "-o", "runs", *SETTINGS, "--steps", 2).exit_code == 0
    ended = nca("train", "--resume", "-o", "runs")
    assert ended.exit_code == 1
    assert "Error: all runs in runs are trained to their end: to train them further, ask" in ended.stderr
    assert nca("train", "--resume", "-o", "runs", "--steps", 4).exit_code == 0
    assert [trained(here / "runs" / name) for name in ("moss", "sand")] == [4, 4]


def test_a_finished_run_of_an_older_version_is_known_as_finished(here, monkeypatch):
    in_turn(monkeypatch)
    assert nca("train", "moss.png", "sand.png", "-o", "runs", *SETTINGS, "--steps", 2).exit_code == 0
    for name in ("moss", "sand"):
        run = load_run(here / "runs" / name)
        trained_once = {"part" if key == "progress" else key: value for key, value in run.provenance["trained"].items()}
        content = model_bytes(run.rule, run.provenance | {"trained": trained_once})
        (here / "runs" / name / "model.safetensors").write_bytes(content)
    assert "are trained to their end" in nca("train", "--resume", "-o", "runs").stderr


# Features that leave a mark in a file of their process: for the target, then for each step.
MARKS = """
import os

def make():
    def mark(pictures):
        with open(str(os.getpid()), "a") as marks:
            marks.write(".")
        return [pictures]

    return mark
"""


def test_ctrl_c_saves_what_is_begun_and_resuming_also_begins_the_others(here, monkeypatch):
    in_turn(monkeypatch)
    (here / "marks.py").write_text(MARKS)
    command = [sys.executable, "-m", "nca", "train", "moss.png", "sand.png", "bark.png", "-o", "runs"]
    program = subprocess.Popen(
        [*command, "--jobs", "2", *SETTINGS, "--features", "marks.py:make", "--steps", "1000000"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while [path.stat().st_size > 2 for path in here.glob("[0-9]*")] != [True, True]:
        assert program.poll() is None
        time.sleep(0.01)
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=120)
    assert program.returncode == 1
    said = [line for line in errors.splitlines() if "  Training " not in line]
    assert said == ["Error: stopped and saved; to continue: nca train --resume -o runs"]
    steps = {name: trained(here / "runs" / name) for name in ("moss", "sand")}
    assert min(steps.values()) > 0
    assert not (here / "runs" / "bark").exists()
    more = max(steps.values()) + 1
    resumed = nca("train", "--resume", "-o", "runs", "--steps", more)
    assert resumed.stdout == "Saved runs/moss, runs/sand, runs/bark\n", resumed.output
    assert {trained(here / "runs" / name) for name in ("moss", "sand", "bark")} == {more}


class Program:
    """A process that notes the signals it is sent."""

    def __init__(self):
        self.received = []

    def send_signal(self, number):
        self.received.append(number)


class Elsewhere:
    """A place where trainings fail."""

    def train(self, job, say):
        return "Error: no room"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_each_signal_that_stops_a_training_stops_those_of_several_pictures(number):
    here, program, before = Processes(1), Program(), signal.getsignal(number)
    here.running.append(program)
    group = Group(here, 1, print)
    with group._interrupt():
        signal.raise_signal(number)
        assert group.stopped
        assert program.received == [signal.SIGINT]  # as Ctrl-C
        signal.raise_signal(number)
        assert program.received == [signal.SIGINT] * (2 if number == signal.SIGINT else 1)
    assert signal.getsignal(number) == before


def test_several_pictures_can_be_trained_from_a_thread():
    """Which gets no signals, and may set no handlers."""
    with ThreadPoolExecutor(1) as pool:
        group, job = Group(Elsewhere(), 1, print), Job(Path("runs/moss"), None, ())
        assert pool.submit(group.run, [job]).result() == ["moss (no room)"]


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (
            "moss.png a/moss.jpg -o new",
            r"moss.png and a/moss.jpg would both train new/moss: rename one, or train it alone",
        ),
        ("moss.png a/MOSS.png -o new", "would both train new/MOSS"),
        ("moss.png moss.png -o new", "would both train new/moss"),
        ("moss.png sand.png -o taken", "taken/sand is a folder without model.safetensors"),
        ("moss.png sand.png -o alone", "alone is a run: expected a folder for the runs of several pictures"),
        ("moss.png sand.png -o new --channels 5", "channels is 5: expected one of"),
        ("--resume -o damaged", "damaged/pictures.json is damaged (format is 'other'"),
    ],
)
def test_what_cannot_work_is_refused_in_one_line_before_any_work(here, command, line):
    (here / "taken" / "sand").mkdir(parents=True)
    (here / "taken" / "sand" / "letter").write_text("dear")
    (here / "alone").mkdir()
    (here / "alone" / "model.safetensors").touch()
    (here / "damaged").mkdir()
    (here / "damaged" / "pictures.json").write_text(json.dumps({"format": "other", "runs": {}}))
    before = tree(here)
    result = nca("train", *command.split())
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert line in result.stderr
    assert result.stderr.count("\n") == 1
    assert tree(here) == before


def test_a_second_set_in_the_same_folder_is_resumed_with_the_first(here, monkeypatch):
    in_turn(monkeypatch)
    assert nca("train", "moss.png", "sand.png", "-o", "runs", *SETTINGS, "--steps", 1).exit_code == 0
    assert nca("train", "bark.png", "moss.png", "-o", "runs", "--force", *SETTINGS, "--steps", 2).exit_code == 0
    assert nca("train", "--resume", "-o", "runs", "--steps", 3).stdout == "Saved runs/moss, runs/sand, runs/bark\n"


def test_names_of_any_language_come_whole_whatever_the_consoles_encoding_is(tmp_path):
    environment = {**ENVIRONMENT, "PYTHONIOENCODING": "cp1252"}
    said = follow(start([str(tmp_path / "苔.png"), "-o", str(tmp_path / "moss")], environment), lambda line: None)
    assert "苔.png" in said
