"""Signals end training after the current step."""

from contextlib import AbstractContextManager, ExitStack
from typing import TYPE_CHECKING

from nca.training.callback import Callback, Interrupted
from nca.training.interrupt import noted_interrupts

if TYPE_CHECKING:
    from nca.training.trainer import Trainer

__all__ = ["StopOnSignals"]


class StopOnSignals(Callback, AbstractContextManager["StopOnSignals"]):
    """Ends training once Ctrl-C, SIGTERM or SIGHUP has come. As a context, it lets go of them also after an error."""

    order = -15  # from the save of the run on, they mean what they meant before

    def __init__(self) -> None:
        self.handlers = ExitStack()

    def before_fit(self, trainer: "Trainer") -> None:
        """Watch. torchrun sends its signals twice."""
        alone = trainer.ranks.count == 1
        self.handlers.enter_context(noted_interrupts(lambda _: trainer.stop(Interrupted()), again=alone))

    def after_fit(self, trainer: "Trainer") -> None:
        """Let go."""
        self.handlers.close()

    def __exit__(self, *_: object) -> None:
        self.handlers.close()
