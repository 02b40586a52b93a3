"""A user's own code, named on the command line as `my_code.py:Edges` or `package.module:Edges`: features, callbacks."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from nca.errors import UserError
from nca.files import plain_text

__all__ = ["absolute", "explained", "find_named", "kind_of", "without_folder"]


def find_named(name: str, what: str) -> Any:
    """The class or function of this name. Its module is imported, which runs its code.

    what: the thing that it makes, such as "features", for errors.

    Raises UserError if it is missing or cannot be called. Errors of the module itself are not caught.
    """
    place, _, attribute = name.rpartition(":")
    module = _from_file(Path(place), what) if _is_file(place) else _from_package(place)
    if not hasattr(module, attribute):
        raise UserError(f"{place} has no {attribute!r}: expected a class or a function of that name in it")
    found = getattr(module, attribute)
    if not callable(found):
        raise UserError(f"{name} is {kind_of(found)}: expected a class or a function that returns the {what}")
    return found


@contextmanager
def explained(failed: str, *passed: type[Exception]) -> Iterator[None]:
    """Turn an exception of the user's code into a UserError of one line, which begins with these words.

    passed: exceptions that are left as they are, with UserError.
    """
    try:
        yield
    except (Exception, SystemExit) as error:
        if isinstance(error, (UserError, *passed)):
            raise
        reason = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
        raise UserError(f"{failed}: {reason}") from None


def absolute(name: str) -> str:
    """The name with the full path of its file, so that a run finds it from any folder; a module's name is kept."""
    place, _, attribute = name.rpartition(":")
    return f"{Path(place).absolute()}:{attribute}" if _is_file(place) else name


def without_folder(name: str) -> str:
    """The name without the folder of its file, because a path would reveal the user's folders to others."""
    place, colon, attribute = name.rpartition(":")
    return plain_text(f"{Path(place).name if _is_file(place) else place}{colon}{attribute}")


def kind_of(value: object) -> str:
    """What a value is, for errors."""
    if isinstance(value, list | tuple) and not value:
        return f"an empty {type(value).__name__}"
    return "nothing" if value is None else f"an object of type {type(value).__name__}"


def _is_file(place: str) -> bool:
    return place.endswith(".py") or Path(place).name != place


def _from_file(path: Path, what: str) -> ModuleType:
    if not path.is_file():
        raise UserError(f"there is no file {path}: expected the Python file with your {what}")
    spec = spec_from_file_location(f"nca_custom_{what}_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UserError(f"{path} is no Python file: expected a name that ends in .py")
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look up the module of their class here
    spec.loader.exec_module(module)
    return module


def _from_package(name: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise  # it is another module, which this one imports
        raise UserError(f"there is no module {name}: expected one that is installed, or FILE.py:NAME") from None
