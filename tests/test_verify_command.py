"""`nca verify` as its users meet it, each time in a fresh process: Playwright runs once in a process."""

import json
import os
import re
import subprocess
import sys

import pytest
from rules import random_rule

from nca.export.bundle import Bundle
from nca.export.html import render_page

QUICK = ("--steps", "1,2,10", "--size", "16x12")


def verify(path, *options, **environment):
    ran = subprocess.run(
        [sys.executable, "-m", "nca", "verify", str(path), *QUICK, *options],
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
    )
    assert "Traceback" not in ran.stderr
    return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture
def bundle():
    return Bundle.of(random_rule(8, 32, seed=1), "Moss")


def test_equal_values_pass(bundle, tmp_path):
    path = tmp_path / "moss.nca.json"
    path.write_text(bundle.to_json())
    code, said = verify(path)
    assert code == 0, said
    assert "0 of 14,784 values differ, 192 cells, on" in said


def test_one_weight_off_by_one_fails_and_names_the_first_step_and_cell(bundle, tmp_path):
    fields = json.loads(bundle.to_json())
    fields["shaders"]["step"] = re.sub(
        r"(?<=mat4\()-?\d+", lambda weight: str(int(weight[0]) + 1), fields["shaders"]["step"], count=1
    )
    path = tmp_path / "mutant.nca.json"
    path.write_text(json.dumps(fields))
    code, said = verify(path, "--steps", "1,100")
    assert code == 1
    assert re.search(
        r"first at step \d+, cell x=\d+ y=\d+, channel \d: torch has -?\d+, the browser -?\d+$", said, re.MULTILINE
    )


def test_a_page_changed_after_its_export_is_refused(bundle, tmp_path):
    page = render_page(bundle)
    weights = re.search(r'"weights":"(.)', page)
    path = tmp_path / "mutant.html"
    path.write_text(page[: weights.start(1)] + ("B" if weights[1] == "A" else "A") + page[weights.end(1) :])
    code, said = verify(path)
    assert code == 1
    assert "export it again" in said


def test_without_a_browser_it_fails_unless_told_to_pass(bundle, tmp_path):
    path = tmp_path / "moss.nca.json"
    path.write_text(bundle.to_json())
    nowhere = {"PATH": str(tmp_path), "PLAYWRIGHT_BROWSERS_PATH": str(tmp_path)}
    assert verify(path, **nowhere)[0] == 1
    code, said = verify(path, "--if-found", **nowhere)
    assert code == 0
    assert "Not verified: no chromium found" in said
    assert verify(tmp_path / "missing", "--if-found", **nowhere)[0] == 1
