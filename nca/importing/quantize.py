"""The quantizer after training: a rule from float weights, with scales chosen by the error on real rollouts.

A ReLU is homogeneous: a hidden unit may be computed in any unit if the second layer divides by it. The unit of a
channel that no one sees is free, too. So hidden units and unseen channels are brought to the ranges of the format, and
each row of weights uses all of its 8 bits.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from nca.errors import UserError
from nca.importing.floats import FloatAutomaton, Sample, sample
from nca.rule.bounds import EXACT, WEIGHT_MAX
from nca.rule.rule import HIDDEN_BITS, HIDDEN_MAX, MAX_HIDDEN, STATE_BITS, STATE_MAX, STATE_UNIT, Rule

__all__ = ["Quantized", "quantize"]

Array = NDArray[np.float64]

COLOURS = 3
ROOM = 1.25  # between the largest value that was seen and the end of a range
HIDDEN_LIMIT = HIDDEN_MAX / (1 << HIDDEN_BITS)
STATE_LIMIT = STATE_MAX * STATE_UNIT
BLOWN_UP = 64.0  # times the range of a colour: such a state never comes back
GAINS = 2.0 ** -np.linspace(0, 1, 9)  # tried for each hidden unit, in parts of the largest possible
Q1, Q2 = range(-2, 17), range(3, 17)  # weights are multiples of 2^-q; k1 = q + 2, k2 = q - 2


@dataclass(frozen=True)
class Quantized:
    """A rule, and the error of its update on real rollouts: RMS in parts of the update's own, mean over channels."""

    rule: Rule
    error: float


def quantize(automaton: FloatAutomaton) -> Quantized:
    """The integer rule of an automaton.

    Raises UserError if the automaton does not stay in range, or has more hidden units than a rule may have.
    """
    if automaton.hidden > MAX_HIDDEN:
        raise UserError(f"{automaton.hidden} hidden units: expected at most {MAX_HIDDEN}")
    seen = sample(automaton)
    if not np.abs(seen.state).max() < BLOWN_UP:
        raise UserError("this automaton does not stay in range when it runs: check --order, --kernels and --laplacian")
    scaled, seen = _fit_channels(automaton, seen)
    first = [_first_row(scaled, seen, row) for row in range(scaled.hidden)]
    units = np.stack([row.run(seen.perception) for row in first])  # the integers h of the rule
    gains = np.array([row.gain for row in first])
    second = [_second_row(weights / gains, weights @ seen.hidden, units) for weights in scaled.w2]
    rule = Rule(
        w1=np.stack([row.weights for row in first]),
        b1=np.array([row.bias for row in first]),
        k1=np.array([row.exponent + STATE_BITS - HIDDEN_BITS for row in first]),
        w2=np.stack([row.weights for row in second]),
        k2=np.array([row.exponent + HIDDEN_BITS - STATE_BITS for row in second]),
        update=scaled.update,
    )
    return Quantized(rule, float(np.mean([row.error for row in second])))


def _fit_channels(automaton: FloatAutomaton, seen: Sample) -> tuple[FloatAutomaton, Sample]:
    """The same automaton with unseen channels in units that use the state's range. Colours keep theirs."""
    largest = np.maximum(np.abs(seen.state).max(1) * ROOM, 1e-3)
    limits = np.minimum(largest, automaton.state_limit)
    units = np.where(np.arange(automaton.channels) < COLOURS, 1, STATE_LIMIT / limits)
    columns = np.tile(units, 4)
    scaled = replace(
        automaton,
        w1=automaton.w1 / columns,
        w2=automaton.w2 * units[:, None],
        state_limit=automaton.state_limit * units,
    )
    return scaled, replace(seen, perception=seen.perception * columns[:, None], state=seen.state * units[:, None])


