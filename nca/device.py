"""The device on which torch computes."""

import torch
from torch import Tensor

from nca.errors import UserError

__all__ = ["pick_device", "upload"]


def pick_device(choice: str) -> torch.device:
    """`auto` means CUDA if it is available, else the CPU. Raises UserError if the chosen device is not available."""
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if choice == "auto":
        return torch.device("cuda" if available["cuda"] else "cpu")
    if not available.get(choice):
        found = [name for name in available if available[name]]
        raise UserError(f"device {str(choice)[:60]} is not available: expected one of {found}")
    return torch.device(choice)


def upload(values: Tensor, device: torch.device) -> Tensor:
    """Values of the CPU, on the device. CUDA copies pinned memory by itself, so nothing waits for it."""
    if device.type == "cuda":
        return values.pin_memory().to(device, non_blocking=True)
    return values.to(device)
