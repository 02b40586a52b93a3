"""Callbacks: what accompanies training. Their methods are called as in miniai, the library of the lesson."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nca.training.trainer import Trainer

__all__ = ["PLACES", "Callback", "Interrupted", "StopTraining"]

PLACES = (
    "before_fit",
    "before_batch",
    "after_predict",
    "after_loss",
    "after_backward",
    "after_step",
    "after_batch",
    "after_fit",
)


class StopTraining(Exception):  # noqa: N818 - it is no error, and the lesson's is CancelFitException
    """Raised by a callback, it ends training early, after the current optimisation step.

    That step stays whole, and the other callbacks see its end. So a run that stopped can be resumed, bit for bit.

    >>> class StopWhenGood(nca.Callback):
    ...     def after_batch(self, trainer):
    ...         if trainer.result.style < 0.05:
    ...             raise nca.StopTraining
    """


class Interrupted(StopTraining):
    """Somebody outside wants training to stop: by Ctrl-C, or because nobody sees it any more."""


class Callback:
    """Called at every place of the training loop. A callback of yours overrides the methods that it needs.

    order: callbacks of a lower order are called first, and those of one order as they were handed over. The run folder
    is written at -20, progress is shown at -10, the live page at -8, and the check of stability is made at -5.

    Each method gets the trainer. `trainer.step` is the number of finished steps, `trainer.config` the settings,
    `trainer.automaton` the automaton, `trainer.optimizer.lr` the learning rate, `trainer.progress` the fraction of
    training that is done, in [0, 1]. A method may change what it finds, and may raise StopTraining. If several
    processes train together, each of them calls its own callbacks with its own share of the batch.

    >>> class Halve(nca.Callback):
    ...     def after_loss(self, trainer):
    ...         trainer.loss = trainer.loss / 2
    """

    order: int = 0

    def before_fit(self, trainer: "Trainer") -> None:
        """Before the first optimisation step; in a resumed training, before the first one from here on."""

    def before_batch(self, trainer: "Trainer") -> None:
        """`trainer.states`: drawn from the pool, (B, H, W, C) in real units, 1/1024 each; some are fresh or damaged."""

    def after_predict(self, trainer: "Trainer") -> None:
        """`trainer.states`: after the rollout. `trainer.predictions`: their pictures, (B, 3, H, W) in about [0, 1]."""

    def after_loss(self, trainer: "Trainer") -> None:
        """`trainer.loss`, which goes backward from here; `trainer.style`, `trainer.overflow`. All are scalars."""

    def after_backward(self, trainer: "Trainer") -> None:
        """The gradients of `trainer.parameters()`, of norm 1, and `trainer.norms` before; means of all processes."""

    def after_step(self, trainer: "Trainer") -> None:
        """The optimizer has changed the weights."""

    def after_batch(self, trainer: "Trainer") -> None:
        """The states are back in `trainer.pool`. `trainer.result`: step, progress, seconds, loss, style, overflow."""

    def after_fit(self, trainer: "Trainer") -> None:
        """After the last step, also if a callback stopped training; not after an error."""
