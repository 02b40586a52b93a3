"""npm packages for the tests that need them, installed as package.json asks."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

__all__ = ["ROOT", "install", "needs_npm"]

ROOT = Path(__file__).parent.parent
needs_npm = pytest.mark.skipif(
    not shutil.which("npm") and not os.environ.get("CI"), reason="npm is not installed; CI must have it"
)


def install():
    """Once, and again where package.json names more."""
    named = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    if not all((ROOT / "node_modules" / name).exists() for name in named):
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        installed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        assert installed.returncode == 0, installed.stderr
