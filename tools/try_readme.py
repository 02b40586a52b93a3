"""Runs the README's commands with an installed nca: `python tools/try_readme.py ENVIRONMENT`.

The folder that they run in holds the picture that the README names, and nothing else: no checkout. Trainings are of a
few steps. Where no browser is found, `nca verify` says so and goes on.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
SMALLER = {
    "train": "--preset tiny --size 32 --field 32 --steps 4",
    "verify": "--steps 1,10 --size 16 --if-found",
    "view": "--no-open",
}


def commands(left_out: tuple[str, ...] = ()) -> list[str]:
    """Those of the README, with small settings. left_out: the names of commands."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / "README.md").read_text("utf-8"), flags=re.M | re.S)
    lines = [line.partition(" #")[0].strip() for block in blocks for line in block.splitlines()]
    named = [(line.split()[1], line) for line in lines if line.startswith("nca ")]
    return [f"{line} {SMALLER.get(name, '')}".strip() for name, line in named if name not in left_out]


def try_readme(environment: Path, left_out: tuple[str, ...] = ()) -> str:
    """Run them with the programs of a virtual environment. Returns what a failing one said, or nothing."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw(environment, folder / "bricks.jpg")
        for command in ["nca-texture --version", "nca", *commands(left_out)]:
            began = time.monotonic()
            ran = run(environment, ["sh", "-c", command], folder)
            print(f"{time.monotonic() - began:6.1f} s  {command}", flush=True)
            if ran.returncode:
                return f"{command}: {ran.stdout[-2000:]}"
    return ""


def draw(environment: Path, target: Path) -> None:
    """A picture with more pixels than training uses, so that `nca sharpen` has some to spare."""
    code = "import sys; from PIL import Image; Image.effect_noise((256, 256), 90).convert('RGB').save(sys.argv[1])"
    run(environment, ["python", "-c", code, str(target)], target.parent).check_returncode()


def run(environment: Path, command: list[str], folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a program of the environment in a folder, with caches of its own."""
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    variables = {**os.environ, "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "XDG_CACHE_HOME": str(folder)}
    variables.pop("PYTHONPATH", None)
    program = shutil.which(command[0], path=variables["PATH"]) or command[0]
    return subprocess.run(
        [program, *command[1:]], cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


if __name__ == "__main__":
    sys.exit(try_readme(Path(sys.argv[1]).absolute()))
