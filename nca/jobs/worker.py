"""The part that runs on a Dask worker: it trains a parcel's picture, and answers with the run folder."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from distributed import Event, Worker, get_client, get_worker

from nca import __version__
from nca.jobs.parcel import Answer, Parcel, collect
from nca.jobs.program import follow, start
from nca.training.interrupt import STOP

__all__ = ["train_parcel"]

POLL = 0.5  # seconds between two looks whether the user stops


def train_parcel(parcel: Parcel, topic: str) -> Answer:
    """Train in a process of its own. Lines of progress go to the topic, which is also the name of the stop signal."""
    worker = get_worker()
    if parcel.version != __version__:
        return Answer(f"{worker.address} has nca-texture {__version__}: expected {parcel.version}, as here", {})

    def say(line: str) -> None:
        worker.log_event(topic, {"name": parcel.job.name, "line": line})

    say(f"On {worker.address}")
    key, stop = worker.get_current_task(), Event(topic, get_client())
    with TemporaryDirectory(dir=worker.local_directory) as folder:
        job = parcel.unpack(Path(folder))
        program = start(job.arguments(), {"OMP_NUM_THREADS": "1"} | os.environ)
        Thread(target=_watch, args=(program, stop, lambda: _is_wanted(worker, key)), daemon=True).start()
        end = follow(program, lambda line: say(parcel.at_home(job, line)))
        return Answer(parcel.at_home(job, end), collect(job.folder))


def _is_wanted(worker: Worker, key: str) -> bool:
    """Whether anybody waits for a task: its user may have gone, or have pressed Ctrl-C a second time."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state == "executing"


def _watch(program: "subprocess.Popen[str]", stop: Event, is_wanted: Callable[[], bool]) -> None:
    """Interrupt a program when its user stops, and kill it when nobody waits for it any more."""
    stopped = False
    while not _ends(program):
        if not is_wanted():
            program.kill()
        elif not stopped and stop.is_set():
            stopped = True
            program.send_signal(STOP)


def _ends(program: "subprocess.Popen[str]") -> bool:
    """Whether a program ends soon."""
    try:
        program.wait(POLL)
    except subprocess.TimeoutExpired:
        return False
    return True
