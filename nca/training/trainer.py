"""The training loop, as in the lesson: draw states from the pool, run them, compare Gram matrices, step, put back."""

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.nn.functional import avg_pool2d

from nca.errors import UserError
from nca.model.automaton import Automaton
from nca.model.captured import CapturedSteps
from nca.model.decoder import DecoderNet
from nca.rule.decoder import Decoder
from nca.training.callback import Callback, StopTraining
from nca.training.config import LEARNING_RATE, LONGEST, SHORTEST, UPDATE, Config
from nca.training.descent import falling, normalise, seeded
from nca.training.detail import DetailLoss, MakeFeatures, combined
from nca.training.grain import grain_inputs
from nca.training.loss import overflow
from nca.training.muon import Muon
from nca.training.pool import Pool
from nca.training.precision import Precision
from nca.training.ranks import ALONE, Ranks
from nca.training.stages import Stage, stages

__all__ = ["Result", "Trainer"]

OVERFLOW_WEIGHT = 10.0
RESET_EVERY = 32  # optimisation steps between fresh starts; with more of them the pool is too young to last
BLOWN_UP = 0.1  # mean distance of a state's values from [-1, 1]; healthy states stay below 0.01
RAMP = 0.1  # the fraction of training in which rollouts grow to their full length
RAMP_FROM = 0.3  # of the full length
UNITS = 16  # hidden, of the decoder


@dataclass(frozen=True)
class Result:
    """The result of one optimisation step."""

    step: int  # counted from 1
    progress: float  # fraction of training that is done, in (0, 1]
    seconds: float  # of training so far
    loss: float
    style: float
    overflow: float


