"""What the library logs while a command runs: a line each on stderr, warnings called so."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import click

__all__ = ["spoken"]


@contextmanager
def spoken() -> Iterator[None]:
    """Show what is logged below `nca` from here on; of several processes that torchrun started, the first one's."""
    logger, voice = logging.getLogger("nca"), _Voice()
    level = logger.level
    logger.addHandler(voice)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(voice)


class _Voice(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if os.environ.get("RANK", "0") == "0":
            warning = "Warning: " if record.levelno >= logging.WARNING else ""
            click.echo(warning + record.getMessage(), err=True)
