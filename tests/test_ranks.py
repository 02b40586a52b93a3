"""Several processes that train one picture: the same update as one, one that writes, one line where it ends."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from disk import tree
from safetensors.numpy import load
from trainers import noise

from nca import UserError
from nca.automaton import Automaton
from nca.picture import picture_bytes
from nca.ranks import Ranks

SETTINGS = ["--preset", "tiny", "--size", "16", "--field", "16", "--device", "cpu"]
NCA = ["-m", "nca", "train"]
TORCHRUN = ["-m", "torch.distributed.run", "--nproc-per-node", "2", *NCA]
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}


@pytest.fixture
def here(tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    (tmp_path / "moss.png").write_bytes(picture_bytes(pixels))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def start(*arguments):
    return subprocess.Popen(
        [sys.executable, *arguments, *SETTINGS],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def end(program):
    """The exit code and the lines that are ours: torchrun adds a report of its own to a failure."""
    output = program.communicate(timeout=120)[0]
    ours = ("Error: ", "Training ", "Saved ", 'Traceback (most recent call last):\n  File "<frozen runpy>')
    return program.returncode, [line for line in output.splitlines() if line.startswith(ours)]


def state(folder):
    return load((folder / "state.safetensors").read_bytes())


def test_two_processes_take_the_steps_of_one_on_the_joined_batch(here):
    """Up to the rounding of sums; the states, which are rounded to the rule's grid, are equal.

    For as long as none lies so near the middle between two numbers that it is rounded the other way: so this seed.
    """
    few = ["--batch", "4", "--steps", "18", "--seed", "4"]
    code, (training, saved) = end(start(*TORCHRUN, "moss.png", "-o", "two", *few))
    assert code == 0
    assert training.endswith("on cpu in 2 processes")
    assert saved.startswith("Saved two")
    assert end(start(*NCA, "moss.png", "-o", "one", *few))[0] == 0
    one, two = state(here / "one"), state(here / "two")
    assert one.keys() == two.keys()
    assert all(np.allclose(one[name], two[name], rtol=0, atol=1e-5) for name in one if name != "seconds")
    assert np.array_equal(one["pool"], two["pool"])
    assert one["pool"].any()
    one, two = ({name for name in tree(here / run) if "previews" not in name} for run in ("one", "two"))
    assert one == two  # previews are made by the clock
    assert {path.name for path in here.iterdir()} == {"moss.png", "one", "two"}
    log = [json.loads((here / name / "log.jsonl").read_text().splitlines()[-1]) for name in ("one", "two")]
    assert log[0]["style"] == pytest.approx(log[1]["style"], rel=1e-4)


def test_ctrl_c_ends_all_after_the_same_step_and_saves_once(here):
    program = start(*TORCHRUN, "moss.png", "-o", "run", "--steps", "1000000")
    while not program.stdout.readline().startswith("Training"):
        assert program.poll() is None
    time.sleep(3)
    os.killpg(program.pid, signal.SIGINT)  # as a terminal does; torchrun sends its processes another
    assert end(program)[1] == ["Error: stopped and saved; to go on: nca train --resume -o run"]
    step = int(state(here / "run")["step"])
    assert step > 0
    resumed = subprocess.run(
        [sys.executable, *TORCHRUN, "--resume", "-o", "run", "--steps", str(step + 2)],
        env=ENVIRONMENT,
        capture_output=True,
        timeout=120,
    )
    assert resumed.returncode == 0
    assert state(here / "run")["step"] == step + 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("missing.png -o new", "missing.png: no such picture"),
        ("moss.png -o new --batch 3", "a batch of 3 is not for 2 processes: set --batch to a multiple"),
        ("moss.png moss.jpg -o new", "torchrun is for one picture: name one, or train several without it"),
    ],
)
def test_a_mistake_ends_all_with_one_line(here, arguments, line):
    code, lines = end(start(*TORCHRUN, *arguments.split()))
    assert code != 0
    assert [each for each in lines if not each.startswith("Training")] == [f"Error: {line}"]
    assert not (here / "new").exists()


def test_where_one_process_dies_the_others_end(here):
    program = start(*TORCHRUN, "moss.png", "-o", "run", "--steps", "1000000")
    while not program.stdout.readline().startswith("Training"):
        assert program.poll() is None
    time.sleep(2)
    children = subprocess.run(["pgrep", "-P", str(program.pid)], capture_output=True, text=True, check=True)
    os.kill(int(children.stdout.split()[-1]), signal.SIGKILL)
    code, lines = end(program)
    assert code != 0
    line = "Error: another process of this training has ended: go on from the last save with --resume"
    assert lines in ([line], [])  # nothing where torchrun was faster in ending the other


def test_shares_make_the_batch_and_an_uneven_batch_is_refused():
    batch = noise(4, 2)
    shares = [Ranks(index, 2).share(batch) for index in range(2)]
    assert [above for above, _ in shares] == [0, 2]
    assert torch.equal(torch.cat([share for _, share in shares]), batch)
    with pytest.raises(UserError, match="a batch of 4 is not for 3 processes"):
        Ranks(0, 3).share(batch)


@pytest.mark.parametrize("products", [torch.float32, torch.float16])
def test_a_part_of_a_batch_sees_the_masks_that_the_batch_sees(products):
    """In both of the automaton's formulations."""
    automaton = Automaton(4, 8)
    torch.nn.init.normal_(automaton.w2.weight, generator=torch.Generator().manual_seed(0))
    states = (noise(3, 5, 6, 4) * 1024).round() / 1024
    whole = automaton(states, 4, seed=3, products=products)
    part = automaton(states[1:], 4, seed=3, above=1, products=products)
    assert torch.equal(part, whole[1:])
    assert not torch.equal(part, automaton(states[1:], 4, seed=3, products=products))
