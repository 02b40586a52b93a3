"""Builds a release from a clean clone and tries it: `python tools/release_check.py`, or `make release-check`.

build/release/ then holds what is published: dist/ for PyPI, npm/ for npm, and site/ for a static host.
Nothing is published. Exit code 1, with the reasons, if the release is not ready.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

from try_readme import ROOT, try_readme

RELEASE = ROOT / "build" / "release"
CLONE, WHEELS, TARBALLS, SITE = (RELEASE / name for name in ("clone", "dist", "npm", "site"))
IMPORTED = 'const { create } = await import("nca-texture"); if (!create) process.exit(1);'


def faults(folder: Path) -> list[str]:
    """Reasons in the text of a checkout against publishing it."""
    version = re.findall(r'^__version__ = "(.*)"', (folder / "nca" / "__init__.py").read_text("utf-8"), re.M)[0]
    found = [
        f"{name} has version {other}: expected {version}, as in nca/__init__.py"
        for name, other in versions(folder).items()
        if other != version
    ]
    heading = next(line for line in (folder / "CHANGELOG.md").read_text("utf-8").splitlines() if line.startswith("## "))
    if not re.fullmatch(rf"## {re.escape(version)} \(\d{{4}}-\d\d-\d\d\)", heading):
        found.append(f"CHANGELOG.md begins with {heading!r}: expected '## {version} (YYYY-MM-DD)'")
    for name in ("README.md", "docs/npm.md"):
        if "is not published yet" in (folder / name).read_text("utf-8"):
            found.append(f"{name} says that the version is not published yet")
    for name in ("pyproject.toml", "package.json", "viewer/README.md"):
        if "/OWNER/" in (folder / name).read_text("utf-8"):
            found.append(f"{name} names the repository's owner OWNER: expected its address")
    return found


def versions(folder: Path) -> dict[str, str]:
    """Of every file that states one, except nca/__init__.py, from which pyproject.toml takes its own."""
    lock = json.loads((folder / "package-lock.json").read_text("utf-8"))
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
    stated = {
        "package.json": json.loads((folder / "package.json").read_text("utf-8"))["version"],
        "package-lock.json": lock["version"],
        "package-lock.json's own package": lock["packages"][""]["version"],
    }
    return stated if "version" in project["dynamic"] else stated | {"pyproject.toml": project["version"]}


def run(*command: str | Path, cwd: Path = CLONE, **variables: str) -> None:
    print(f"-- {' '.join(map(str, command))}", flush=True)
    subprocess.run([str(part) for part in command], cwd=cwd, env=os.environ | variables, check=True)


def build() -> None:
    """The wheel out of the sdist, the tarball, and the site, all from a clone of what is committed."""
    shutil.rmtree(RELEASE, ignore_errors=True)
    TARBALLS.mkdir(parents=True)
    run("git", "clone", "--quiet", "--no-hardlinks", ROOT, CLONE, cwd=ROOT)
    run(sys.executable, "-m", "build", "--quiet", "--outdir", WHEELS)
    run(sys.executable, "-m", "twine", "check", "--strict", *WHEELS.iterdir())
    run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent")
    build_from_layout()


def build_from_layout() -> None:
    """Build with the clone's own package: Python finds its layout before what is installed for development."""
    run(sys.executable, "tools/lay_out.py")
    variables = {"PYTHONPATH": str(CLONE / "build" / "layout"), "NO_MKDOCS_2_WARNING": "1"}
    run(sys.executable, "tools/make_npm.py", TARBALLS, **variables)
    run(sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", SITE, **variables)


def try_wheel() -> str:
    """In an environment of its own, away from the checkout. Returns what a failing command said."""
    environment = RELEASE / "environment"
    run(sys.executable, "-m", "venv", environment, cwd=RELEASE)
    [wheel] = WHEELS.glob("*.whl")
    python = environment / "bin" / "python"
    run(python, "-m", "pip", "install", "--quiet", f"nca-texture[verify] @ {wheel.as_uri()}", cwd=RELEASE)
    return try_readme(environment)


def try_tarball() -> None:
    """In a project of its own: it can be imported where there is no page, as servers do."""
    project = RELEASE / "project"
    project.mkdir()
    (project / "package.json").write_text('{"type": "module", "private": true}')
    run("npm", "install", "--no-audit", "--no-fund", "--silent", *TARBALLS.iterdir(), cwd=project)
    run("node", "--input-type=module", "--eval", IMPORTED, cwd=project)


def main() -> None:
    changed = subprocess.run(["git", "status", "--porcelain"], cwd=ROOT, capture_output=True, text=True, check=True)
    found = [f"not committed, so not in the release: {line[3:]}" for line in changed.stdout.splitlines()]
    build()
    found += faults(CLONE)
    try_tarball()
    found += filter(None, [try_wheel()])
    for path in sorted([*WHEELS.iterdir(), *TARBALLS.iterdir()]):
        print(f"{path.stat().st_size / 1e6:8.2f} MB  {path.relative_to(ROOT)}")
    if found:
        sys.exit("Not ready to be published:\n" + "\n".join(f"- {fault}" for fault in found))
    print("Ready. CONTRIBUTING.md says how to publish it.")


if __name__ == "__main__":
    main()
