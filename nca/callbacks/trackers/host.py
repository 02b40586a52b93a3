"""The process of a tracker: `python -m nca.callbacks.trackers.host NAME`.

It reads calls from stdin, a line of JSON each, and answers on stdout: where to look at the run, then faults. When
stdin ends, however the training ended, it closes the run. So nothing that a tracker prints, changes or waits for
reaches the training.
"""

import json
import os
import sys
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

from nca.callbacks.trackers.registry import make_tracker
from nca.callbacks.trackers.tracker import TrackedRun, Tracker

__all__ = ["serve"]


def serve(name: str, calls: IO[str], answer: Callable[[str, str], None]) -> None:
    """Make the calls one after another; each fault is one answer."""
    try:
        tracker = make_tracker(name)
        run = json.loads(calls.readline())
        answer("opened", tracker.open(TrackedRun(**{**run, "folder": Path(run["folder"])})))
    except (Exception, SystemExit) as error:
        answer("failed", _line(error))
        return
    for line in calls:
        _attempt(partial(_call, tracker, line), answer)
    _attempt(tracker.close, answer)


def _call(tracker: Tracker, line: str) -> None:
    place, value, step = json.loads(line)
    getattr(tracker, place)(b64decode(value) if place == "picture" else value, step)


def _attempt(call: Callable[[], None], answer: Callable[[str, str], None]) -> None:
    try:
        call()
    except (Exception, SystemExit) as error:
        answer("fault", _line(error))


def _line(error: BaseException) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")[:300]


def _main() -> None:
    """Keep stdout for the answers: a tracker writes to it too."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())

    def answer(*words: str) -> None:
        with suppress(OSError):  # the training has been killed: nobody listens
            print(json.dumps(words), file=answers, flush=True)

    serve(sys.argv[1], sys.stdin, answer)


if __name__ == "__main__":
    _main()
