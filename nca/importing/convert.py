"""From two layers in another program's conventions to an automaton in ours."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError
from nca.importing.floats import FloatAutomaton
from nca.importing.kernels import kernels, mixing
from nca.rule.rule import CHANNELS, MAX_HIDDEN

__all__ = ["ORDERS", "Conventions", "Layers", "convert", "recognise"]

Array = NDArray[np.float64]

MOST_CHANNELS = CHANNELS[-1]
ORDERS = ("channels", "filters")
SIDE, STEPS = 32, 250  # of the run that tells whether conventions make sense
CALM, LIVELY = 8.0, 0.01  # the largest state, and the least deviation of the colours, of an automaton that lives


@dataclass(frozen=True, eq=False)
class Layers:
    """Two layers as they were found.

    w1: (H, F * C), F kernels seen on each of C channels. b1: (H,). w2: (C, H). b2: (C,).
    kernels: (F, 3, 3) if the file holds them, else None.
    """

    w1: Array
    b1: Array
    w2: Array
    b2: Array
    kernels: Array | None = None

    @property
    def channels(self) -> int:
        """C."""
        return len(self.w2)

    @property
    def filters(self) -> int:
        """F."""
        return int(self.w1.shape[1]) // self.channels


@dataclass(frozen=True)
class Conventions:
    """What a file of weights does not say.

    order: of the first layer's inputs: "channels" puts the kernels of one channel side by side, as PyTorch's grouped
      convolution does; "filters" puts the channels of one kernel side by side.
    divisor: of the kernels, except the identity.
    centre: of the Laplacian, before it is divided; the sum of its other numbers is 12.
    offset: added to the state for a colour: 0.5, or 0.
    update: in [1, 256].
    """

    order: str = "channels"
    divisor: float = 1
    centre: float = -12
    offset: float = 0.5
    update: int = 128

    def __str__(self) -> str:
        """One line of text."""
        return (
            f"inputs by {self.order}, kernels divided by {self.divisor:g}, Laplacian with centre {self.centre:g}, "
            f"colour = state + {self.offset:g}, update rate {self.update / 256:g}"
        )


def recognise(layers: Layers, given: Conventions, fixed: frozenset[str]) -> Conventions:
    """The conventions with which the automaton grows a picture and stays in range.

    given: tried first, and returned if no others work either. fixed: names of those that the user chose.
    """
    return next((each for each in _guesses(layers, given, fixed) if _lives(convert(layers, each))), given)


def _guesses(layers: Layers, given: Conventions, fixed: frozenset[str]) -> Iterator[Conventions]:
    divisors = [given.divisor] if "divisor" in fixed or layers.kernels is not None else [1, 8]
    for order in [given.order] if "order" in fixed else ORDERS:
        for divisor in divisors:
            yield replace(given, order=order, divisor=divisor)


def _lives(automaton: FloatAutomaton) -> bool:
    [state] = automaton.rollout(SIDE, [STEPS])
    return bool(state.abs().max() < CALM and state[:3].std() > LIVELY)


def convert(layers: Layers, conventions: Conventions) -> FloatAutomaton:
    """The automaton of these layers. Sizes that the format does not have are filled up with zeros.

    Raises UserError for more channels than a rule may have, and for kernels that do not fit.
    """
    C = layers.channels
    if C > MOST_CHANNELS:
        raise UserError(f"{C} channels: expected at most {MOST_CHANNELS}")
    theirs = kernels(conventions.divisor, conventions.centre)[: layers.filters]
    mixed = mixing(theirs if layers.kernels is None else layers.kernels)  # (F, 4)
    w1 = _by_filter(layers, conventions.order) @ mixed  # (H, C, 4)
    shift = 0.5 - conventions.offset  # their state is ours and this, in the colours
    b1 = layers.b1 + shift * w1[:, :3, 0].sum(1)
    w1, b1, w2 = _filled(w1, b1, layers.w2, layers.b2)
    return FloatAutomaton(
        w1=w1.transpose(0, 2, 1).reshape(len(w1), -1),
        b1=b1,
        w2=w2,
        update=conventions.update,
        hidden_limit=np.inf,
        state_limit=np.full(len(w2), np.inf),
    )


def _by_filter(layers: Layers, order: str) -> Array:
    """(H, C, F)."""
    H, C, F = len(layers.w1), layers.channels, layers.filters
    return layers.w1.reshape(H, C, F) if order == "channels" else layers.w1.reshape(H, F, C).transpose(0, 2, 1)


def _filled(w1: Array, b1: Array, w2: Array, b2: Array) -> tuple[Array, Array, Array]:
    """Add channels up to a multiple of 4, a unit that is always 1 if there is a bias, units up to a multiple of 4."""
    (H, C, _), constant = w1.shape, int(np.any(b2))
    channels, hidden = -(-C // 4) * 4, -(-(H + constant) // 4) * 4
    if hidden > MAX_HIDDEN:
        counted = " with the second layer's bias" * constant
        raise UserError(f"{H} hidden units{counted}: expected at most {MAX_HIDDEN - constant}")
    first, bias, second = np.zeros((hidden, channels, 4)), np.zeros(hidden), np.zeros((channels, hidden))
    first[:H, :C], bias[:H], second[:C, :H] = w1, b1, w2
    if constant:
        bias[H], second[:C, H] = 1, b2
    return first, bias, second
