"""Which run of a tracker belongs to a run folder: the folder's file tracked.json says it."""

import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nca import __version__
from nca.callbacks.trackers.tracker import TrackedRun
from nca.files import file_name
from nca.jsontext import parse_json
from nca.named import without_folder
from nca.reading import read_file
from nca.run import TRACKED

if TYPE_CHECKING:
    from nca.training.trainer import Trainer

__all__ = ["known_run", "run_of"]


def run_of(trainer: "Trainer", folder: Path) -> TrackedRun:
    """The run of a training: a resumed one goes on with its own, if it has one. The run folder will name it."""
    run = known_run(folder) if trainer.step else None
    run = run or TrackedRun(folder.resolve().name, _new_id(folder), folder.resolve())
    run = replace(run, configuration=_configuration(trainer))
    content = {"run": run.id, "configuration": run.configuration}
    trainer.files[TRACKED] = json.dumps(content, indent=2).encode() + b"\n"
    return run


def known_run(folder: Path) -> TrackedRun | None:
    """The run that a folder names. The folder may come from anybody: no name is a path to somewhere else."""
    try:
        content = parse_json(read_file(folder / TRACKED))
        known, configuration = file_name(content["run"]), dict(content["configuration"])
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    return TrackedRun(folder.resolve().name, known, folder.resolve(), configuration, resumed=True)


def _new_id(folder: Path) -> str:
    return f"{file_name(folder.resolve().name)[:48]}-{time.strftime('%Y%m%d-%H%M%S')}"


def _configuration(trainer: "Trainer") -> dict[str, Any]:
    return asdict(trainer.config) | {
        "features": without_folder(trainer.config.features),
        "picture": trainer.picture,
        "parameters": trainer.automaton.rule().parameters,
        "device": trainer.device.type,
        "processes": trainer.ranks.count,
        "nca-texture": __version__,
    }
