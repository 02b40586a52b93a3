"""Several processes that train one picture: the same update as one, one that writes, one line where it ends."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.numpy import load

from command import ENVIRONMENT, done, nca
from disk import tree
from forked import PROCESSES
from nca import UserError
from nca.cli import main
from nca.model.automaton import Automaton
from nca.picture import picture_bytes
from nca.training.ranks import Ranks
from server import HOST, free_port
from terminal import Terminal
from trainers import noise

PATIENCE = 60  # seconds for both to end
SETTINGS = ["--preset", "tiny", "--size", "16", "--field", "16", "--features", "multiscale", "--device", "cpu"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 20, 3), dtype=np.uint8)
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "moss.png").write_bytes(picture_bytes(pixels))
    monkeypatch.chdir(folder)
    return folder


class Pair:
    """Two processes that train together in a folder, started as torchrun starts them, and the lines that they write."""

    def __init__(self, folder, *arguments):
        pipe, port = folder.parent / "pipe", free_port()
        os.mkfifo(pipe)
        command = ["train", *arguments, *SETTINGS]
        self.processes = [PROCESSES.Process(target=join, args=(rank, port, folder, command)) for rank in range(2)]
        for process in self.processes:
            process.start()
        self.output = pipe.open()

    def end(self):
        """Both exit codes, and the lines that were not read yet."""
        with self.output:
            lines = self.output.read().splitlines()
        for process in self.processes:
            process.join(PATIENCE)
            process.kill()  # one that waits for another that has failed would wait for half an hour
            process.join()
        return [process.exitcode for process in self.processes], lines


def join(rank, port, folder, command):
    """One of the processes."""
    ranks = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": 2, "MASTER_ADDR": HOST, "MASTER_PORT": port}
    os.environ |= {name: str(value) for name, value in ranks.items()}
    torch.set_num_threads(1)
    pipe = os.open(folder.parent / "pipe", os.O_RDWR)  # opens also if nobody reads any more
    for stream in (1, 2):
        os.dup2(pipe, stream)
    os.chdir(folder)
    main(command, prog_name="nca")


def state(folder):
    return load((folder / "state.safetensors").read_bytes())


def test_two_processes_take_the_steps_of_one_on_the_joined_batch(here):
    """Up to the rounding of sums; the states, which are rounded to the rule's grid, are equal.

    For as long as none lies so near the middle between two numbers that it is rounded the other way: so this seed.
    """
    few = ["--batch", "4", "--steps", "18", "--seed", "4"]
    codes, lines = Pair(here, "moss.png", "-o", "two", *few).end()
    assert codes == [0, 0]
    training, saved = (line for line in lines if line.startswith(("Training ", "Saved ")))
    assert training.endswith("on cpu in 2 processes")
    assert saved.startswith("Saved two")
    done("train", "moss.png", "-o", "one", *few, *SETTINGS)
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


@pytest.mark.rare  # Accelerate is installed for this alone; it starts torchrun, which the test below covers
def test_accelerate_launches_what_torchrun_launches(here):
    pytest.importorskip("accelerate")
    few = ["--batch", "4", "--steps", "2"]
    launch = ["--multi_gpu", "--num_processes", "2", "--main_process_port", free_port()]
    train = ["-m", "nca", "train", "moss.png", "-o", "two", *few, *SETTINGS]
    command = [sys.executable, "-m", "accelerate.commands.launch", *map(str, launch), *train]
    program = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=PATIENCE * 5)
    assert program.returncode == 0, program.stderr
    training, saved = program.stdout.splitlines()
    assert training.endswith("on cpu in 2 processes")
    assert saved.startswith("Saved two")
    done("train", "moss.png", "-o", "one", *few, *SETTINGS)
    assert np.array_equal(state(here / "one")["pool"], state(here / "two")["pool"])


def test_ctrl_c_ends_all_of_torchrun_after_the_same_step_and_saves_once(here):
    command = ["-m", "nca", "train", "moss.png", "-o", "run", *SETTINGS, "--steps", "1000000"]
    terminal = Terminal("-m", "torch.distributed.run", "--nproc-per-node", "2", *command)
    terminal.read_until(b"step 2 ")
    os.killpg(terminal.program.pid, signal.SIGINT)  # as a terminal does; torchrun sends its processes another
    terminal.end()
    errors = [line for line in terminal.shown.decode().splitlines() if line.startswith(("Error: ", "Traceback"))]
    assert errors[0] == "Error: stopped and saved; to continue: nca train --resume -o run"
    step = int(state(here / "run")["step"])
    assert step >= 2
    done("train", "--resume", "-o", "run", "--steps", step + 2)
    assert state(here / "run")["step"] == step + 2


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("missing.png -o new", "missing.png: no such picture"),
        ("moss.png -o new --batch 3", "a batch of 3 cannot be shared by 2 processes: set --batch to a multiple"),
    ],
)
def test_a_mistake_ends_both_with_one_line(here, arguments, line):
    codes, lines = Pair(here, *arguments.split()).end()
    assert codes == [1, 1]
    assert [each for each in lines if not each.startswith("Training")] == [f"Error: {line}"]
    assert not (here / "new").exists()


def test_several_pictures_are_refused_before_any_process_joins(here, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")  # as torchrun does
    result = nca("train", "moss.png", "moss.jpg", "-o", "new", *SETTINGS)
    assert result.exit_code == 1
    assert result.output == "Error: torchrun is for one picture: name one, or train several without it\n"
    assert not (here / "new").exists()


def test_where_one_process_dies_the_other_ends_with_one_line(here):
    pair = Pair(here, "moss.png", "-o", "run", "--steps", "1000000")
    while not pair.output.readline().startswith("Training"):
        assert pair.processes[0].is_alive()
    pair.processes[1].kill()
    line = "Error: another process of this training has ended: continue from the last save with --resume"
    assert pair.end() == ([1, -signal.SIGKILL], [line])


def test_shares_make_the_batch_and_an_uneven_batch_is_refused():
    batch = noise(4, 2)
    shares = [Ranks(index, 2).share(batch) for index in range(2)]
    assert [offset for offset, _ in shares] == [0, 2]
    assert torch.equal(torch.cat([share for _, share in shares]), batch)
    with pytest.raises(UserError, match="a batch of 4 cannot be shared by 3 processes"):
        Ranks(0, 3).share(batch)


@pytest.mark.parametrize("matmul_dtype", [torch.float32, torch.float16])
def test_a_part_of_a_batch_sees_the_masks_that_the_batch_sees(matmul_dtype):
    """In both of the automaton's formulations."""
    automaton = Automaton(4, 8)
    torch.nn.init.normal_(automaton.layer2.weight, generator=torch.Generator().manual_seed(0))
    states = (noise(3, 5, 6, 4) * 1024).round() / 1024
    whole = automaton(states, 4, seed=3, matmul_dtype=matmul_dtype)
    part = automaton(states[1:], 4, seed=3, batch_offset=1, matmul_dtype=matmul_dtype)
    assert torch.equal(part, whole[1:])
    assert not torch.equal(part, automaton(states[1:], 4, seed=3, matmul_dtype=matmul_dtype))
