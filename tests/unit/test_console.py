"""Consoles of any encoding, full disks and closed pipes: they end a command with one line at most."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from command import ENVIRONMENT
from nca.callbacks.progress import _bar
from nca.export.bundle import Bundle
from rules import random_rule

NAME = "\u30c6\u30af\u30b9\u30c1\u30e3 \U0001f600"


@pytest.fixture
def here(tmp_path):
    """A working folder with a bundle whose provenance and file name few encodings can show."""
    bundle = Bundle.of(random_rule(4, 8), NAME, {"picture": f"{NAME}.png"})
    (tmp_path / f"{NAME}.nca.json").write_text(bundle.to_json())
    return tmp_path


def shell(here, command, **environment):
    """Run a line of a shell in which `nca` is our command."""
    line = f'nca() {{ "{sys.executable}" -m nca "$@"; }}; {command}'
    environment = {**ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path), **environment}
    return subprocess.run(["bash", "-c", line], cwd=here, env=environment, capture_output=True, timeout=120)


ENCODINGS = {
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "strict": {"PYTHONIOENCODING": "ascii:strict"},
    "C locale": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""},
}


@pytest.mark.parametrize("environment", ENCODINGS.values(), ids=ENCODINGS)
def test_no_name_ends_a_command(here, environment):
    command = "nca export *.nca.json -o out.html --format embed && nca info *.nca.json && nca export missing*"
    result = shell(here, f'{command} "$(echo *.nca.json)x"', **environment)
    assert b"Traceback" not in result.stderr
    assert b"Saved out.html" in result.stdout
    assert b"parameters" in result.stdout
    assert result.returncode == 1
    assert result.stderr.startswith(b"Error: missing*: no such file or folder")
    assert f"<title>{NAME}</title>" in Path(here / "out.html").read_text(encoding="utf-8")


def test_the_bar_is_plain_where_blocks_cannot_be_shown(monkeypatch):
    class Console:
        encoding = "cp1252"

    assert _bar(0.5) == "\u2588" * 15 + "\u2591" * 15 + " "
    monkeypatch.setattr(sys, "stderr", Console)
    assert _bar(0.5) == "#" * 15 + "." * 15 + " "


@pytest.mark.parametrize("command", ["info *.nca.json", "export *.nca.json --format json -o -", "--help"])
def test_a_full_device_is_one_line(here, command):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    result = shell(here, f"nca {command} > /dev/full")
    assert result.returncode == 1
    assert result.stderr == b"Error: stdout cannot be used: No space left on device\n"


def test_a_closed_pipe_and_a_closed_stdout_are_silent(here):
    result = shell(here, "nca export *.nca.json --format json -o - | head -c 1; nca info *.nca.json >&-")
    assert (result.stdout, result.stderr) == (b"{", b"")
