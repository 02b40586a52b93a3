"""README.md for PyPI, with addresses in place of its relative links, which lead nowhere there.

Everything else about the package stands in pyproject.toml.
"""

import re
import tomllib
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
LINK = re.compile(r"(!?)(\[[^\]]*\]\()(?![a-z]+:|#)([^)\s]+)")


def description() -> str:
    """The links lead to the files of this version's tag."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [version] = re.findall(r'^__version__ = "(.*)"', (ROOT / "nca" / "__init__.py").read_text(encoding="utf-8"), re.M)
    home = settings["project"]["urls"]["Homepage"]

    def absolute(link: re.Match[str]) -> str:
        kind = "raw" if link[1] else "blob"  # of a picture, and of a page
        return f"{link[1]}{link[2]}{home}/{kind}/v{version}/{link[3]}"

    return LINK.sub(absolute, (ROOT / "README.md").read_text(encoding="utf-8"))


setup(long_description=description(), long_description_content_type="text/markdown")
