"""Trainings that run side by side in one executor, and that signals stop together."""

import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nca.jobs.job import Executor, Job
from nca.training.interrupt import stop_handler

__all__ = ["Group"]


@dataclass
class Group:
    """Trainings of one picture each, `count` at a time. stopped: whether they were told to stop."""

    executor: Executor
    count: int
    say: Callable[[str], None]
    stopped: bool = False

    def run(self, jobs: Sequence[Job]) -> list[str]:
        """Train all and show their output. Returns the name and last line of each that failed."""
        width = max(len(job.name) for job in jobs)
        with self._interrupt(), ThreadPoolExecutor(self.count) as pool:
            ends = pool.map(lambda job: self._train(job, job.name.ljust(width)), jobs)
            return [f"{job.name} ({end.removeprefix('Error: ')})" for job, end in zip(jobs, ends, strict=True) if end]

    def _train(self, job: Job, label: str) -> str:
        def say(line: str) -> None:
            if not self.stopped:
                self.say(f"{label}  {line}")

        return "" if self.stopped else self.executor.train(job, say)

    @contextmanager
    def _interrupt(self) -> Iterator[None]:
        """Send signals on: the first lets each training save and stop, a second Ctrl-C ends them at once."""

        def send(number: int, _: Any) -> None:
            if self.stopped and number != signal.SIGINT:
                return  # a terminal that closes sends SIGHUP twice
            self.stopped = True
            self.executor.stop()

        with stop_handler(send):
            yield
