"""Makes sure that a browser is there to test in: `python tools/install_browser.py`.

Takes one at hand, else Playwright's download, else Debian's package.
"""

import os
import shutil
import subprocess
import sys

from nca import UserError
from nca.export.check.browser import launch


def at_hand() -> bool:
    try:
        with launch():
            return True
    except UserError:
        return False


def attempts() -> list[list[list[str]]]:
    """Ways to install one, each a list of commands."""
    ways = [[[sys.executable, "-m", "playwright", "install", "chromium"]]]
    if shutil.which("apt-get") and os.geteuid() == 0:
        packages = ["chromium", "libegl1", "libgl1-mesa-dri"]  # the latter draw large shaders four times faster
        ways.append([["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", *packages]])
    return ways


def main() -> None:
    for way in attempts():
        if at_hand():
            return
        print("No browser at hand; trying:", " && ".join(" ".join(command) for command in way), flush=True)
        for command in way:
            if subprocess.run(command).returncode:
                break
    if not at_hand():
        sys.exit("No browser could be installed: install Chromium, or run playwright install chromium, then make test.")


if __name__ == "__main__":
    main()
