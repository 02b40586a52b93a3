"""The settings of a training run. They are shown at its start and stored with the weights."""

import math
from dataclasses import dataclass, fields
from typing import Any

from nca.errors import UserError
from nca.features.registry import EXTRACTORS, is_custom
from nca.rule.decoder import DETAILS
from nca.rule.rule import CHANNELS, MAX_HIDDEN, UPDATE_ALWAYS
from nca.training.bounds import MOST_MINUTES, MOST_STATES, MOST_STEPS

__all__ = ["AMP", "CAPTURE", "LEARNING_RATE", "LONGEST", "PRESETS", "SHORTEST", "UPDATE", "Config"]

AMP = ("auto", "off", "fp16", "bf16")
CAPTURE = ("auto", "off")
UPDATE = UPDATE_ALWAYS // 2  # update rate 1/2: a shader wastes no work, and rules can share a field
SHORTEST, LONGEST = 16, 32  # automaton steps of a rollout; longer ones train slower and no better (docs/experiments.md)
LEARNING_RATE = 2e-3  # 0.001 learns less in as many steps, 0.004 diverges (docs/experiments.md)
# Settings that older runs stored, each with the one value that a run can have.
FIXED = {"update": UPDATE, "shortest": SHORTEST, "longest": LONGEST, "learning_rate": LEARNING_RATE}


@dataclass(frozen=True)
class Config:
    """Settings of a training run. Raises UserError if one is out of range.

    channels, hidden: the rule's C and H.
    scale: of the picture, up to 1; 0 chooses it by the picture's detail. One pixel of the scaled picture is one cell.
    size: largest side of the scaled picture in pixels; of a larger one the middle is used.
    detail: pixels of a cell, across and down: 1 for no decoder, 2, 4 or 8; 0 chooses it by the picture's pixels.
    field: side of the trained states in cells. A field smaller than the picture is faster, but sees less at once.
    steps: optimisation steps. minutes: if not None, training ends by the clock instead.
    batch: states in an optimisation step. pool: states kept between steps.
    features: a name in EXTRACTORS, or FILE.py:NAME or MODULE:NAME of custom features.
    layer_weights: of the features' layers; empty for the extractor's own.
    amp: precision of the matrix products, one of AMP.
    capture: whether rollouts run as CUDA graphs, where that works: one of CAPTURE.
    seed: of everything random, 0 to 2^32 - 1.
    """

    channels: int = 12
    hidden: int = 96
    scale: float = 0
    size: int = 256
    detail: int = 0
    field: int = 64
    steps: int = 1500
    minutes: float | None = None
    batch: int = 2
    pool: int = 32
    features: str = "multiscale"  # of runs that stored no name; a user's own default is "auto" (nca.features.registry)
    layer_weights: tuple[float, ...] = ()
    amp: str = "auto"
    capture: str = "off"  # until somebody has measured it
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse settings that cannot be trained."""
        for name in (field.name for field in fields(self) if field.type is int):
            self._require(type(getattr(self, name)) is int, name, "a whole number")
        self._require(_is_number(self.scale), "scale", "a number")
        self._require(self.minutes is None or _is_number(self.minutes), "minutes", "a number")
        self._require(self.channels in CHANNELS, "channels", f"one of {CHANNELS}")
        in_range = self.hidden % 4 == 0 and 4 <= self.hidden <= MAX_HIDDEN
        self._require(in_range, "hidden", f"a multiple of 4 from 4 to {MAX_HIDDEN}")
        self._require(0 <= self.scale <= 1, "scale", "above 0, up to 1, or 0 to choose it by the picture")
        self._require(16 <= self.size <= 1024, "size", "16 to 1024 px")
        self._require(self.detail in (0, *DETAILS), "detail", f"one of {DETAILS}, or 0 to choose it by the picture")
        self._require(16 <= self.field <= 1024, "field", "16 to 1024 cells")
        self._require(1 <= self.steps <= MOST_STEPS, "steps", f"at least 1, up to {MOST_STEPS}")
        in_range = self.minutes is None or 0 < self.minutes <= MOST_MINUTES
        self._require(in_range, "minutes", f"more than 0, up to {MOST_MINUTES}")
        most = MOST_STATES // (self.channels * self.field**2)
        self._require(1 <= self.pool <= most, "pool", f"1 to {most}, which fill 1 GB")
        self._require(1 <= self.batch <= self.pool, "batch", f"1 to the pool's {self.pool}")
        self._check_features()
        self._require(self.amp in AMP, "amp", f"one of {AMP}")
        self._require(self.capture in CAPTURE, "capture", f"one of {CAPTURE}")
        self._require(0 <= self.seed < 1 << 32, "seed", "0 to 2^32 - 1")

    def _check_features(self) -> None:
        named = isinstance(self.features, str) and "\0" not in self.features
        self._require(named, "features", "a name without the character 0")
        if not is_custom(self.features):
            known = self.features in EXTRACTORS
            self._require(known, "features", f"one of {tuple(EXTRACTORS)}, or FILE.py:NAME")
            count = EXTRACTORS[self.features].layer_weights
            self._require(len(self.layer_weights) in (0, count), "layer_weights", f"{count} numbers")
        finite = all(_is_number(weight) and 0 <= weight < math.inf for weight in self.layer_weights)
        self._require(finite and any(self.layer_weights or [1]), "layer_weights", "none below 0, and one above")

    def _require(self, holds: bool, name: str, expected: str) -> None:
        if not holds:
            raise UserError(f"{name} is {str(getattr(self, name))[:60]}: expected {expected}")

    @classmethod
    def chosen(cls, settings: dict[str, Any]) -> "Config":
        """A user's choices: a "preset", which is small by default, and changes to it."""
        preset = settings.get("preset", "small")
        if preset not in PRESETS:
            raise UserError(f"preset is {str(preset)[:60]}: expected one of {tuple(PRESETS)}")
        return cls.of(PRESETS[preset] | {name: settings[name] for name in settings if name != "preset"})

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Config":
        """From a stored dictionary. Raises UserError for an unknown key, or another value of a fixed one."""
        for name in FIXED.keys() & values.keys():
            if values[name] != FIXED[name]:
                raise UserError(f"{name} is {values[name]}: expected {FIXED[name]}, which no setting changes any more")
        known = [field.name for field in fields(cls)]
        unknown = sorted(values.keys() - {*known, *FIXED})
        if unknown:
            raise UserError(f"configuration has unknown keys {str(unknown)[:60]}: expected some of {known}")
        chosen = {name: value for name, value in values.items() if name in known}
        weights = values.get("layer_weights", ())
        if not isinstance(weights, list | tuple):
            raise UserError(f"layer_weights is {str(weights)[:60]}: expected a list of numbers")
        return cls(**{**chosen, "layer_weights": tuple(weights)})


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


# On a CPU, many cheap optimisation steps are better than few thorough ones: half the batch gave twice the steps and a
# better texture in the same time. The pool is small for the same reason: a state grows old only if it is drawn often. A
# larger field is worth its cost: each state must match the picture's statistics alone, and a small one has few shapes.
PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {"channels": 4, "hidden": 8, "steps": 2500},  # the lesson's 168 parameters
    "small": {"channels": 12, "hidden": 96},
    "full": {"channels": 12, "hidden": 96, "field": 128},
}