@dataclass(frozen=True)
class _FirstRow:
    """One hidden unit in integers, in units of 1 / gain."""

    weights: NDArray[np.int64]
    bias: int
    exponent: int
    gain: float

    def run(self, perception: Array) -> Array:
        """The integers h, (cells,), for perceptions in real units."""
        integers = np.clip(np.floor(perception / STATE_UNIT + 0.5), -STATE_MAX, STATE_MAX)
        shift = self.exponent + STATE_BITS - HIDDEN_BITS
        return np.asarray(np.clip(np.floor((self.weights @ integers + self.bias) / 2.0**shift), 0, HIDDEN_MAX))


def _first_row(automaton: FloatAutomaton, seen: Sample, row: int) -> _FirstRow:
    """The best of several units and scales for a hidden unit."""
    weights, bias, hidden = automaton.w1[row], automaton.b1[row], seen.hidden[row]
    limited = np.isfinite(automaton.hidden_limit)
    largest = automaton.hidden_limit if limited else max(hidden.max() * ROOM, 1e-3)
    gains = [HIDDEN_LIMIT / largest] if limited else HIDDEN_LIMIT / largest * GAINS
    tried = (
        _rounded(weights * gain, bias * gain, q, gain)
        for gain in gains
        for q in _scales(weights * gain, Q1, bias * gain)
    )
    fitting = [each for each in tried if _worst(each) < EXACT]
    if not fitting:
        raise UserError(f"hidden unit {row} has weights or a bias too large for the format, which holds up to 508")
    errors = [
        float(((each.run(seen.perception) / (1 << HIDDEN_BITS) / each.gain - hidden) ** 2).mean()) for each in fitting
    ]
    return fitting[int(np.argmin(errors))]


def _rounded(weights: Array, bias: float, exponent: int, gain: float) -> _FirstRow:
    integers = np.clip(np.round(weights * 2.0**exponent), -WEIGHT_MAX, WEIGHT_MAX).astype(np.int64)
    half = 2.0 ** (exponent + STATE_BITS - HIDDEN_BITS - 1)  # the format rounds down; this rounds to the nearest
    return _FirstRow(integers, round(bias * 2.0 ** (exponent + STATE_BITS) + half), exponent, gain)


def _worst(row: _FirstRow) -> int:
    return int(np.abs(row.weights).sum()) * STATE_MAX + abs(row.bias)


def _scales(weights: Array, allowed: range, bias: float = 0) -> list[int]:
    """The scale at which the largest weight just fits, those at which it is cut, and a coarser one for large sums.

    The bias may take half of the largest possible sum.
    """
    largest = max(np.abs(weights).max() / WEIGHT_MAX, abs(bias) * 2**STATE_BITS / (EXACT / 2), 2.0**-20)
    fits = int(np.floor(-np.log2(largest)))
    return sorted({int(np.clip(fits + more, allowed[0], allowed[-1])) for more in (-1, 0, 1, 2)})


@dataclass(frozen=True)
class _SecondRow:
    """A channel's integers. error: of its change, in parts of the change's own size."""

    weights: NDArray[np.int64]
    exponent: int
    error: float


def _second_row(weights: Array, wanted: Array, units: Array) -> _SecondRow:
    """The best of several scales for a channel. wanted: its change. units: the hidden units' integers."""
    return min((_tried(weights, wanted, units, q) for q in _scales(weights, Q2)), key=lambda row: row.error)


def _tried(weights: Array, wanted: Array, units: Array, exponent: int) -> _SecondRow:
    integers = np.clip(np.round(weights * 2.0**exponent), -WEIGHT_MAX, WEIGHT_MAX).astype(np.int64)
    change = np.floor(integers @ units / 2.0 ** (exponent + HIDDEN_BITS - STATE_BITS) + 0.5) * STATE_UNIT
    size = max(np.square(wanted).mean(), STATE_UNIT**2)
    return _SecondRow(integers, exponent, float(np.sqrt(np.square(change - wanted).mean() / size)))
