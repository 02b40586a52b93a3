"""A callback of a user's, named on the command line as `my_callbacks.py:StopWhenGood` or `package.module:NAME`."""

from functools import partialmethod
from typing import TYPE_CHECKING

from nca.errors import UserError
from nca.named import explained, find_named, kind_of
from nca.training.callback import PLACES, Callback, StopTraining

if TYPE_CHECKING:
    from nca.training.trainer import Trainer

__all__ = ["CustomCallback"]


class CustomCallback(Callback):
    """The callback that a class or a function of a user's makes, without arguments.

    Raises UserError of one line if the code cannot be found, makes something else, or fails.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        with explained(f"{name} failed when it was made"):
            self.callback = find_named(name, "callback")()
        if not isinstance(self.callback, Callback):
            raise UserError(f"{name} gives {kind_of(self.callback)}: expected an nca.Callback")
        self.order = self.callback.order

    def _call(self, trainer: "Trainer", place: str) -> None:
        with explained(f"{self.name} failed in {place}", StopTraining):
            getattr(self.callback, place)(trainer)


for each in PLACES:
    setattr(CustomCallback, each, partialmethod(CustomCallback._call, place=each))
