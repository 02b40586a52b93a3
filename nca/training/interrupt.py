"""Ctrl-C, SIGTERM and SIGHUP end training after the current step, so that everything saved is whole."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["ALONE", "STOP", "noted_interrupts", "stop_handler"]

# Windows sends Ctrl-C to no single process, and Ctrl-Break to one that has a group of its own.
if sys.platform == "win32":
    STOP = signal.CTRL_BREAK_EVENT
    ALONE: dict[str, Any] = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
else:
    STOP = signal.SIGINT
    ALONE: dict[str, Any] = {"start_new_session": True}

# SIGBREAK is Windows' Ctrl-Break. There, one process can send it to another, which Ctrl-C cannot.
NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def _stop_signals() -> list[signal.Signals]:
    """The signals that stop a training, except those that the system lacks, and SIGHUP under nohup."""
    found = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
    return [each for each in found if each.name != "SIGHUP" or signal.getsignal(each) != signal.SIG_IGN]


@contextmanager
def noted_interrupts(note: Callable[[int], object], *, again: bool) -> Iterator[None]:
    """Call `note` with the number of each signal that asks to stop, instead of stopping.

    again: let a second Ctrl-C interrupt at once. Not under torchrun, which always sends two. A second signal of the
    others changes nothing: a terminal that closes sends SIGHUP twice.
    """
    first = signal.getsignal(signal.SIGINT)

    def receive(number: int, _: Any) -> None:
        note(number)
        signal.signal(signal.SIGINT, first if again else signal.SIG_IGN)

    with stop_handler(receive, after=None if again else signal.SIG_IGN):
        yield


@contextmanager
def stop_handler(receive: Callable[[int, Any], None], *, after: signal.Handlers | None = None) -> Iterator[None]:
    """Let a handler receive the signals that ask to stop. after: the handler from then on, or None for that of before.

    Outside the main thread, which alone gets signals, nothing changes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, receive) or signal.SIG_DFL for number in _stop_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if after is None else after)
