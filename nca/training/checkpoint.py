"""The state of a trainer as named tensors: with it, training continues exactly as if it had never stopped."""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from nca.errors import UserError
from nca.training.trainer import Trainer

__all__ = ["capture", "load_captured"]


def capture(trainer: Trainer) -> dict[str, Tensor]:
    """The weights of automaton and decoder, optimizer, pool, random state and counters."""
    return {
        **{f"automaton.{name}": tensor for name, tensor in trainer.automaton.state_dict().items()},
        **{f"decoder.{name}": tensor for name, tensor in (trainer.net.state_dict() if trainer.net else {}).items()},
        **{f"moments.{index}.mean": mean for index, mean in enumerate(trainer.optimizer.means)},
        "pool": trainer.pool.integers,
        "random": trainer.random.get_state(),
        **{f"scaler.{name}": torch.tensor(value) for name, value in trainer.precision.scaler.state_dict().items()},
        "step": torch.tensor(trainer.step),
        "seconds": torch.tensor(trainer.seconds, dtype=torch.float64),
    }


def load_captured(trainer: Trainer, tensors: Mapping[str, Tensor]) -> None:
    """Bring a new trainer of the same configuration to a captured state. Raises UserError if they do not fit."""
    try:
        trainer.automaton.load_state_dict(_layers(tensors))
        if trainer.net:
            trainer.net.load_state_dict(_under(tensors, "decoder."))
        for index, mean in enumerate(trainer.optimizer.means):
            mean.copy_(tensors[f"moments.{index}.mean"])
        trainer.pool.integers.copy_(tensors["pool"])
        trainer.random.set_state(tensors["random"])
        scaler = {name: tensor.item() for name, tensor in _under(tensors, "scaler.").items()}
        trainer.precision.scaler.load_state_dict(
            trainer.precision.scaler.state_dict() | scaler
        )  # empty after training in float32
        trainer.step = int(tensors["step"])
        trainer.seconds = float(tensors["seconds"])
    except (KeyError, RuntimeError, ValueError, TypeError) as error:
        reason = " ".join(str(error).splitlines()[-1:]).strip()  # torch writes many lines
        raise UserError(f"the saved state does not fit the configuration ({reason})") from None


def _layers(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The automaton's parameters. Earlier versions called the layers w1 and w2."""
    found = _under(tensors, "automaton.")
    return {re.sub(r"^w(?=[12]\.)", "layer", name): tensor for name, tensor in found.items()}


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
