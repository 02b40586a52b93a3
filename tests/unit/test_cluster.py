"""Several pictures on a Dask cluster: a scheduler and two workers on this machine, which share no folder with us."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from signal import SIGINT, SIGKILL
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import load

from command import ENVIRONMENT, done, nca
from disk import tree
from nca import __version__ as nca_version
from nca.jobs.job import Job
from nca.jobs.parcel import collect, deliver, pack
from nca.picture import picture_bytes
from nca.run import load_run
from server import HOST, free_port

pytestmark = pytest.mark.usefixtures("foreground")

SETTINGS = ["--preset", "tiny", "--size", "16", "--field", "16", "--device", "cpu"]

# Features that write a mark for the target, wait for the file `go`, and write a mark for each step.
GATE = """
import os, time
from pathlib import Path

HERE = Path(__file__).parent

def make():
    def gate(pictures):
        with (HERE / f"{os.getpid()}.marks").open("a") as marks:
            marks.write(".")
        while not (HERE / "go").exists():
            time.sleep(0.01)
        return [pictures]

    return gate
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Two pictures and gated features in the working folder."""
    random = np.random.default_rng(0)
    folder = tmp_path / "here"
    folder.mkdir()
    for name in ("moss", "sand"):
        pixels = random.integers(0, 256, (20, 20, 3), dtype=np.uint8)
        (folder / f"{name}.png").write_bytes(picture_bytes(pixels))
    (folder / "gate.py").write_text(GATE)
    monkeypatch.chdir(folder)
    return folder


class Dask:
    """A scheduler and two workers, each in a process of its own, in a folder of their own."""

    def __init__(self, folder):
        self.address = f"tcp://{HOST}:{free_port()}"
        self.folder = folder
        scheduler = ["scheduler", "--host", HOST, "--port", self.address.rpartition(":")[2]]
        worker = ["worker", self.address, "--no-nanny", "--nthreads", "1", "--local-directory", str(folder / "dask")]
        self.programs = [self.start(*each) for each in (scheduler, worker, worker)]
        wait_for(self.answers)

    def start(self, *arguments):
        command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
        return subprocess.Popen(command, cwd=self.folder, env=ENVIRONMENT, stderr=subprocess.DEVNULL)

    def answers(self):
        with socket.socket() as plug:
            return plug.connect_ex((HOST, int(self.address.rpartition(":")[2]))) == 0

    def kill_one_worker(self):
        self.programs[2].send_signal(SIGKILL)
        self.programs[2].wait()

    def end(self):
        for program in self.programs:
            program.kill()
            program.wait()


@pytest.fixture
def dask(tmp_path):
    pytest.importorskip("distributed")
    (tmp_path / "there").mkdir()
    dask = Dask(tmp_path / "there")
    yield dask
    dask.end()


def marks(folder):
    """The numbers of calls of the gated features, by process."""
    return [path.stat().st_size for path in folder.glob("*.marks")]


def wait_for(condition):
    while not condition():
        time.sleep(0.01)


def trained(folder):
    return load_run(folder).provenance["trained"]["step"]


def same(one, two):
    """Whether two runs have the same weights, momentum, pool and random numbers."""
    one, two = (load((run / "state.safetensors").read_bytes()) for run in (one, two))
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one if name != "seconds")


def test_a_worker_that_dies_is_replaced_and_each_run_is_the_one_of_this_machine(here, dask):
    few = [*SETTINGS, "--steps", "3", "--features", "gate.py:make"]

    def kill():
        wait_for(lambda: len(marks(here)) == 2)  # both train
        dask.kill_one_worker()
        (here / "go").touch()

    with ThreadPoolExecutor(1) as pool:
        killed = pool.submit(kill)
        output = done("train", "moss.png", "sand.png", "-o", "runs", "--scheduler", dask.address, *few)
        killed.result()
    assert output.splitlines()[-1] == "Saved runs/moss, runs/sand"
    begun = re.findall(r"^(\w+)  On (tcp://\S+)$", output, re.MULTILINE)
    assert sorted(name for name, _ in begun) in (["moss", "moss", "sand"], ["moss", "sand", "sand"])
    assert len({worker for _, worker in begun}) == 2
    assert re.search(r"^moss  Training runs/moss on moss.png", output, re.MULTILINE)
    assert re.search(r"^sand  100%  step 3  style \d", output, re.MULTILINE)
    for name in ("moss", "sand"):
        done("train", f"{name}.png", "-o", f"alone/{name}", *few)
        assert same(here / "runs" / name, here / "alone" / name)
        assert tree(here / "runs" / name).keys() == tree(here / "alone" / name).keys()


@pytest.fixture
def scheduler():
    """A cluster that has no workers."""
    distributed, dask = (pytest.importorskip(name) for name in ("distributed", "dask"))
    options = {"n_workers": 0, "processes": False, "host": HOST, "protocol": "tcp://", "dashboard_address": None}
    quickly = dask.config.set({"distributed.comm.timeouts.connect": "1s"})  # closing a closed one tries that long
    with quickly, distributed.LocalCluster(**options) as cluster:
        yield cluster.scheduler


@pytest.mark.parametrize(
    ("end", "line"),
    [
        (lambda _: os.kill(os.getpid(), SIGINT), "stopped and saved; to continue: nca train --resume -o runs"),
        (
            lambda scheduler: scheduler.loop.add_callback(scheduler.close),
            "2 of 2 pictures failed: moss (the scheduler is gone: continue with --resume); "
            "sand (the scheduler is gone: continue with --resume)",
        ),
    ],
)
def test_pictures_that_wait_for_a_worker_end_in_one_line(here, scheduler, end, line):
    def end_it():
        wait_for(lambda: len(scheduler.tasks) == 2)
        end(scheduler)

    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(end_it)
        result = nca("train", "moss.png", "sand.png", "-o", "runs", "--scheduler", scheduler.address, *SETTINGS)
        ended.result()
    assert result.exit_code == 1
    assert result.output == f"The cluster has no workers yet: the pictures wait for one\nError: {line}\n"


@pytest.mark.rare  # the way of a run's files there and back is tested below, and signals in test_jobs.py
def test_ctrl_c_brings_back_what_is_begun_and_resuming_goes_on_from_there(here, dask):
    dask.kill_one_worker()
    (here / "go").touch()
    cluster = ["--scheduler", dask.address]
    command = ["train", "moss.png", "sand.png", "-o", "runs", *cluster, *SETTINGS, "--features", "gate.py:make"]

    def interrupt():
        wait_for(lambda: marks(here) and marks(here)[0] > 12)
        os.kill(os.getpid(), SIGINT)

    with ThreadPoolExecutor(1) as pool:
        interrupted = pool.submit(interrupt)
        stopped = nca(*command, "--steps", 1000000)
        interrupted.result()
    assert stopped.stderr.splitlines()[-1] == "Error: stopped and saved; to continue: nca train --resume -o runs"
    [begun] = (path for path in (here / "runs").iterdir() if path.is_dir())  # the other one had no worker yet
    log = (begun / "log.jsonl").read_text().splitlines()
    steps = trained(begun) + 1
    (begun / "note").write_text("mine")
    done("train", "--resume", "-o", "runs", "--steps", steps, *cluster)
    assert {trained(here / "runs" / name) for name in ("moss", "sand")} == {steps}
    assert (begun / "log.jsonl").read_text().splitlines()[0] == log[0]  # with the seconds that it took
    assert (begun / "note").read_text() == "mine"


def test_a_run_goes_on_elsewhere_from_the_files_of_its_parcel(here):
    """Without Dask: to the folder of a worker and back, in turn."""
    done("train", "moss.png", "-o", "straight", *SETTINGS, "--steps", 4)
    done("train", "moss.png", "-o", "runs/moss", *SETTINGS, "--steps", 2)
    config = json.loads((here / "runs" / "moss" / "config.json").read_text())
    (here / "runs" / "moss" / "config.json").write_text(json.dumps(config | {"steps": 4}))  # stopped half-way
    job = Job(here / "runs" / "moss", None, ("--device=cpu",))
    parcel = pack(job)
    there = parcel.unpack(here / "there")
    assert done("train", *there.arguments()).startswith(f"Training {there.folder}")
    deliver(job, collect(there.folder))
    assert trained(job.folder) == 4
    assert json.loads((job.folder / "config.json").read_text()) == config | {"steps": 4}
    assert same(job.folder, there.folder)
    assert [*collect(there.folder)][-1] == "state.safetensors"  # last, as in a save


def test_a_picture_in_a_parcel_trains_as_it_does_here_and_lines_name_our_files(here):
    job = Job(here / "runs" / "moss", here / "moss.png", (*SETTINGS, "--steps=2"))
    parcel = pack(job)
    there = parcel.unpack(here / "there")
    assert there.picture.parent == here / "there"
    line = f"Training {there.folder} on {there.picture}"
    assert parcel.at_home(there, line) == f"Training {job.folder} on {job.picture}"
    done("train", *there.arguments())
    deliver(job, collect(there.folder))
    assert tree(job.folder) == tree(there.folder)
    done("train", *replace(job, folder=here / "alone").arguments())
    assert same(job.folder, here / "alone")


def test_a_worker_of_another_version_trains_nothing(here, monkeypatch):
    pytest.importorskip("distributed")
    from nca.jobs import worker

    monkeypatch.setattr(worker, "get_worker", lambda: SimpleNamespace(address="tcp://there"))
    parcel = replace(pack(Job(here / "runs" / "moss", here / "moss.png", ())), version="9.9")
    answer = worker.train_parcel(parcel, "topic")
    assert answer.files == {}
    assert answer.end == f"tcp://there has nca-texture {nca_version}: expected 9.9, as here"


@pytest.mark.parametrize("address", ["", "nowhere.invalid:8786", "other://host:8786", "127.0.0.1:port", "127.0.0.1:9"])
def test_a_scheduler_that_does_not_answer_is_one_line_and_leaves_nothing(here, monkeypatch, address):
    pytest.importorskip("distributed")
    monkeypatch.setattr("nca.jobs.cluster.PATIENCE", 0.5)
    before = tree(here)
    result = nca("train", "moss.png", "sand.png", "-o", "runs", "--scheduler", address, *SETTINGS)
    assert result.exit_code == 1
    expected = "expected what `dask scheduler` prints, such as tcp://10.0.0.5:8786"
    assert result.output == f"Error: no Dask scheduler answers at {address or repr('')}: {expected}\n"
    assert tree(here) == before


def test_certificates_and_dask_itself_are_asked_for_in_one_line(here, monkeypatch):
    pytest.importorskip("distributed")
    command = ["train", "moss.png", "sand.png", "-o", "runs", "--scheduler", "tls://127.0.0.1:9"]
    assert nca(*command).output.startswith("Error: tls://127.0.0.1:9 needs certificates: name them in Dask's")
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert nca(*command).output == "Error: --scheduler needs Dask: pip install 'nca-texture[cluster]'\n"


def test_one_picture_needs_no_cluster(here):
    result = nca("train", "moss.png", "-o", "run", "--scheduler", "127.0.0.1:9")
    assert result.exit_code == 2
    assert "--scheduler shares out several pictures: name more than one, or leave it out" in result.output
