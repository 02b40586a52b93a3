"""The JavaScript without a browser: its types, and that a server may import it."""

import shutil
import subprocess

import pytest
from packages import ROOT, install, needs_npm

pytestmark = needs_npm


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="session")
def typescript():
    install()


def test_types(typescript):
    checked = run("npm", "run", "--silent", "check")
    assert checked.returncode == 0, checked.stdout


def test_types_are_checked(typescript, tmp_path):
    """A mistake in a copy of the runtime is found."""
    for name in ("pace.js", "passes.js", "automaton.js", "tsconfig.json"):
        shutil.copy(ROOT / "viewer" / name, tmp_path)
    runtime = tmp_path / "automaton.js"
    runtime.write_text(runtime.read_text().replace("this.#due = 0", "this.#due = ''"))
    checked = run("npx", "tsc", "--project", str(tmp_path))
    assert checked.returncode != 0
    assert "Type 'string' is not assignable to type 'number'" in checked.stdout


def test_runtime_touches_no_dom_at_import():
    """Node has no document and no window."""
    script = """
        import { create, NoWebGL2, Texture } from "./viewer/nca.js";
        console.log(typeof create, typeof Texture, new NoWebGL2("x") instanceof Error, typeof document);
    """
    ran = run("node", "--no-warnings", "--input-type=module", "--eval", script)
    assert ran.stderr == ""
    assert ran.stdout.split() == ["function", "function", "true", "undefined"]


@pytest.mark.parametrize("folder", [".", "benchmarks"])
def test_lock_file_names_no_host(folder):
    assert "resolved" not in (ROOT / folder / "package-lock.json").read_text()
