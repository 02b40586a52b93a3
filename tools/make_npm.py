"""Packs the npm package into build/npm, or into another folder: `python tools/make_npm.py [FOLDER]`, or `make npm`.

It holds the modules with their types, the same in one minified file for content delivery networks, the textures that
ship, and a manifest of the element. Its README is viewer/README.md. Nothing is published.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import install_packages
from nca.export.js.modules import read_modules

ROOT = Path(__file__).parent.parent
PARTS = ("data", "element", "runtime")  # of viewer/: its other folders are for pages that `nca export` writes
NOT_FOR_USERS = ("devDependencies", "scripts")


def main(folder: Path = ROOT / "build" / "npm") -> Path:
    """Pack into a folder. Returns the tarball's path."""
    folder.mkdir(parents=True, exist_ok=True)
    install_packages.main()
    with TemporaryDirectory() as temporary:
        package = Path(temporary)
        write(package)
        packed = run("npm", "pack", "--json", "--pack-destination", folder.resolve(), cwd=package)
    return folder / json.loads(packed)[0]["filename"]


def write(package: Path) -> None:
    """Write all files of the package."""
    settings = json.loads((ROOT / "package.json").read_text("utf-8"))
    own = {name: value for name, value in settings.items() if name not in NOT_FOR_USERS}
    (package / "package.json").write_text(json.dumps(own, indent=2) + "\n", "utf-8")
    for name in ("LICENSE", "NOTICE", "viewer/README.md"):
        shutil.copy(ROOT / name, package)
    for part in PARTS:
        shutil.copytree(ROOT / "viewer" / part, package / "viewer" / part)
    shutil.copytree(ROOT / "nca" / "gallery", package / "textures", ignore=shutil.ignore_patterns("__pycache__"))
    write_types(package / "types")
    minified = package / settings["jsdelivr"]
    minified.parent.mkdir()
    minified.write_text(read_modules("element/whole.js", exporting=True) + "\n", "utf-8")
    (package / settings["customElements"]).write_text(run("node", "tools/make_manifest.js"), "utf-8")


def write_types(folder: Path) -> None:
    """TypeScript's declarations, from the JSDoc."""
    tsc = ROOT / "node_modules" / ".bin" / "tsc"
    run(tsc, "--project", "viewer", "--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--outDir", folder)
    for other in set(folder.iterdir()) - {folder / part for part in PARTS}:
        shutil.rmtree(other)


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    print(main(*map(Path, sys.argv[1:])))
