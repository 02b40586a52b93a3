"""The contestants, each in a tab of one browser, checked and then timed in turn."""

import base64
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from model import FloatModel
from onnx_step import onnx_step
from torch import Tensor

from nca.errors import UserError
from nca.export.bundle import Bundle
from nca.export.formats.page import render_page
from nca.rule.rule import STATE_BITS

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

__all__ = ["DEVICE", "OURS", "STREAM", "THEIRS", "Contestant", "check", "enter", "race", "ratio"]

OURS, DEVICE, STREAM = "exported page", "multiply-adds alone", "multiply-adds, each weight once"
# name -> its module in contestants/, and which variant of it
_ENTRIES = {
    OURS: ("exported.js", None),
    "ONNX Runtime wasm": ("onnxruntime.js", "wasm"),
    "ONNX Runtime WebGL": ("onnxruntime.js", "webgl"),
    "TensorFlow.js wasm": ("tensorflow.js", "wasm"),
    "TensorFlow.js WebGL": ("tensorflow.js", "webgl"),
    "float shader": ("shader.js", "stored"),
    "float shader, inlined": ("shader.js", "inlined"),
    DEVICE: ("device.js", "few"),
    STREAM: ("device.js", "many"),
}
THEIRS = tuple(name for name in _ENTRIES if name not in (OURS, DEVICE, STREAM))
ROUND = 250  # ms that a contestant's turn takes, as far as whole steps allow
SLOW, FEW = 1000, 3  # whoever takes so many ms a step has so few turns

_CREATE = """async ([file, model, variant]) => {
  globalThis.contestant = await (await import(file)).create(model, variant);
}"""
_RUN = """async (steps) => {
  const start = performance.now();
  await contestant.run(steps);
  return (performance.now() - start) / steps;
}"""
_READ = """async () => {
  const values = Float32Array.from(await contestant.read());
  const reader = new FileReader();
  await new Promise((done) => { reader.onload = done; reader.readAsDataURL(new Blob([values])); });
  return reader.result.split(",")[1];
}"""


class Contestant:
    """One implementation of a model on a grid, ready to run from zeros."""

    def __init__(self, tab: "Page", name: str, address: str, fields: dict[str, Any]) -> None:
        self.name, self._tab = name, tab
        self._shape = fields["channels"], fields["height"], fields["width"]
        file, variant = _ENTRIES[name]
        tab.goto(f"{address}/benchmarks/contestants/page.html#paused&size={fields['width']}x{fields['height']}")
        tab.evaluate(_CREATE, [f"{address}/benchmarks/contestants/{file}", fields, variant])

    def run(self, steps: int) -> float:
        """Takes so many steps; gives ms a step, from the call until the device is done."""
        return float(self._tab.evaluate(_RUN, steps))

    def read(self) -> Tensor:
        """The state in real units: (C, height, width)."""
        values = np.frombuffer(base64.b64decode(self._tab.evaluate(_READ)), np.float32)
        return torch.tensor(values).reshape(self._shape)

    def ask(self, method: str) -> Any:
        """What another method of the contestant's gives."""
        return self._tab.evaluate(f"contestant.{method}()")


def enter(context: "BrowserContext", name: str, address: str, bundle: Bundle, size: int) -> Contestant:
    """A contestant in a tab of its own. Raises UserError where it does not start."""
    from playwright.sync_api import Error

    tab = context.new_page()
    model = FloatModel.of(bundle.rule)
    grid = {"width": size, "height": size, "onnx": base64.b64encode(onnx_step(model, size, size)).decode()}
    if name == OURS:
        page = render_page(bundle)
        tab.route("**/page.html", lambda route: route.fulfill(body=page, content_type="text/html"))
    try:
        return Contestant(tab, name, address, model.fields() | grid)
    except Error as error:
        raise UserError(f"{name} does not start: {str(error).splitlines()[0]}") from error


def check(contestant: Contestant, model: FloatModel) -> float:
    """The largest difference to torch's float step, over all cells: each has taken the update, or kept its state.

    Raises UserError where it computes something else: ours beyond four units of its fixed point, others beyond 1e-5.
    """
    contestant.run(2)
    before = contestant.read()
    contestant.run(1)
    after = contestant.read()
    kept, taken = ((after - expected).abs().amax(0) for expected in (before, before + model.update(before)))
    worst, share = float(torch.minimum(kept, taken).max()), float((taken < kept).float().mean())
    allowed = 2.0 ** (2 - STATE_BITS) if contestant.name == OURS else 1e-5
    if worst > allowed or abs(share - model.rate) > 0.02:
        raise UserError(
            f"{contestant.name} differs from torch by {worst:.2g} and updates {share:.0%} of the cells: "
            f"expected at most {allowed:.2g} and {model.rate:.0%}"
        )
    return worst


def race(contestants: dict[str, Contestant], rounds: int) -> dict[str, list[float]]:
    """Every contestant's ms a step in each round; they take turns, so that the machine's drift meets all alike."""
    steps = {name: _steps_a_round(contestant) for name, contestant in contestants.items()}
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name, contestant in contestants.items():
            if number < FEW or times[name][-1] < SLOW:
                times[name].append(contestant.run(steps[name]))
    return times


def ratio(times: list[float], ours: list[float]) -> float:
    """How many times as long as ours: the median of the ratios in the rounds that both ran."""
    return median(a / b for a, b in zip(times, ours, strict=False))


def _steps_a_round(contestant: Contestant) -> int:
    """As many as take about ROUND, at least one."""
    steps = 1
    while (took := steps * contestant.run(steps)) < ROUND / 5:
        steps *= 4
    return max(1, round(ROUND / took * steps))
