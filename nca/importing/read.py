"""Arrays by name from files of weights. Nothing in them is ever executed, and sizes are checked before reading."""

import pickle
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Arrays", "read_arrays", "read_raw"]

Array = NDArray[np.float64]
Arrays = dict[str, Array]

MOST_BYTES = 1 << 26  # of a file, and of what a compressed one unpacks to: weights of an automaton take some 20 KB
SAVED_BY = "a state dict that torch.save wrote"
EXPECTED = f"{SAVED_BY}, or the same arrays as .safetensors or .npz"


def read_arrays(path: Path) -> Arrays:
    """The arrays of a .pt, .pth, .safetensors or .npz file, by name, as float64.

    Raises UserError if the file is damaged, too large, of another kind, or holds something other than finite numbers.
    """
    readers = {".pt": _read_torch, ".pth": _read_torch, ".safetensors": _read_safetensors, ".npz": _read_npz}
    reader = readers.get(path.suffix.lower())
    if not reader:
        expected = ", ".join(readers)
        raise UserError(f"{path}: expected a file of weights ({expected}), or a .json with 8-bit models")
    _check_size(path)
    try:
        found = reader(path)
    except UserError as error:
        raise UserError(f"{path}: {error}") from None
    except Exception as error:  # libraries raise many kinds for damaged files
        raise UserError(_unread(path, error)) from None
    return {name: _numbers(path, name, values) for name, values in found.items() if values.dtype.kind in "fiuc"}


def read_raw(path: Path, channels: int, hidden: int, filters: int = 4) -> Arrays:
    """A file of little-endian float32 numbers: w1 (H, F * C), b1 (H,), w2 (C, H), one after the other.

    Raises UserError if its size is not that of these arrays.
    """
    shapes = {"w1": (hidden, filters * channels), "b1": (hidden,), "w2": (channels, hidden)}
    counts = {name: int(np.prod(shape)) for name, shape in shapes.items()}
    _check_size(path)
    content, expected = path.read_bytes(), 4 * sum(counts.values())
    if len(content) != expected:
        raise UserError(f"{path} has {len(content):,} bytes: expected {expected:,}, for C = {channels}, H = {hidden}")
    parts = np.split(np.frombuffer(content, "<f4"), np.cumsum([*counts.values()])[:-1])
    named = zip(shapes.items(), parts, strict=True)
    return {name: _numbers(path, name, part.reshape(shape)) for (name, shape), part in named}


def _check_size(path: Path) -> None:
    try:
        size = path.stat().st_size
        if not path.is_file():  # opening a pipe waits for its writer
            raise UserError(f"{path} is a folder, a pipe or a device: expected a file")
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                size = max(size, sum(entry.file_size for entry in archive.infolist()))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, ValueError) as error:
        raise UserError(f"{path} is damaged ({_line(error)})") from None
    if size > MOST_BYTES:
        raise UserError(f"{path} holds {size:,} bytes: expected the weights of an automaton, at most {MOST_BYTES:,}")


def _read_torch(path: Path) -> dict[str, NDArray[np.generic]]:
    import torch

    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if "GLOBAL" not in str(error):
            raise ValueError(str(error).rpartition("WeightsUnpickler error:")[2].lstrip().partition("\n")[0]) from None
        raise UserError("holds more than weights, such as a whole module: save `model.state_dict()` alone") from None
    if not isinstance(content, dict):
        raise UserError(f"holds a {type(content).__name__}: expected {SAVED_BY}")
    nested = next((each for each in content.values() if isinstance(each, dict) and _tensors(each)), None)
    tensors = _tensors(content) or _tensors(nested or {})
    if not tensors:
        raise UserError(f"holds no weights: expected {SAVED_BY}")
    return {name: _array(tensor.detach().to_dense()) for name, tensor in tensors.items()}


def _tensors(content: dict[object, object]) -> "dict[str, Tensor]":
    import torch

    return {str(name): each for name, each in content.items() if isinstance(each, torch.Tensor)}


def _read_safetensors(path: Path) -> dict[str, NDArray[np.generic]]:
    from safetensors.torch import load

    return {name: _array(tensor) for name, tensor in load(path.read_bytes()).items()}


def _array(tensor: "Tensor") -> NDArray[np.generic]:
    return np.asarray((tensor if tensor.is_complex() else tensor.float()).numpy())


def _read_npz(path: Path) -> dict[str, NDArray[np.generic]]:
    with path.open("rb") as file, np.load(file, allow_pickle=False) as content:
        return {name: np.asarray(content[name]) for name in content.files}


def _unread(path: Path, error: Exception) -> str:
    """What is wrong with a file that its reader does not take."""
    with path.open("rb") as file:
        start = file.read(80)
    if not start:
        return f"{path} is empty: expected {EXPECTED}"
    if start.isascii() and start.decode().replace("\n", " ").replace("\r", " ").replace("\t", " ").isprintable():
        return f"{path} is a text, no {path.suffix} file: expected {EXPECTED}"
    return f"{path} is damaged, or no {path.suffix} file ({_line(error)}): expected {EXPECTED}"


def _numbers(path: Path, name: str, values: NDArray[np.generic]) -> Array:
    if values.dtype.kind == "c":
        raise UserError(f"{path}: {name} holds complex numbers: expected real ones")
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise UserError(f"{path}: {name} holds NaN or infinity: expected finite numbers")
    return numbers


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
