"""kill -9 at any moment: a run goes on from its last save, and ends as if nothing had happened."""

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load

from disk import tree
from forked import PROCESSES
from nca.api.start import begin, resume
from nca.callbacks import recorder as record
from nca.picture import picture_bytes
from nca.training.config import Config
from trainers import TINY

STEPS = 8
FILES = 6  # of a save


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    path = tmp_path_factory.mktemp("picture") / "moss.png"
    path.write_bytes(picture_bytes(np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)))
    return path


def train(picture, folder, kill_at=None):
    """Begin or go on, saving after each step; killed at a rename, or in the middle of writing, counted from 1."""
    torch.set_num_threads(1)
    record.SAVE_EVERY, record.LOG_EVERY = 0, 2
    if kill_at:
        kill_at_move(*kill_at)
    if folder.exists():
        recorder = resume(folder, {}, device="cpu")
    else:
        recorder = begin(picture, folder, Config(**TINY | {"steps": STEPS}), device="cpu")
    for _ in recorder.trainer:
        recorder.after_batch(recorder.trainer)
    recorder.save()


def kill_at_move(number, moment):
    """Die before or after the given move of a file into its place; before it, the temporary file is cut short."""
    count, replace = 0, Path.replace

    def deadly(path, target):
        nonlocal count
        count += 1
        if count == number and moment == "before":
            os.truncate(path, path.stat().st_size // 2)
            os.kill(os.getpid(), signal.SIGKILL)
        replace(path, target)
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)

    Path.replace = deadly


def run(picture, folder, kill_at=None, kill_after=None):
    """The exit code of a process that trains; kill_after: seconds after its first save."""
    before = last_save(folder)
    process = PROCESSES.Process(target=train, args=(picture, folder, kill_at))
    process.start()
    if kill_after is not None:
        while process.is_alive() and last_save(folder) == before:
            time.sleep(0.01)
        process.join(kill_after)
        process.kill()
    process.join()
    return process.exitcode


def last_save(folder):
    state = folder / "state.safetensors"
    return state.stat().st_mtime_ns if state.exists() else 0


@pytest.fixture(scope="module")
def whole(picture, tmp_path_factory):
    """The run that nobody killed."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    assert run(picture, folder) == 0
    return folder


def arrays(folder, name):
    content = load((folder / name).read_bytes())
    content.pop("seconds", None)
    return content


def log(folder):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "seconds"} for line in lines]


def assert_same(folder, whole):
    for name in ("state.safetensors", "model.safetensors"):
        ours, theirs = arrays(folder, name), arrays(whole, name)
        assert ours.keys() == theirs.keys()
        assert all(np.array_equal(ours[key], theirs[key]) for key in ours)
    assert log(folder) == log(whole)
    ours, theirs = tree(folder), tree(whole)
    assert ours.keys() == theirs.keys()  # nothing temporary is left
    assert all(ours[name] == theirs[name] for name in ours if name.endswith(".png"))


# After a move, the files are those before the next move, but for the temporary one.
@pytest.mark.parametrize(("file", "moment"), [*((file, "before") for file in range(1, FILES + 1)), (FILES, "after")])
def test_killed_in_the_middle_of_a_save(picture, whole, tmp_path, file, moment):
    """At a save in whose step the log grows, too: the first one is a folder's, then come the files of step 2 and on."""
    folder, step = tmp_path / "run", 4
    assert run(picture, folder, kill_at=(FILES * (step - 2) + file, moment)) == -signal.SIGKILL
    saved = int(arrays(folder, "state.safetensors")["step"])
    assert saved == (step if (file, moment) == (FILES, "after") else step - 1)
    assert run(picture, folder) == 0
    assert_same(folder, whole)


def test_killed_again_and_again_at_random_moments(picture, whole, tmp_path):
    folder, moments, kills = tmp_path / "run", np.random.default_rng(0), 0
    while run(picture, folder, kill_after=moments.uniform(0, 0.03)) == -signal.SIGKILL:
        kills += 1
        assert kills <= STEPS  # each process saves at least one step
    assert kills > 1
    assert_same(folder, whole)


def test_killed_in_a_save_after_its_last_step_a_finished_run_is_left_clean(picture, whole, tmp_path):
    """Its end is saved twice. Resuming is refused, and yet removes what the killed save left."""
    folder = tmp_path / "run"
    assert run(picture, folder, kill_at=(FILES * (STEPS - 1) + 2, "before")) == -signal.SIGKILL
    assert run(picture, folder) == 1
    assert_same(folder, whole)


def test_killed_in_the_last_save_a_run_is_not_yet_at_its_end(picture, whole, tmp_path):
    """Its weights are whole, and yet resuming is not refused: it makes the last steps again."""
    folder = tmp_path / "run"
    assert run(picture, folder, kill_at=(FILES * (STEPS - 1), "before")) == -signal.SIGKILL
    assert run(picture, folder) == 0
    assert_same(folder, whole)
