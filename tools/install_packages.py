"""Installs the npm packages of package.json, unless all are there: `python tools/install_packages.py`."""

import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main() -> None:
    named = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    if not all((ROOT / "node_modules" / name).exists() for name in named):
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
