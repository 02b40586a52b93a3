"""All that a trainer needs to go on exactly as if it had never stopped, as named tensors."""

from collections.abc import Mapping

import torch
from torch import Tensor

from nca.errors import UserError
from nca.train import Trainer

__all__ = ["capture", "restore"]


def capture(trainer: Trainer) -> dict[str, Tensor]:
    """The trainer's weights, optimizer, pool, random state and counters."""
    return {
        **{f"automaton.{name}": tensor for name, tensor in trainer.automaton.state_dict().items()},
        **{f"moments.{index}.mean": mean for index, mean in enumerate(trainer.optimizer.means)},
        "pool": trainer.pool.integers,
        "random": trainer.random.get_state(),
        **{f"scaler.{name}": torch.tensor(value) for name, value in trainer.scaler.state_dict().items()},
        "step": torch.tensor(trainer.step),
        "seconds": torch.tensor(trainer.seconds, dtype=torch.float64),
    }


def restore(trainer: Trainer, tensors: Mapping[str, Tensor]) -> None:
    """Bring a new trainer of the same configuration to a captured state. Raises UserError where they do not fit."""
    try:
        trainer.automaton.load_state_dict(_under(tensors, "automaton."))
        for index, mean in enumerate(trainer.optimizer.means):
            mean.copy_(tensors[f"moments.{index}.mean"])
        trainer.pool.integers.copy_(tensors["pool"])
        trainer.random.set_state(tensors["random"])
        scaler = {name: tensor.item() for name, tensor in _under(tensors, "scaler.").items()}
        trainer.scaler.load_state_dict(trainer.scaler.state_dict() | scaler)  # none where float32 was trained before
        trainer.step = int(tensors["step"])
        trainer.seconds = float(tensors["seconds"])
    except (KeyError, RuntimeError, ValueError, TypeError) as error:
        reason = " ".join(str(error).splitlines()[-1:]).strip()  # torch's own says more, on many lines
        raise UserError(f"cannot resume: the saved state does not fit the configuration ({reason})") from None


def _under(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