class Trainer:
    """An automaton being trained on one picture, on the picture's device.

    target: the picture, (1, 3, side, side) in [0, 1], with `config.detail` pixels a cell.
    make: the features of the style losses.
    ranks: the processes that train it together.
    picture, folder: the picture's name, and the run folder that a callback writes; None if nothing is written.

    `fit` trains. Iterating trains, too, one optimisation step at a time. Raises UserError if training diverges.
    """

    states: Tensor  # (B, H, W, C) in real units: of this process, drawn from the pool, then after the rollout
    predictions: Tensor  # (B, 3, H * detail, W * detail) in about [0, 1]: their pictures
    loss: Tensor
    style: Tensor
    overflow: Tensor
    norms: dict[str, float]  # of the gradients before they are brought to 1, by the parameter's name
    result: Result

    def __init__(
        self,
        config: Config,
        make: MakeFeatures,
        target: Tensor,
        ranks: Ranks = ALONE,
        *,
        picture: str = "",
        folder: Path | None = None,
    ) -> None:
        self.config = config
        self.ranks = ranks
        self.target = target
        self.picture = picture
        self.folder = folder
        self.device = target.device
        self.losses = {each.detail: self._loss(each.detail, make) for each in stages(self.detail)}
        self.random = torch.Generator().manual_seed(config.seed)
        self.automaton = self._automaton()
        self.net = self._net() if self.detail > 1 else None
        self.pool = Pool(self.automaton.seed_state(config.pool, config.field, config.field), self.random)
        self.optimizer = Muon(self.parameters().values(), lr=LEARNING_RATE)
        self.precision = Precision(config.amp, self.device)
        self.callbacks: Sequence[Callback] = ()
        self.stopped: StopTraining | None = None
        self.files: dict[str, bytes] = {}  # that callbacks add to the run folder
        self.step = 0
        self.seconds = 0.0

    # The loop

    def fit(self, callbacks: Iterable[Callback] = ()) -> None:
        """Train until the configured end, or until a callback raises StopTraining."""
        self.callbacks, self.stopped = sorted(callbacks, key=lambda each: each.order), None
        self._call("before_fit")
        for _ in self:
            pass
        self._call("after_fit")

    def stop(self, reason: StopTraining) -> None:
        """End training after the current optimisation step."""
        self.stopped = reason

    def __iter__(self) -> Iterator[Result]:
        """Train, one optimisation step at a time."""
        while self.progress < 1 and not self._stops():
            yield self._one_batch()

    def _one_batch(self) -> Result:
        """One optimisation step."""
        started = time.perf_counter()
        self._draw()
        self._call("before_batch")
        self._predict()
        self._call("after_predict")
        self._compare()
        self._call("after_loss")
        self._backward()
        self._call("after_backward")
        self._descend()
        self._call("after_step")
        self.pool.put(self._places, self.ranks.gather(_healthy(self.states)))
        self.step += 1
        self.seconds += self.ranks.agree(time.perf_counter() - started, self.device)
        self.result = Result(self.step, self.progress, self.seconds, *self._found)
        self._call("after_batch")
        return self.result

    def _draw(self) -> None:
        """States from the pool. A batch of one is fresh and damaged by turns: fresh, there is nothing to damage."""
        self._stage = self.stage
        due = self.step % RESET_EVERY == 0
        turn = self.step // RESET_EVERY % 2 if self.config.batch == 1 else None
        drawn = self.pool.draw(self.config.batch, fresh=due and turn != 1, damaged=due and turn != 0)
        self._places, self._offset, self.states = drawn[0], *self.ranks.share(drawn[1])

    def _predict(self) -> None:
        """Run the states, and paint their pictures."""
        length, seed, offset, dtype = self._length(), self._random(1 << 32), self._offset, self.precision.dtype
        with torch.set_grad_enabled(not self._stage.frozen):
            self.states = self.automaton(self.states, length, seed=seed, batch_offset=offset, matmul_dtype=dtype)
        self.predictions = self.pictures(self.states, self._stage.detail)

    def _compare(self) -> None:
        with self.precision.autocast():
            terms = self.losses[self._stage.detail].terms(self.predictions, self.random)
        terms, self.overflow = self.ranks.mean(terms), self.ranks.mean(overflow(self.states))
        self.style = terms.prod() ** (1 / len(terms))
        # the terms' logarithms: all of them stay in proportion as style falls
        self.loss = combined(terms) + OVERFLOW_WEIGHT * self.overflow

    def _backward(self) -> None:
        """Gradients of norm 1."""
        self.optimizer.zero_grad()
        self.precision.backward(self.loss)
        self.ranks.mean_gradients(self.parameters().values())
        self.precision.unscale(self.optimizer)  # before the norm, which would remove the scale
        norms = normalise(self.parameters().items())
        figures = [self.loss, self.style, self.overflow, self.precision.scale, *norms.values()]
        found = torch.stack(figures).tolist()  # the one time that an iteration waits for the device
        self._found, self._scale, self.norms = found[:3], found[3], dict(zip(norms, found[4:], strict=True))
        self._require_finite(found[0], "the loss")

    def _descend(self) -> None:
        """One step of Muon, unless float16 overflowed. GradScaler's own step would wait for the device."""
        if self.precision.overflowed(self.norms.values()):
            self.precision.require_range(self._scale, self.step)
        else:
            for name, norm in self.norms.items():
                self._require_finite(norm, f"the gradient of {name}")
            self.optimizer.lr = LEARNING_RATE * falling(self._stage.part(self.progress))
            self.optimizer.step()
        self.precision.scaler.update()

    def _call(self, place: str) -> None:
        """Call the callbacks at a place of the loop. One that stops training lets the others see this step's end."""
        for callback in self.callbacks:
            try:
                getattr(callback, place)(self)
            except StopTraining as reason:
                self.stop(reason)

    def _stops(self) -> bool:
        """Whether a callback of any process stopped training: all of them stop after the same step."""
        return bool(self.ranks.agree(float(self.stopped is not None), self.device))

    # Its parts

    @property
    def progress(self) -> float:
        """The fraction of training that is done, in [0, 1]: by the clock if minutes are configured, else by steps."""
        if self.config.minutes is not None:
            return min(1.0, self.seconds / (60 * self.config.minutes))
        return self.step / self.config.steps

    @property
    def detail(self) -> int:
        """Pixels of a cell, across and down, in the target."""
        return self.config.detail or 1

    @property
    def stage(self) -> Stage:
        """The stage that the next optimisation step belongs to."""
        return next((each for each in stages(self.detail) if self.progress < each.end), stages(self.detail)[-1])

    def parameters(self) -> dict[str, Parameter]:
        """What is trained, by name: of the automaton, then of the decoder."""
        decoder = self.net.named_parameters("decoder") if self.net else ()
        return {**dict(self.automaton.named_parameters()), **dict(decoder)}

    def decoder(self) -> Decoder | None:
        """The integer decoder as it is now; None at one pixel a cell."""
        return self.net.decoder(self.detail) if self.net else None

    def pictures(self, states: Tensor, detail: int) -> Tensor:
        """States (B, H, W, C) as pictures, (B, 3, H * detail, W * detail) in about [0, 1]."""
        colours = self.net(states, detail) if self.net and detail > 1 else states[..., :3]
        return colours.permute(0, 3, 1, 2) + 0.5

    def _loss(self, detail: int, make: MakeFeatures) -> DetailLoss:
        return DetailLoss(_at(self.target, self.detail // detail), detail, make)

    def _require_finite(self, value: float, name: str) -> None:
        if not math.isfinite(value):
            remedy = "--amp off" if self.precision.reduced else "another --seed"
            raise UserError(f"training diverged at step {self.step}: {name} is {value}; try {remedy}")

    def _length(self) -> int:
        """Automaton steps of this rollout. The first rollouts are short, because the automaton still makes noise."""
        ramp = min(1.0, RAMP_FROM + (1 - RAMP_FROM) * self.progress / RAMP)
        length = SHORTEST + self._random(LONGEST - SHORTEST + 1)
        return max(1, round(length * ramp))

    def _random(self, below: int) -> int:
        return int(torch.randint(below, (), generator=self.random))

    def _automaton(self) -> Automaton:
        with seeded(self.config.seed):
            automaton = Automaton(self.config.channels, self.config.hidden, UPDATE).to(self.device)
        if self.config.capture == "auto" and self.device.type == "cuda":
            automaton.plain = CapturedSteps()
        return automaton

    def _net(self) -> DecoderNet:
        grain = grain_inputs(self.target[0].permute(1, 2, 0).cpu().numpy())
        with seeded(self.config.seed):
            return DecoderNet(self.config.channels, UNITS, grain).to(self.device)


def _at(target: Tensor, factor: int) -> Tensor:
    """The target at a lower detail."""
    return avg_pool2d(target, factor) if factor > 1 else target


def _healthy(states: Tensor) -> Tensor:
    """The states, with zeros for those that blew up: training learns nothing but noise from them."""
    healthy = torch.stack([overflow(state) for state in states]) < BLOWN_UP
    return states.where(healthy[:, None, None, None], 0)
