"""One `nca train` process."""

import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence

from nca.training.interrupt import ALONE

__all__ = ["follow", "start"]


def start(arguments: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Start `nca train` in its own session, or group, so that the terminal's signals reach it only through us.

    It writes UTF-8 whatever the console's encoding is, so that names of any language reach us whole.
    """
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "nca", "train", *arguments],
        env={**environment, "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        **ALONE,
    )


def follow(program: "subprocess.Popen[str]", say: Callable[[str], None]) -> str:
    """Call `say` with each line of a process until it ends. Returns the last line if it failed, else nothing."""
    last = ""
    with program:
        for line in program.stdout or ():
            last = line.strip() or last
            say(line.rstrip())
    return last if program.returncode else ""
