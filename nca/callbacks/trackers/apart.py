"""A tracker in a process of its own, which a training never waits for."""

import json
import logging
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from queue import Full, Queue
from threading import Event, Thread
from typing import Any

from nca.callbacks.trackers.tracker import TrackedRun
from nca.training.interrupt import ALONE

__all__ = ["Apart", "close", "start"]

log = logging.getLogger(__name__)

WAITING = 4096  # calls that a slow tracker may have before it; of a training that logs ten times a second, 7 minutes
BEGIN = 5.0  # seconds that the begin of a training waits for the line that says where to look
END = 30.0  # seconds that its end waits for the rest to be sent


class Apart:
    """Starts the tracker's process, and sends it calls. A fault is a warning, once; a call never waits.

    The process stands outside of the terminal's group: Ctrl-C ends training, and the tracker takes the rest.
    """

    def __init__(self, name: str, run: TrackedRun) -> None:
        self.name = name
        self.warned = False
        self.answered = Event()
        self.calls: Queue[str | None] = Queue(WAITING)
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "nca.callbacks.trackers.host", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            **ALONE,
        )
        self._put(json.dumps({**asdict(run), "folder": str(run.folder)}))
        self.reader = Thread(target=self._read, daemon=True)
        self.reader.start()
        Thread(target=self._write, daemon=True).start()

    def wait(self) -> None:
        """Give the tracker some seconds to say where to look, before the bar of progress is drawn."""
        self.answered.wait(BEGIN)

    def send(self, place: str, value: Any, step: int) -> None:
        """Call a method of the tracker, some time. value: plain JSON, or bytes."""
        self._put(json.dumps([place, b64encode(value).decode() if isinstance(value, bytes) else value, step]))

    def close(self) -> None:
        """Give the tracker half a minute to take the rest, then end its process."""
        until = time.monotonic() + END
        try:
            self.calls.put(None, timeout=END)
            self.process.wait(max(0.0, until - time.monotonic()))
        except (Full, subprocess.TimeoutExpired):
            self._warn(f"did not take everything within {END:g} seconds after training: the rest is left out")
            self.process.kill()
            self.process.wait()
        self.reader.join(1)

    def _put(self, line: str) -> None:
        try:
            self.calls.put_nowait(line)
        except Full:
            self._warn("is too slow: it misses a part of the log")

    def _write(self) -> None:
        """In a thread, because the pipe to a process that hangs is full some time."""
        assert self.process.stdin  # noqa: S101 - for mypy
        with suppress(OSError), self.process.stdin as pipe:  # its process has ended, and said why
            while (line := self.calls.get()) is not None:
                pipe.write(line + "\n")
                pipe.flush()

    def _read(self) -> None:
        assert self.process.stdout  # noqa: S101 - for mypy
        with self.process.stdout as answers:
            for line in answers:
                self._hear(*json.loads(line))
        if self.process.wait():
            self._warn("ended by itself: training goes on without it")
        self.answered.set()

    def _hear(self, kind: str, text: str) -> None:
        if kind == "opened":
            log.info("Logging to %s: %s", self.name, text)
        else:
            self._warn(
                f"cannot be used ({text}): training goes on without it" if kind == "failed" else f"failed ({text})"
            )
        self.answered.set()

    def _warn(self, text: str) -> None:
        """Once."""
        if not self.warned:
            self.warned = True
            log.warning("%s %s", self.name, text)


def start(names: Iterable[str], run: TrackedRun) -> list[Apart]:
    """The trackers, once each has said where to look, or some seconds have passed."""
    trackers = [Apart(name, run) for name in names]
    for each in trackers:
        each.wait()
    return trackers


def close(trackers: list[Apart]) -> None:
    """Close all of them at the same time."""
    if trackers:
        with ThreadPoolExecutor(len(trackers)) as pool:
            list(pool.map(Apart.close, trackers))
