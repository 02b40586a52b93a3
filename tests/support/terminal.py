"""A program at a terminal."""

import os
import pty
import subprocess
import sys

from command import ENVIRONMENT

__all__ = ["Terminal"]


class Terminal:
    """A Python program in a session of its own. Its standard error is a terminal, where progress is a bar."""

    def __init__(self, *args):
        self.screen, terminal = pty.openpty()
        self.program = subprocess.Popen(
            [sys.executable, *args], env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=terminal, start_new_session=True
        )
        os.close(terminal)
        self.shown = b""

    def read_until(self, text):
        while text not in self.shown:
            self.shown += os.read(self.screen, 4096)

    def end(self):
        """The exit code; `output` and `shown` hold what was written to stdout and to the terminal."""
        with self.program:
            self.output = self.program.stdout.read().decode()
        try:
            while block := os.read(self.screen, 4096):
                self.shown += block
        except OSError:  # Linux's way to say that the other side is closed
            pass
        os.close(self.screen)
        return self.program.returncode
