"""What a training run is made from; echoed, and stored beside the weights."""

import math
from dataclasses import dataclass, fields
from typing import Any

from nca.errors import UserError
from nca.rule import CHANNELS, MAX_HIDDEN, UPDATE_ALWAYS

__all__ = ["AMP", "FEATURES", "PRESETS", "Config"]

FEATURES = {"multiscale": 2, "imagenet": 3, "vgg16": 5, "vgg19": 5}  # and how many layer weights each takes
AMP = ("auto", "off", "fp16", "bf16")


@dataclass(frozen=True)
class Config:
    """Settings of a training run. Raises UserError where one is out of range.

    channels, hidden, update: the rule's C, H and update rate times 256.
    scale: of the picture, up to 1; 0 chooses it by the picture's detail. A pixel of the scaled picture is a cell.
    size: largest side of the scaled picture in pixels; of a larger one the middle counts.
    field: side of the states that are trained; smaller than the picture, it is faster but sees less at once.
    steps: optimisation steps; minutes, where not None, ends training by the clock instead.
    batch, pool: states an optimisation step, and states kept.
    shortest, longest: automaton steps a state is run for before the loss looks at it.
    features: one of FEATURES, or where a user's own are to be found (nca.own_features).
    layer_weights: of the features' layers; empty for the features' own.
    seed: of everything random.
    """

    channels: int = 12
    hidden: int = 96
    update: int = UPDATE_ALWAYS // 2
    scale: float = 0
    size: int = 256
    field: int = 64
    steps: int = 1500
    minutes: float | None = None
    batch: int = 2
    pool: int = 32
    shortest: int = 16
    longest: int = 32
    learning_rate: float = 2e-3
    features: str = "multiscale"
    layer_weights: tuple[float, ...] = ()
    amp: str = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        for name in (field.name for field in fields(self) if field.type is int):
            self._require(type(getattr(self, name)) is int, name, "a whole number")
        self._require(self.channels in CHANNELS, "channels", f"one of {CHANNELS}")
        in_range = self.hidden % 4 == 0 and 4 <= self.hidden <= MAX_HIDDEN
        self._require(in_range, "hidden", f"a multiple of 4 from 4 to {MAX_HIDDEN}")
        self._require(1 <= self.update <= UPDATE_ALWAYS, "update", f"1 to {UPDATE_ALWAYS}")
        self._require(0 <= self.scale <= 1, "scale", "above 0, up to 1, or 0 to choose it by the picture")
        self._require(16 <= self.size <= 1024, "size", "16 to 1024 px")
        self._require(16 <= self.field <= 1024, "field", "16 to 1024 cells")
        self._require(self.steps >= 1, "steps", "at least 1")
        self._require(self.minutes is None or 0 < self.minutes < math.inf, "minutes", "more than 0")
        self._require(1 <= self.batch <= self.pool, "batch", f"1 to the pool's {self.pool}")
        self._require(1 <= self.shortest <= self.longest, "shortest", f"1 to the longest's {self.longest}")
        self._require(self.learning_rate > 0, "learning_rate", "more than 0")
        own = ":" in self.features
        self._require(own or self.features in FEATURES, "features", f"one of {tuple(FEATURES)}, or FILE.py:NAME")
        count = FEATURES.get(self.features)
        self._require(own or len(self.layer_weights) in (0, count), "layer_weights", f"{count} numbers")
        finite = all(0 <= weight < math.inf for weight in self.layer_weights)
        self._require(finite and any(self.layer_weights or [1]), "layer_weights", "none below 0, and one above")
        self._require(self.amp in AMP, "amp", f"one of {AMP}")
        self._require(0 <= self.seed < 1 << 32, "seed", "0 to 2^32 - 1")

    def _require(self, holds: bool, name: str, expected: str) -> None:
        if not holds:
            raise UserError(f"{name} is {getattr(self, name)}: expected {expected}")

    @classmethod
    def chosen(cls, settings: dict[str, Any]) -> "Config":
        """What a user asks for: a "preset", small unless named, and changes to it."""
        return cls.of(PRESETS[settings.get("preset", "small")] | {k: settings[k] for k in settings if k != "preset"})

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Config":
        """From a stored dictionary. Raises UserError where a key is unknown."""
        known = [field.name for field in fields(cls)]
        unknown = sorted(values.keys() - set(known))
        if unknown:
            raise UserError(f"configuration has unknown keys {unknown}: expected some of {known}")
        return cls(**{**values, "layer_weights": tuple(values.get("layer_weights", ()))})


# For a CPU, many cheap optimisation steps beat few thorough ones: half the batch gave twice the steps and the better
# texture in the same time. The pool is small for the same reason: a state must be drawn often to grow old. A larger
# field is worth its price: each state must have the picture's statistics by itself, and a small one has few shapes.
PRESETS: dict[str, dict[str, Any]] = {
    "tiny": {"channels": 4, "hidden": 8, "steps": 2500},  # the lesson's 168 parameters
    "small": {"channels": 12, "hidden": 96},
    "full": {"channels": 12, "hidden": 96, "field": 128},
}
