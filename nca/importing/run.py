"""Imported automata as run folders.

model.safetensors   the rule
import.json         conventions and cost
import.png          the original's texture and the rule's
target.png          the picture, if the rule was repaired
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError
from nca.files import file_name, plain_text, write_folder
from nca.importing.convert import Conventions, convert, recognise
from nca.importing.cost import Cost, measure_cost
from nca.importing.find import find_layers
from nca.importing.floats import FloatAutomaton
from nca.importing.models import CONVENTIONS, read_models
from nca.importing.quantize import quantize
from nca.importing.read import read_arrays, read_raw
from nca.importing.repair import Repair, repair
from nca.picture import picture_bytes
from nca.rule.rule import Rule
from nca.run import MODEL, TARGET, model_bytes

__all__ = ["Found", "Imported", "find_automata", "import_automaton", "write_imported"]


@dataclass(frozen=True, eq=False)
class Found:
    """An automaton in a file, and the conventions that were recognised."""

    name: str
    file: str
    automaton: FloatAutomaton
    conventions: Conventions

    @property
    def file_name(self) -> str:
        """The name of its run folder."""
        return file_name(self.name)

    @property
    def about(self) -> str:
        """Its sizes and conventions in one line."""
        return f"{self.automaton.channels} channels, {self.automaton.hidden} hidden; {self.conventions}"


@dataclass(frozen=True, eq=False)
class Imported:
    """An automaton's rule. error: of its update before any repair, in parts of the update's size."""

    found: Found
    rule: Rule
    error: float
    cost: Cost
    repair: Repair | None = None


def find_automata(path: Path, chosen: dict[str, Any], raw: tuple[int, int] | None = None) -> Iterator[Found]:
    """The automata of a file.

    chosen: conventions that the user knows, by their names in Conventions; the others are recognised.
    raw: channels and hidden units of a file of bare numbers.

    Raises UserError if the file cannot be read, or its automaton does not fit.
    """
    if path.suffix.lower() == ".json":
        if chosen or raw:
            raise UserError(f"{path}: a set of 8-bit models says all about itself: leave out the other options")
        for name, automaton in read_models(path).items():
            yield Found(plain_text(name), path.name, automaton, CONVENTIONS)
        return
    arrays = read_raw(path, *raw) if raw else read_arrays(path)
    try:
        layers = find_layers(arrays)
        conventions = recognise(layers, Conventions(**chosen), frozenset(chosen))
        yield Found(plain_text(path.stem), path.name, convert(layers, conventions), conventions)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None


def import_automaton(found: Found, picture: NDArray[np.uint8] | None = None) -> Imported:
    """Quantize an automaton, repair it with its picture if that is given, and measure what it cost.

    picture: (side, side, 3). Raises UserError if the automaton does not stay in range.
    """
    try:
        made = quantize(found.automaton)
        mended = None if picture is None else repair(made.rule, picture)
    except UserError as error:
        raise UserError(f"{found.name}: {error}") from None
    rule = mended.rule if mended else made.rule
    return Imported(found, rule, made.error, measure_cost(found.automaton, rule), mended)


def write_imported(folder: Path, imported: Imported) -> None:
    """Write the run folder. Raises UserError if it cannot be written."""
    found, cost = imported.found, imported.cost
    report: dict[str, Any] = {
        "file": found.file,
        "conventions": asdict(found.conventions),
        "update error": round(imported.error, 5),
        "style": round(cost.style, 5),
        "style of two runs of the original": round(cost.chance, 5),
    }
    if mended := imported.repair:
        styles = {"before": mended.before, "after": mended.after, "perfect": mended.perfect}
        report["style to the picture"] = {name: round(each, 5) for name, each in styles.items()}
    files = {
        MODEL: model_bytes(imported.rule, {"imported": report}),
        "import.json": json.dumps(report, indent=2).encode() + b"\n",
        "import.png": picture_bytes(cost.picture),
    }
    if mended:
        files[TARGET] = picture_bytes(mended.picture)
    write_folder(folder, files)
