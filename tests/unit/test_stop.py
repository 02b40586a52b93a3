"""Training that is told to stop: by a signal, or because nobody sees it any more. It saves, and says how to go on."""

import errno
import os
import signal

import numpy as np
import pytest

from disk import refusal
from nca.api.start import begin, resume
from nca.api.train import fit
from nca.callbacks.progress import Progress
from nca.picture import picture_bytes
from nca.run import load_run
from nca.training.callback import Callback
from nca.training.config import Config
from nca.training.interrupt import noted_interrupts
from trainers import TINY

pytestmark = pytest.mark.usefixtures("foreground")

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture
def recorder(tmp_path):
    """A training of six steps that begins."""
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8)
    (tmp_path / "moss.png").write_bytes(picture_bytes(pixels))
    return begin(tmp_path / "moss.png", tmp_path / "run", Config(**TINY), device="cpu")


class AtStep(Callback):
    def __init__(self, step, act):
        self.step, self.act = step, act

    def after_batch(self, trainer):
        if trainer.step == self.step:
            self.act()


def stopped(recorder, *callbacks):
    """Train, which is interrupted, and says how to go on."""
    reason = f"stopped and saved; to continue: nca train --resume -o {recorder.folder}"
    return refusal(fit, recorder, callbacks) == reason


def steps(recorder):
    return load_run(recorder.folder).provenance["trained"]["step"]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_saves_after_the_step_and_resuming_goes_on(recorder, number):
    handlers = [signal.getsignal(each) for each in SIGNALS]
    assert stopped(recorder, AtStep(2, lambda: signal.raise_signal(number)))
    assert steps(recorder) == 2
    assert [signal.getsignal(each) for each in SIGNALS] == handlers
    fit(resume(recorder.folder, {}, device="cpu"))
    assert steps(recorder) == 6


class Stderr:
    """A terminal that fails at the third bar."""

    encoding = "utf-8"

    def __init__(self, code):
        self.code = code
        self.bars = 0

    def isatty(self):
        return True

    def write(self, text):
        self.bars += 1
        if self.bars == 3:
            raise OSError(self.code, os.strerror(self.code))

    def flush(self):
        pass


@pytest.mark.parametrize("code", [errno.EPIPE, errno.EIO], ids=["pipe", "terminal"])
def test_a_training_whose_output_nobody_reads_saves_and_stops(recorder, monkeypatch, code):
    monkeypatch.setattr("sys.stderr", Stderr(code))
    assert stopped(recorder, Progress())
    assert steps(recorder) == 3


def test_progress_that_cannot_be_shown_ends_no_training(recorder, monkeypatch):
    monkeypatch.setattr("sys.stderr", Stderr(errno.ENOSPC))
    fit(recorder, [Progress()])
    assert steps(recorder) == 6


def test_an_error_lets_go_of_the_signals(recorder):
    def fail():
        raise ZeroDivisionError

    handlers = [signal.getsignal(each) for each in SIGNALS]
    with pytest.raises(ZeroDivisionError):
        fit(recorder, [AtStep(1, fail)])
    assert [signal.getsignal(each) for each in SIGNALS] == handlers


def test_a_second_ctrl_c_interrupts_at_once_and_a_second_hangup_does_not():
    received = []
    with pytest.raises(KeyboardInterrupt), noted_interrupts(received.append, again=True):
        signal.raise_signal(signal.SIGHUP)
        signal.raise_signal(signal.SIGHUP)
        assert received == [signal.SIGHUP] * 2
        signal.raise_signal(signal.SIGINT)


def test_nohup_is_left_alone():
    before, received = signal.signal(signal.SIGHUP, signal.SIG_IGN), []
    try:
        with noted_interrupts(received.append, again=True):
            signal.raise_signal(signal.SIGHUP)
        assert received == []
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
