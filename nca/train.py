"""The training loop, as in the lesson: draw from the pool, run, compare Gram matrices, step, put back."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from nca.automaton import Automaton
from nca.config import Config
from nca.errors import UserError
from nca.features import Features
from nca.imagenet import WEIGHTS as IMAGENET_WEIGHTS
from nca.imagenet import ImageNet
from nca.loss import StyleLoss, overflow, reflect
from nca.multiscale import WEIGHTS as MULTISCALE_WEIGHTS
from nca.multiscale import Multiscale
from nca.muon import Muon
from nca.own_features import OwnFeatures
from nca.pool import Pool
from nca.ranks import ALONE, Ranks
from nca.vgg import LAYERS as VGG_LAYERS
from nca.vgg import WEIGHTS as VGG_WEIGHTS
from nca.vgg import Vgg

__all__ = ["Progress", "Trainer", "make_features"]

OVERFLOW_WEIGHT = 10.0
RESET_EVERY = 32  # optimisation steps until one of the batch starts anew; more often leaves the pool too young to last
BLOWN_UP = 0.1  # mean distance of a state's values from [-1, 1]; sound ones stay below 0.01
RAMP = 0.1  # the part of training over which rollouts grow to their full length
RAMP_FROM = 0.3
LAST_RATE = 0.02  # of the learning rate, which falls along half a cosine (Loshchilov, Hutter 2017)
GROW_EVERY = 200  # steps until float16's scale is doubled again; torch's 2,000 are more than a training has
SMALLEST_SCALE = 2.0**-16  # of float16's gradients, from 2^16 on, halved where they overflow
PRODUCTS = {"off": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}


@dataclass(frozen=True)
class Progress:
    """What one optimisation step came to."""

    step: int  # counted from 1
    part: float  # of training done, in (0, 1]
    seconds: float  # spent so far
    loss: float
    style: float
    overflow: float


def make_features(config: Config, target: Tensor, weights: Path | None = None) -> Features:
    """The configured features for a target (1, 3, H, W).

    weights: a file, for vgg16 and vgg19 only.
    Raises UserError where torchvision, trained weights or a user's own features cannot be had.
    """
    if config.features in VGG_LAYERS:
        return Vgg(config.features, weights, config.layer_weights or VGG_WEIGHTS, target.device)
    if weights:
        raise UserError(f"{weights} is for trained features: leave it out, or choose vgg16 or vgg19")
    if config.features == "multiscale":
        return Multiscale(reflect(target, Multiscale.margin), config.layer_weights or MULTISCALE_WEIGHTS, config.seed)
    if config.features == "imagenet":
        return ImageNet(reflect(target, ImageNet.margin), config.layer_weights or IMAGENET_WEIGHTS, config.seed)
    return OwnFeatures(config.features, config.layer_weights, config.seed, target.device)


class Trainer:
    """An automaton being trained on one picture, on the picture's device.

    target: the picture, (1, 3, side, side) in [0, 1]. features: what the style loss compares.
    ranks: the processes that train it together.
    Iterating trains, an optimisation step at a time. Raises UserError where training diverges.
    """

    def __init__(self, config: Config, features: Features, target: Tensor, ranks: Ranks = ALONE) -> None:
        self.config = config
        self.ranks = ranks
        self.target = target
        self.device = target.device
        self.style = StyleLoss(features, target)
        self.random = torch.Generator().manual_seed(config.seed)
        self.automaton = self._automaton()
        self.pool = Pool(self.automaton.seed_state(config.pool, config.field, config.field), self.random)
        self.optimizer = Muon(self.automaton.parameters(), lr=config.learning_rate)
        self.products = PRODUCTS[_amp(config.amp, self.device)]
        half = self.products == torch.float16
        self.scaler = torch.amp.GradScaler(self.device.type, growth_interval=GROW_EVERY, enabled=half)
        self.step = 0
        self.seconds = 0.0

    def __iter__(self) -> Iterator[Progress]:
        """Train until the configured end, an optimisation step at a time."""
        while self.part < 1:
            started = time.perf_counter()
            loss, style, over = self._optimize()
            self.step += 1
            self.seconds += self.ranks.agree(time.perf_counter() - started, self.device)
            yield Progress(self.step, self.part, self.seconds, loss, style, over)

    @property
    def part(self) -> float:
        """How much of training is done, in [0, 1]: by the clock where minutes are configured, else by steps."""
        if self.config.minutes is not None:
            return min(1.0, self.seconds / (60 * self.config.minutes))
        return self.step / self.config.steps

    def _optimize(self) -> tuple[float, float, float]:
        places, states = self.pool.draw(self.config.batch, reset=self.step % RESET_EVERY == 0)
        above, states = self.ranks.share(states)
        length, seed = self._length(), self._random(1 << 32)
        states = self.automaton(states, length, seed=seed, above=above, products=self.products)
        style, over = self.ranks.mean(self._style(states)), self.ranks.mean(overflow(states))
        loss = 0.5 * style.log() + OVERFLOW_WEIGHT * over  # the logarithm keeps the two in proportion as style falls
        self._descend(loss)
        self.pool.put(places, self.ranks.gather(_sound(states)))
        return loss.item(), style.item(), over.item()

    def _style(self, states: Tensor) -> Tensor:
        pictures = states[..., :3].permute(0, 3, 1, 2) + 0.5  # (B, 3, H, W), about [0, 1]
        with torch.autocast(self.device.type, self.products, enabled=self.products != torch.float32):
            return self.style(pictures)

    def _descend(self, loss: Tensor) -> None:
        """One step of Muon on gradients of norm 1 a parameter, so that no rollout outweighs the others."""
        self._require_finite(loss, "the loss")
        self.optimizer.lr = self.config.learning_rate * self._decay()
        self.optimizer.zero_grad()
        torch.autograd.backward(self.scaler.scale(loss))
        self.ranks.mean_gradients(self.automaton.parameters())
        self.scaler.unscale_(self.optimizer)  # type: ignore[arg-type]  # before the norm, or the scale would be normalised away
        self._normalise()
        self.scaler.step(self.optimizer)  # type: ignore[arg-type]  # does nothing where float16 has overflowed
        self.scaler.update()
        if self.scaler.get_scale() < SMALLEST_SCALE:
            raise UserError(f"training stopped at step {self.step}: float16 overflows in every step; try --amp off")

    def _normalise(self) -> None:
        for name, parameter in self.automaton.named_parameters():
            if parameter.grad is not None:
                norm = parameter.grad.norm()
                if not self.scaler.is_enabled():
                    self._require_finite(norm, f"the gradient of {name}")
                parameter.grad /= norm + 1e-8

    def _require_finite(self, value: Tensor, name: str) -> None:
        if not value.isfinite():
            remedy = "another --seed" if self.products == torch.float32 else "--amp off"
            raise UserError(f"training diverged at step {self.step}: {name} is {value.item()}; try {remedy}")

    def _length(self) -> int:
        """Automaton steps of this rollout; short at first, while the automaton is still noise."""
        ramp = min(1.0, RAMP_FROM + (1 - RAMP_FROM) * self.part / RAMP)
        length = self.config.shortest + self._random(self.config.longest - self.config.shortest + 1)
        return max(1, round(length * ramp))

    def _decay(self) -> float:
        return LAST_RATE + (1 - LAST_RATE) * (1 + math.cos(math.pi * self.part)) / 2

    def _random(self, below: int) -> int:
        return int(torch.randint(below, (), generator=self.random))

    def _automaton(self) -> Automaton:
        with torch.random.fork_rng(devices=[]):  # initial weights follow our seed and leave the caller's alone
            torch.manual_seed(self.config.seed)
            return Automaton(self.config.channels, self.config.hidden, self.config.update).to(self.device)


def _sound(states: Tensor) -> Tensor:
    """States, those that blew up as zeros: from one of them nothing is learnt but noise."""
    sound = torch.stack([overflow(state) for state in states]) < BLOWN_UP
    return states.where(sound[:, None, None, None], 0)


def _amp(choice: str, device: torch.device) -> str:
    """float16 on CUDA, whose tensor cores multiply our 12-bit states exactly; elsewhere float32."""
    if choice != "auto":
        return choice
    return "fp16" if device.type == "cuda" else "off"
