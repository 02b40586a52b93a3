"""npm packages for the tests that need them."""

import os
import shutil

import pytest

from install_packages import main as install

__all__ = ["install", "needs_npm"]

needs_npm = pytest.mark.skipif(
    not shutil.which("npm") and not os.environ.get("CI"), reason="npm is not installed; CI must have it"
)
