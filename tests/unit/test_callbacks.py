"""Callbacks at every place of the training loop, ours and a user's."""

import pytest
import torch

from disk import refusal
from nca.callbacks.custom import CustomCallback
from nca.training.callback import PLACES, Callback, StopTraining
from nca.training.checkpoint import capture, load_captured
from trainers import trainer, weights


def spy(places, order=0):
    """A callback that notes each place where it is called, with the trainer's step."""
    found = type("Spy", (Callback,), {"order": order})()
    for place in PLACES:
        setattr(found, place, lambda trainer, place=place: places.append((place, trainer.step)))
    return found


def test_each_place_is_called_in_the_order_of_the_loop():
    places, ours = [], trainer(steps=2)
    ours.fit([spy(places)])
    within = PLACES[1:-1]
    steps = [(place, step + (place == "after_batch")) for step in (0, 1) for place in within]
    assert places == [("before_fit", 0), *steps, ("after_fit", 2)]


def test_callbacks_are_called_by_their_order_and_then_as_handed_over():
    called = []

    def named(name, rank):
        found = Callback()
        found.order, found.before_fit = rank, lambda _: called.append(name)
        return found

    trainer(steps=1).fit([named("a", 0), named("b", -1), named("c", 0), named("d", 5), named("e", -20)])
    assert called == ["e", "b", "a", "c", "d"]


def test_a_callback_finds_at_each_place_what_the_loop_has_made():
    found = {}

    class Look(Callback):
        def before_batch(self, trainer):
            found["drawn"] = trainer.states

        def after_predict(self, trainer):
            found["grown"], found["pictures"] = trainer.states, trainer.predictions

        def after_loss(self, trainer):
            found["loss"] = trainer.loss.item()

        def after_backward(self, trainer):
            found["norms"] = [each.grad.norm().item() for each in trainer.parameters().values()]
            found["weights"] = weights(trainer)

        def after_step(self, trainer):
            found["moved"] = weights(trainer)

        def after_batch(self, trainer):
            found["result"] = trainer.result

    ours = trainer(steps=3)  # from the second step on, every weight has a gradient
    ours.fit([Look()])
    assert found["drawn"].shape == found["grown"].shape == (2, 16, 16, 4)
    assert not torch.equal(found["drawn"], found["grown"])
    assert torch.equal(found["pictures"], found["grown"][..., :3].permute(0, 3, 1, 2) + 0.5)
    assert found["result"].loss == found["loss"]
    assert found["norms"] == pytest.approx([1] * 3, abs=1e-3)
    assert not torch.equal(found["weights"], found["moved"])


def test_a_loss_that_a_callback_changes_is_the_one_that_is_minimized():
    class Ignore(Callback):
        def after_loss(self, trainer):
            trainer.loss = 0 * trainer.loss

    ours = trainer(steps=3)
    before = weights(ours)
    ours.fit([Ignore()])
    assert torch.equal(weights(ours), before)


class StopIn(Callback):
    def __init__(self, place, step):
        setattr(self, place, lambda trainer: self.stop(trainer, step))

    @staticmethod
    def stop(trainer, step):
        if trainer.step == step:
            raise StopTraining


@pytest.mark.parametrize(("place", "step", "done"), [("before_fit", 0, 0), ("after_loss", 2, 3), ("after_batch", 2, 2)])
def test_stopping_ends_training_after_a_whole_step_and_it_can_go_on(place, step, done):
    whole, ours, places = trainer(), trainer(), []
    whole.fit()
    ours.fit([StopIn(place, step), spy(places)])
    assert ours.step == done
    assert places[-1] == ("after_fit", done)
    assert places[-2] == (("after_batch", done) if done else ("before_fit", 0))  # the others see the step's end
    second = trainer()
    load_captured(second, {name: tensor.clone() for name, tensor in capture(ours).items()})
    second.fit()
    assert torch.equal(weights(second), weights(whole))


def test_a_training_that_stopped_goes_on_where_it_is_asked_to():
    ours = trainer()
    ours.fit([StopIn("after_batch", 2)])
    ours.fit()
    assert ours.step == 6


# A user's own


CODE = """
import nca

class Count(nca.Callback):
    order = -3

    def after_batch(self, trainer):
        print("step", trainer.step)
        if trainer.step == 2:
            raise nca.StopTraining

    def after_loss(self, trainer):
        if trainer.step == 99:
            raise ZeroDivisionError("nobody\\ndivides")

def other():
    return 3
"""


@pytest.fixture
def code(tmp_path):
    (tmp_path / "mine.py").write_text(CODE)
    return f"{tmp_path / 'mine.py'}:"


def test_a_named_callback_is_made_and_called(code, capsys):
    ours, mine = trainer(), CustomCallback(code + "Count")
    assert mine.order == -3
    ours.fit([mine])
    assert capsys.readouterr().out == "step 1\nstep 2\n"
    assert ours.step == 2


def test_errors_of_a_named_callback_are_one_line(code, tmp_path):
    def error(name):
        return refusal(CustomCallback, name)

    assert error(f"{code}Sum").startswith(f"{tmp_path / 'mine.py'} has no 'Sum': expected a class or a function")
    assert error(f"{code}other") == f"{code}other gives an object of type int: expected an nca.Callback"
    assert error("none.py:A") == "there is no file none.py: expected the Python file with your callback"
    ours = trainer(steps=100)
    ours.step = 99
    line = f"{code}Count failed in after_loss: ZeroDivisionError: nobody divides"
    assert refusal(ours.fit, [CustomCallback(f"{code}Count")]) == line
