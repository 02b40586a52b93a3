"""Pictures that train on this machine, each in a process of its own."""

import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

from nca.jobs.job import Job
from nca.jobs.program import follow, start
from nca.training.interrupt import STOP

__all__ = ["Processes"]


@dataclass
class Processes:
    """An executor. threads: of each process."""

    threads: int
    stopped: bool = False
    running: list["subprocess.Popen[str]"] = field(default_factory=list)

    def train(self, job: Job, say: Callable[[str], None]) -> str:
        """Run one process."""
        program = start(job.arguments(), {**os.environ, "OMP_NUM_THREADS": str(self.threads)})
        self.running.append(program)
        if self.stopped:
            program.terminate()
        end = follow(program, say)
        self.running.remove(program)
        return end

    def stop(self) -> None:
        """Interrupt each process, as Ctrl-C does."""
        self.stopped = True
        for program in list(self.running):
            program.send_signal(STOP)
