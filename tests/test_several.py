"""`nca train` with several pictures."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from click.testing import CliRunner
from disk import tree

from nca.cli import main
from nca.picture import picture_bytes
from nca.run import load_run

SETTINGS = ["--preset", "tiny", "--size", "16", "--field", "16", "--device", "cpu"]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


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


def nca(*arguments):
    return CliRunner().invoke(main, [str(each) for each in arguments], prog_name="nca")


def trained(folder):
    return load_run(folder).provenance["trained"]["step"]


def test_each_picture_trains_into_its_own_folder_as_it_does_alone(here):
    result = nca("train", "moss.png", "sand.png", "-o", "runs", "--jobs", 2, *SETTINGS, "--steps", 3, "--seed", 7)
    assert result.exit_code == 0, result.output
    assert result.stdout == "Saved runs/moss, runs/sand\n"
    assert re.search(r"^sand  Training runs/sand on sand.png", result.stderr, re.MULTILINE)
    assert re.search(r"^moss  100%  step 3  style \d", result.stderr, re.MULTILINE)
    assert nca("train", "sand.png", "-o", "alone", *SETTINGS, "--steps", 3, "--seed", 7).exit_code == 0
    ours, alone = load_run(here / "runs" / "sand"), load_run(here / "alone")
    assert all(np.array_equal(getattr(ours.rule, name), getattr(alone.rule, name)) for name in ("w1", "b1", "w2"))
    assert ours.provenance["config"] == alone.provenance["config"]


def test_a_picture_that_fails_does_not_lose_the_others_and_can_be_mended(here):
    (here / "text.png").write_text("<html>")
    result = nca("train", "moss.png", "text.png", "sand.png", "-o", "runs", *SETTINGS, "--steps", 2)
    assert result.exit_code == 1
    last = result.stderr.splitlines()[-1]
    assert last.startswith("Error: 1 of 3 pictures failed: text (")
    assert "text.png is not a picture" in last
    assert [trained(here / "runs" / name) for name in ("moss", "sand")] == [2, 2]
    (here / "text.png").write_bytes((here / "bark.png").read_bytes())
    resumed = nca("train", "--resume", "-o", "runs")
    assert resumed.stdout == "Saved runs/text\n"  # the others are done
    assert trained(here / "runs" / "text") == 2


def test_resuming_trains_all_further_where_asked_for_more(here):
    assert nca("train", "moss.png", "sand.png", "-o", "runs", *SETTINGS, "--steps", 2).exit_code == 0
    ended = nca("train", "--resume", "-o", "runs")
    assert ended.exit_code == 1
    assert "Error: all of runs are trained to their ends: to train further, ask for more --steps" in ended.stderr
    assert nca("train", "--resume", "-o", "runs", "--steps", 4).exit_code == 0
    assert [trained(here / "runs" / name) for name in ("moss", "sand")] == [4, 4]


def test_ctrl_c_saves_what_is_begun_and_resuming_also_begins_the_others(here):
    command = [sys.executable, "-m", "nca", "train", "moss.png", "sand.png", "bark.png", "-o", "runs"]
    program = subprocess.Popen(
        [*command, "--jobs", "2", *SETTINGS, "--steps", "1000000"],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    begun = set()
    while len(begun) < 2:
        line = program.stderr.readline()
        assert line
        begun |= {line[:4]} if "Training" in line else set()
    time.sleep(3)
    program.send_signal(signal.SIGINT)
    _, errors = program.communicate(timeout=120)
    assert program.returncode == 1
    assert errors == "Error: stopped and saved; to go on: nca train --resume -o runs\n"
    steps = {name: trained(here / "runs" / name) for name in ("moss", "sand")}
    assert min(steps.values()) > 0
    assert not (here / "runs" / "bark").exists()
    more = max(steps.values()) + 1
    resumed = nca("train", "--resume", "-o", "runs", "--steps", more)
    assert resumed.stdout == "Saved runs/moss, runs/sand, runs/bark\n", resumed.output
    assert {trained(here / "runs" / name) for name in ("moss", "sand", "bark")} == {more}


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


def test_a_second_set_in_the_same_folder_is_resumed_with_the_first(here):
    assert nca("train", "moss.png", "sand.png", "-o", "runs", *SETTINGS, "--steps", 1).exit_code == 0
    assert nca("train", "bark.png", "moss.png", "-o", "runs", "--force", *SETTINGS, "--steps", 2).exit_code == 0
    assert nca("train", "--resume", "-o", "runs", "--steps", 3).stdout == "Saved runs/moss, runs/sand, runs/bark\n"
