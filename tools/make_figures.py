"""Prints the output of `nca evaluate --json` as tables in Markdown: `python tools/make_figures.py FILE.json...`.

One file gives a table of all its figures. A file made with --long gives a table of how the textures age. Several
files, such as one for each preset, give a table that compares them, with a column for each file.
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
BUNDLE = ".nca.json"


def main(files: list[Path]) -> None:
    """Print the table."""
    found = {file.stem: _read(file) for file in files}
    first = next(iter(found.values()))
    ages = {age for each in first.values() for age in each["stability"]["style"]}
    print(*(_compared(found) if len(files) > 1 else _old(first) if OLDEST in ages else _young(first)), sep="\n")


def _read(file: Path) -> Found:
    return {Path(each["source"]).name.removesuffix(BUNDLE): each for each in json.loads(file.read_text())}


def _young(found: Found) -> Iterator[str]:
    """All figures. Those of the other half of the picture stand in brackets."""
    yield from _head(["", "pixels a cell", *FIGURES, "lattice", "steps to heal an erased half", "a half of noise", ""])
    for name, each in found.items():
        cells = [f"{_figure(each, key)} ({_figure(each, key, 'perfect')})" for key in FIGURES]
        yield _row([name, _pixels(each), *cells, _lattice(each), *_ending(each)])


def _old(found: Found) -> Iterator[str]:
    """How style changes with age on a large field, and how many patches of the picture the old texture has."""
    ages = {"200": "200", "1000": "1,000", OLDEST: "10,000"}
    titles = [f"style after {age}" for age in ages.values()]
    yield from _head(["", *titles, "precision", "recall", "steps to heal an erased half", "a half of noise", ""])
    for name, each in found.items():
        styles = [f"{each['stability']['style'][age]:.2f}" if age in each["stability"]["style"] else "" for age in ages]
        yield _row([name, *styles, _figure(each, "precision"), _figure(each, "recall"), *_ending(each)])


def _compared(columns: dict[str, Found]) -> Iterator[str]:
    """Three figures of each texture. A dagger marks a texture that does not hold."""
    yield from _head(["", "other half", *columns])
    for name in sorted({name for found in columns.values() for name in found}):
        here = [found.get(name) for found in columns.values()]
        perfect = next(_three(each, "perfect") for each in here if each)
        cells = [_three(each) + ("" if each["stability"]["stable"] else " †") if each else "" for each in here]
        yield _row([name, perfect, *cells])


def _three(each: dict[str, Any], of: str = "texture") -> str:
    return ", ".join(_figure(each, key, of) for key in COMPARED)


def _pixels(each: dict[str, Any]) -> str:
    """Runs of before there were decoders do not say."""
    detail = each["stability"].get("detail", 1)
    return f"{detail} x {detail}" if detail > 1 else "1"


def _lattice(each: dict[str, Any]) -> str:
    """Of a texture with a decoder."""
    found = each.get("lattice")
    return f"{found['colour']:.3f}, {found['gradient']:.2f}" if found else ""


def _figure(each: dict[str, Any], key: str, of: str = "texture") -> str:
    return f"{each[of][key]:.{FIGURES[key]}f}"


def _ending(each: dict[str, Any]) -> list[str]:
    stability = each["stability"]
    return [*(str(stability[steps] or "-") for steps in ("healed", "calmed")), stability["reason"] or "stable"]


def _head(titles: list[str]) -> list[str]:
    return [_row(titles), "|---" * len(titles) + "|"]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main([Path(each) for each in sys.argv[1:]])
