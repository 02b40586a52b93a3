"""Prints what `nca evaluate --json` found as tables in Markdown: `python docs/make_figures.py FILE.json...`.

Of one file all figures, or those of old age where it was made with --long. Of several, such as one for each preset,
a table that holds them against each other; a column is called as its file.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Found = dict[str, dict[str, Any]]  # by the texture's name

FIGURES = {"style": 2, "patches": 2, "precision": 2, "recall": 2, "colour": 1, "spectrum": 2}  # and their decimals
COMPARED = ("style", "precision", "recall")
OLDEST = "10000"


def main(files: list[Path]) -> None:
    """Print the table."""
    found = {file.stem: _read(file) for file in files}
    first = next(iter(found.values()))
    ages = {age for each in first.values() for age in each["life"]["style"]}
    print(*(_compared(found) if len(files) > 1 else _old(first) if OLDEST in ages else _young(first)), sep="\n")


def _read(file: Path) -> Found:
    return {Path(each["source"]).name: each for each in json.loads(file.read_text())}


def _young(found: Found) -> Iterator[str]:
    """All figures; in brackets those of the picture's other half."""
    yield from _head(["", *FIGURES, "half wiped, back after", "from noise", ""])
    for name, each in found.items():
        cells = [f"{_figure(each, key)} ({_figure(each, key, 'perfect')})" for key in FIGURES]
        yield _row([name, *cells, *_ending(each)])


def _old(found: Found) -> Iterator[str]:
    """How style changes with age, on a large field, and what the old texture has of the picture's patches."""
    ages = {"200": "200", "1000": "1,000", OLDEST: "10,000"}
    titles = [f"style after {age}" for age in ages.values()]
    yield from _head(["", *titles, "precision", "recall", "half wiped, back after", "from noise", ""])
    for name, each in found.items():
        styles = [f"{each['life']['style'][age]:.2f}" if age in each["life"]["style"] else "" for age in ages]
        yield _row([name, *styles, _figure(each, "precision"), _figure(each, "recall"), *_ending(each)])


def _compared(columns: dict[str, Found]) -> Iterator[str]:
    """Three figures of each; a dagger marks what does not hold."""
    yield from _head(["", "other half", *columns])
    for name in sorted({name for found in columns.values() for name in found}):
        here = [found.get(name) for found in columns.values()]
        perfect = next(_three(each, "perfect") for each in here if each)
        cells = [_three(each) + ("" if each["holds"] else " †") if each else "" for each in here]
        yield _row([name, perfect, *cells])


def _three(each: dict[str, Any], of: str = "texture") -> str:
    return ", ".join(_figure(each, key, of) for key in COMPARED)


def _figure(each: dict[str, Any], key: str, of: str = "texture") -> str:
    return f"{each[of][key]:.{FIGURES[key]}f}"


def _ending(each: dict[str, Any]) -> list[str]:
    return [*(str(each["life"][steps] or "-") for steps in ("healed", "calmed")), each["complaint"] or "holds"]


def _head(titles: list[str]) -> list[str]:
    return [_row(titles), "|---" * len(titles) + "|"]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main([Path(each) for each in sys.argv[1:]])
