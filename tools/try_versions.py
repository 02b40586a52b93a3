"""Tries the wheel in each Python with the lowest and the newest dependencies: `python tools/try_versions.py WHEEL`.

The lowest are those that pyproject.toml declares. uv makes the environments, and fetches Pythons that are missing. The
versions or paths of the Pythons to try can follow WHEEL; without them, 3.11 to 3.14 are tried. Each environment holds
torch, as it comes from PyPI: UV_TORCH_BACKEND=cpu leaves out CUDA, which is most of it.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from try_readme import ROOT, try_readme

PYTHONS = ("3.11", "3.12", "3.13", "3.14")
RESOLUTIONS = ("lowest-direct", "highest")
SHOWN = ("numba", "numpy", "pillow", "torch")
SLOW = ("evaluate", "sharpen", "view")


def tried(wheel: Path, python: str, resolution: str) -> str:
    """One environment: what was installed, or the reason why it does not work."""
    with tempfile.TemporaryDirectory() as name:
        made = uv("venv", "--quiet", "--python", python, name)
        if made.returncode:
            return f"not tried: {made.stderr.strip().splitlines()[-1]}"
        # No builds: a version without a wheel for this Python is skipped, as if it did not exist
        # Only what is named is direct, so pyproject.toml's dependencies stand beside the wheel.
        where = ["--python", name]
        how = ["--quiet", "--no-build", "--resolution", resolution]
        install = uv("pip", "install", *where, *how, str(wheel), "--requirements", str(ROOT / "pyproject.toml"))
        if install.returncode:
            return f"FAILED: {install.stderr.strip()}"
        installed = dict(line.split("==") for line in uv("pip", "freeze", *where).stdout.splitlines() if "==" in line)
        versions = " ".join(f"{each} {installed[each]}" for each in SHOWN if each in installed)
        failed = try_readme(Path(name), left_out=SLOW)
        return f"FAILED with {versions}: {failed}" if failed else f"works with {versions}"


def uv(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True)


def main(wheel: str, *pythons: str) -> None:
    results = []
    for python in pythons or PYTHONS:
        for resolution in RESOLUTIONS:
            results.append(f"{python:6} {resolution:14} {tried(Path(wheel).absolute(), python, resolution)}")
            print(results[-1], flush=True)
    if any("FAILED" in result for result in results):
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
