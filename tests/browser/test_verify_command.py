"""`nca verify` as its users meet it."""

import re
import subprocess
import sys

import pytest

from command import ENVIRONMENT, nca_in_thread
from nca.export.bundle import Bundle
from nca.export.formats.page import render_page
from rules import random_rule

NCA = "const { nca } = document.querySelector('canvas');"
QUICK = ("--steps", "1,2,10", "--size", "16x12")


def verify(path, *options):
    """Exit code and output."""
    ran = nca_in_thread("verify", path, *QUICK, *options)
    return ran.exit_code, ran.output


@pytest.fixture
def bundle():
    return Bundle.of(random_rule(8, 32, seed=1), "Moss")


def test_equal_values_pass_in_a_process_of_its_own(bundle, tmp_path):
    path = tmp_path / "moss.nca.json"
    path.write_text(bundle.to_json())
    command = [sys.executable, "-m", "nca", "verify", str(path), *QUICK]
    ran = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "0 of 14,784 values differ, 192 cells, on" in ran.stdout
    assert "Traceback" not in ran.stderr


def test_one_weight_off_by_one_fails_and_names_the_first_step_and_cell(bundle, tmp_path):
    page, count = re.subn(r"h=vec4\(@b1@\);", r"\g<0>h.x+=s0.x;", render_page(bundle))  # as one more in w1
    assert count == 1
    path = tmp_path / "mutant.html"
    path.write_text(page)
    code, said = verify(path, "--steps", "1,100")
    assert code == 1
    assert re.search(
        r"first at step \d+, cell x=\d+ y=\d+, channel \d: torch has -?\d+, the browser -?\d+$", said, re.MULTILINE
    )


def test_a_page_changed_after_its_export_is_refused(bundle, tmp_path):
    page = render_page(bundle)
    weights = re.search(r'"w1":"(.)', page)
    path = tmp_path / "mutant.html"
    path.write_text(page[: weights.start(1)] + ("B" if weights[1] == "A" else "A") + page[weights.end(1) :])
    code, said = verify(path)
    assert code == 1
    assert "export it again" in said


@pytest.mark.parametrize("busy", ["for (;;);", "nca.step = () => { for (;;); };"])
def test_a_page_that_never_answers_is_given_up_in_one_line(bundle, tmp_path, busy):
    path = tmp_path / "busy.html"
    path.write_text(f"{render_page(bundle)}<script type=module>{NCA} {busy}</script>")
    code, said = verify(path, "--timeout", "4")
    assert code == 1
    assert said.endswith(f"Error: {path}: no answer from the browser within 4 s; --timeout waits longer\n")


def test_without_a_browser_it_fails_unless_told_to_pass(bundle, tmp_path, monkeypatch):
    path = tmp_path / "moss.nca.json"
    path.write_text(bundle.to_json())
    for variable in ("PATH", "PLAYWRIGHT_BROWSERS_PATH"):
        monkeypatch.setenv(variable, str(tmp_path))
    assert verify(path)[0] == 1
    code, said = verify(path, "--if-found")
    assert code == 0
    assert "Not verified: no chromium found" in said
    assert verify(tmp_path / "missing", "--if-found")[0] == 1
