"""stdout and stderr of any encoding, full or closed: they end a command with one line at most."""

import io
import os
import sys
from contextlib import suppress
from typing import NoReturn

import click

__all__ = ["end_for", "prepare_streams"]


def prepare_streams() -> None:
    """Let no name be an error that the console's encoding cannot show: it shows as an escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            with suppress(OSError):  # of a file that became a pipe beneath Python
                stream.reconfigure(errors="backslashreplace")


def end_for(error: OSError) -> NoReturn:
    """Exit with 1 and one line for an error that nothing else explained: that of a full or a lost stdout."""
    reason = error.strerror or str(error)
    with suppress(OSError):
        click.echo(f"Error: {error.filename or 'stdout'} cannot be used: {reason}", err=True)
    _abandon()
    sys.exit(1)


def _abandon() -> None:
    """Drop what stdout still holds, because Python would try to write it once more at its end."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
