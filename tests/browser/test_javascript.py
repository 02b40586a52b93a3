"""The JavaScript without a browser: `make check` finds wrong types, and a server may import it."""

import shutil
import subprocess

import pytest

from packages import install, needs_npm
from paths import ROOT

pytestmark = needs_npm


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="session")
def typescript():
    install()


def test_types_are_checked(typescript, tmp_path):
    """A mistake in a copy of the runtime is found."""
    for name in ("attach", "automaton", "display", "pace", "passes"):
        shutil.copy(ROOT / "viewer" / "runtime" / f"{name}.js", tmp_path)
    shutil.copy(ROOT / "viewer" / "tsconfig.json", tmp_path)
    runtime = tmp_path / "automaton.js"
    runtime.write_text(runtime.read_text().replace("this.#due = 0", "this.#due = ''"))
    checked = run("npx", "tsc", "--project", str(tmp_path))
    assert checked.returncode != 0
    assert "Type 'string' is not assignable to type 'number'" in checked.stdout


def test_history():
    """What recovery, undo and replay share, in Node: tests/unit/history.test.js."""
    ran = run("node", "--test", "tests/unit/history.test.js")
    assert ran.returncode == 0, ran.stdout
    assert "\n# tests 10\n" in ran.stdout


def test_ease():
    """The detail on slow devices, in Node: tests/unit/ease.test.js."""
    ran = run("node", "--test", "tests/unit/ease.test.js")
    assert ran.returncode == 0, ran.stdout
    assert "\n# tests 9\n" in ran.stdout


def test_rate():
    """The upper frame rate on screens of any rate, in Node: tests/unit/rate.test.js."""
    ran = run("node", "--test", "tests/unit/rate.test.js")
    assert ran.returncode == 0, ran.stdout
    assert "\n# tests 11\n" in ran.stdout


def test_runtime_touches_no_dom_at_import():
    """Node has no document and no window."""
    script = """
        import { create, NoWebGL2, Texture } from "./viewer/runtime/nca.js";
        console.log(typeof create, typeof Texture, new NoWebGL2("x") instanceof Error, typeof document);
    """
    ran = run("node", "--no-warnings", "--input-type=module", "--eval", script)
    assert ran.stderr == ""
    assert ran.stdout.split() == ["function", "function", "true", "undefined"]


def test_the_page_of_the_api_is_that_of_the_sources(typescript):
    made = run("node", "tools/make_javascript.js")
    assert made.stdout == (ROOT / "docs" / "javascript.md").read_text(), "docs/javascript.md is stale: make docs"


@pytest.mark.parametrize("folder", [".", "benchmarks"])
def test_lock_file_names_no_host(folder):
    assert "resolved" not in (ROOT / folder / "package-lock.json").read_text()
