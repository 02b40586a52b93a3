"""Finding a browser, each time in a fresh process: Playwright runs once in a process."""

import os
import shutil
import subprocess
import sys

import pytest

LAUNCH = """
import sys
from nca import UserError
from nca.export.check.browser import launch
try:
    with launch(sys.argv[1]) as browser:
        print("started", browser.browser_type.name)
except UserError as error:
    print(type(error).__name__, error)
"""


def launch(browser, code=LAUNCH, **environment):
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, browser],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_nothing_found_names_the_ways_to_get_one(tmp_path):
    said = launch("chromium", PATH=str(tmp_path), PLAYWRIGHT_BROWSERS_PATH=str(tmp_path))
    assert said.startswith("MissingBrowser no chromium found")
    assert "playwright install chromium" in said
    assert "apt install chromium" in said


def test_missing_path_is_named(tmp_path):
    assert f"no browser at {tmp_path}/none" in launch(f"{tmp_path}/none")


def test_what_is_no_browser_does_not_start(tmp_path):
    program = tmp_path / "no-browser"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    said = launch(str(program))
    assert said.startswith(f"UserError {program} does not start")
    assert "\n" not in said


@pytest.mark.skipif(not shutil.which("chromium"), reason="no chromium on PATH")
def test_one_that_does_not_start_is_passed_over(tmp_path):
    (tmp_path / "chromium").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "chromium").chmod(0o755)
    (tmp_path / "google-chrome").symlink_to(shutil.which("chromium"))
    path = f"{tmp_path}:{os.environ['PATH']}"
    assert launch("chromium", PATH=path, PLAYWRIGHT_BROWSERS_PATH=str(tmp_path)) == "started chromium"


def test_without_playwright_the_remedy_is_named():
    code = "import sys; sys.modules['playwright.sync_api'] = None\n" + LAUNCH
    assert launch("chromium", code) == 'MissingBrowser Playwright is not installed: pip install "nca-texture[verify]"'


@pytest.mark.skipif(not shutil.which("chromium"), reason="no chromium on PATH")
def test_path_of_a_chromium():
    assert launch(shutil.which("chromium")) == "started chromium"
