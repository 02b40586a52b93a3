"""npm packages for the tests that need them, and projects that use ours."""

import os
import shutil
import subprocess

import pytest

from install_packages import main as install

__all__ = ["install", "needs_npm", "run", "write"]

needs_npm = pytest.mark.skipif(
    not shutil.which("npm") and not os.environ.get("CI"), reason="npm is not installed; CI must have it"
)


def run(*command, cwd, timeout=120, **variables):
    """The standard output of a command that succeeds. variables: of its environment."""
    ran = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def write(folder, files):
    """Write texts by their paths in a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
