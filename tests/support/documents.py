"""The blocks of code of the documentation."""

import re
from dataclasses import dataclass
from textwrap import dedent

from paths import ROOT

__all__ = ["PAGES", "Block", "blocks"]

PAGES = [
    page.relative_to(ROOT).as_posix() for folder in (".", "docs", "benchmarks") for page in (ROOT / folder).glob("*.md")
]
_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", flags=re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One block, by its page, the line where it begins, its language, and its text without the page's indentation."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(page: str, *languages: str) -> list[Block]:
    """Those of a page, in these languages or in all."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = [
        Block(page, text.count("\n", 0, each.start()) + 1, each[1], dedent(each[2])) for each in _BLOCK.finditer(text)
    ]
    return [block for block in found if not languages or block.language in languages]
