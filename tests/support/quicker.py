"""Small settings in place of the defaults, for code and commands that run as the documentation shows them."""

from command import done
from nca.importing.repair import repair

__all__ = ["make_quicker"]

TINY = {"channels": 4, "hidden": 8, "size": 16, "field": 16, "steps": 3, "detail": 1}
QUICKER = {
    "api.evaluate.LONG": (16, (20,)),
    "api.evaluate.SHORT": (16, (20,)),
    "api.train.AUTO": "multiscale",
    "callbacks.stability.AGES": (20,),
    "evaluation.stability.HEALING": range(8, 9, 8),
    "importing.cost.SIDE": 32,
    "importing.cost.STEPS": 20,
    "importing.floats.AGES": (20, 50),
    "importing.repair.SIDE": 32,
    "importing.repair.STEPS": 20,
    "training.config.PRESETS": {"small": TINY, "tiny": TINY, "full": TINY},
    "training.sharpen.AGES": (4,),
    "training.sharpen.FIELD": 16,
    "training.sharpen.HEALING": 2,
    "training.sharpen.ITERATIONS": 2,
    "training.sharpen.SEEDS": 1,
}


def make_quicker(monkeypatch):
    """Until the test ends."""
    for place, value in QUICKER.items():
        monkeypatch.setattr(f"nca.{place}", value)
    monkeypatch.setitem(repair.__kwdefaults__, "iterations", 2)
    monkeypatch.setattr("nca.jobs.group.Group.run", _in_turn)


def _in_turn(group, jobs):
    """Pictures train in this process: one for each would import torch anew."""
    for job in jobs:
        done("train", *job.arguments())
    return []
