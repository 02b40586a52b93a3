"""Threads of torch sleep while they wait, so that a training beside other programs is not ten times as slow."""

import os
import subprocess
import sys

import pytest

CALLS = ["train('none.png', 'run')", "sharpen('none', 'none.png', 'run')", "evaluate('none')"]


def policy(call, tmp_path, **chosen):
    """What OpenMP says that it does, when torch is imported after the call."""
    script = f"import nca\ntry:\n    nca.{call}\nexcept nca.UserError:\n    import torch"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    shown = subprocess.run(
        [sys.executable, "-c", script],
        env=environment | {"OMP_DISPLAY_ENV": "TRUE"} | chosen,
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    if "OMP_WAIT_POLICY" not in shown:
        pytest.skip("torch is built without OpenMP, or with one that says nothing")
    return shown.split("OMP_WAIT_POLICY = '")[1].split("'")[0]


@pytest.mark.parametrize("call", CALLS)
def test_threads_sleep_while_they_wait(call, tmp_path):
    assert policy(call, tmp_path) == "PASSIVE"


def test_a_policy_that_the_user_chose_stays(tmp_path):
    assert policy(CALLS[0], tmp_path, OMP_WAIT_POLICY="ACTIVE") == "ACTIVE"
