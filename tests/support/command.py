"""The command line, called in this process, and the environment for programs in processes of their own."""

import os
from concurrent.futures import ThreadPoolExecutor

from click.testing import CliRunner

from nca.cli import main

__all__ = ["ENVIRONMENT", "done", "nca", "nca_in_thread"]

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}  # several at once would fight for the processors


def nca(*arguments):
    """Click's result: exit code, output. An error that is no refusal is raised."""
    result = CliRunner().invoke(main, [str(each) for each in arguments], prog_name="nca")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def nca_in_thread(*arguments):
    """As `nca`, for commands that start a browser: a thread holds one Playwright, and the fixtures have this one's."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(nca, *arguments).result()


def done(*arguments):
    """The output of a command that succeeds."""
    result = nca(*arguments)
    assert result.exit_code == 0, result.output
    return result.output
