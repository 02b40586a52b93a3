"""Training on GPUs, as far as a machine without one can tell: no mixed devices, one wait, operators that exist."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from fake_gpu import backward, fake_gpu
from mps import lacking
from nca.device import upload
from nca.features import fourier
from nca.model.captured import CapturedSteps
from nca.rule.mask import MaskSchedule, active_cells, mask
from nca.training.config import CAPTURE
from trainers import noise, stripes, trainer, weights

PICTURE = interpolate(stripes(32, 4), 64)
LOSSES = {
    "multiscale": {"detail": 4},
    "imagenet": {"features": "imagenet", "detail": 2, "amp": "off"},
    "vgg": {"features": "vgg16"},
}


@pytest.fixture
def short(monkeypatch):
    """Trainings of two iterations: one of an automaton, and one of its decoder, if it has one."""
    monkeypatch.setattr("nca.training.trainer.SHORTEST", 2)
    monkeypatch.setattr("nca.training.trainer.LONGEST", 4)
    monkeypatch.setattr("nca.training.trainer.RESET_EVERY", 1)
    monkeypatch.setattr("nca.training.trainer.grain_inputs", lambda _: 2)
    monkeypatch.setattr("nca.training.stages.DECODER_FROM", 0.5)


@pytest.fixture
def vgg(monkeypatch):
    """VGG16 without a download."""
    models = pytest.importorskip("torchvision").models
    with torch.device("meta"):
        shapes = models.vgg16(weights=None).state_dict()
    state = {name: torch.empty(value.shape) for name, value in shapes.items() if name.startswith("features.")}
    monkeypatch.setattr("nca.features.vgg._download", lambda _: state)


@pytest.mark.parametrize("name", LOSSES)
def test_an_iteration_waits_for_a_gpu_once_and_mps_has_its_operators(short, vgg, name):
    """It waits to read its figures. Mixed devices raise an error. On CUDA the default is float16."""
    with fake_gpu() as gpu:
        ours = trainer(PICTURE.to("cuda"), plain=False, steps=2, field=48, seed=2, **LOSSES[name])
        gpu.waits.clear()
        for progress in ours:
            assert gpu.waits == [torch.ops.aten._to_copy.default] * progress.step
    half = name != "imagenet"
    assert (torch.ops.aten._amp_update_scale_.default in gpu.operators, torch.float16 in gpu.dtypes) == (half, half)
    assert {value.device.type for value in [*ours.parameters().values(), *ours.optimizer.means]} == {"cuda"}
    assert len(gpu.operators) > 50
    assert lacking(gpu.operators) == []


def test_mps_needs_neither_float64_nor_complex_numbers(short, monkeypatch):
    monkeypatch.setattr(fourier, "_has_complex", lambda device: device.type == "cpu")
    with fake_gpu() as gpu:
        list(trainer(PICTURE.to("cuda"), plain=False, steps=1, field=48, amp="off"))
    assert gpu.dtypes == {torch.float32, torch.int64, torch.int16, torch.bool}
    assert lacking(gpu.operators) == []


@pytest.mark.skipif(not torch.backends.mps.is_available(), reason="needs MPS")
@pytest.mark.parametrize("amp", ["off", "fp16"])
def test_training_runs_on_mps(amp):
    ours = trainer(PICTURE.to("mps"), plain=False, field=48, detail=4, amp=amp, steps=10)
    assert all(math.isfinite(progress.loss) for progress in ours)


def test_the_table_knows_what_mps_lacks():
    aten = torch.ops.aten
    assert lacking([aten.mm.default, aten.linalg_eig.default, aten.view.default]) == ["linalg_eig"]


# CUDA graphs


@pytest.fixture
def graphs(monkeypatch):
    """Instead of CUDA's graphs, which need a GPU: the samples of each capture. A replay computes anew."""
    captures = []

    def make(run, samples, pool):
        captures.append(samples)
        return run

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", make)
    monkeypatch.setattr(torch.cuda, "graph_pool_handle", lambda: (0, 1))
    monkeypatch.setattr("nca.model.backend._import_compiled_steps", lambda: None)
    return captures


def captured(**changes):
    ours = trainer(**changes)
    ours.automaton.plain = CapturedSteps()
    return ours


def test_each_length_of_a_rollout_is_captured_once_and_trains_the_same_weights(graphs):
    ours, theirs, lengths = captured(steps=12), trainer(steps=12), set()
    theirs.automaton.register_forward_pre_hook(lambda _, args: lengths.add(args[1]))
    list(ours), list(theirs)
    assert torch.equal(weights(ours), weights(theirs))
    assert len(graphs) == len(lengths) < 12
    assert [each.requires_grad for each in graphs[0]] == [False, True, True, True, False]


def test_where_a_capture_fails_training_goes_on_and_says_so_once(graphs, monkeypatch, caplog):
    def fail(*_, **__):
        raise RuntimeError("operation not permitted\nwhen stream is capturing")

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", fail)
    ours, theirs = captured(), trainer()
    list(ours), list(theirs)
    assert torch.equal(weights(ours), weights(theirs))
    reason = "operation not permitted when stream is capturing"
    assert caplog.messages == [f"rollouts cannot be captured ({reason}): they run without CUDA graphs"]


def test_a_captured_rollout_takes_nothing_from_the_cpu(graphs, short):
    with fake_gpu() as gpu:
        ours = trainer(stripes(16, 4).to("cuda"), capture="auto", steps=2)
        gpu.waits.clear(), gpu.pinned.clear()
        ours.automaton(ours.pool.states, 3, seed=1)
    assert (gpu.waits, gpu.pinned) == ([], [])
    assert {each.device.type for each in graphs[0]} == {"cuda"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("amp", ["off", "fp16"])
def test_cuda_graphs_train_the_same_weights(amp, caplog):
    ours, theirs = (trainer(noise(1, 3, 32, 32).cuda(), size=32, amp=amp, steps=60, capture=each) for each in CAPTURE)
    list(ours), list(theirs)
    assert torch.equal(weights(ours), weights(theirs))
    assert not caplog.messages


# The instruments


def test_the_fake_gpu_notices_each_wait_and_mixed_devices():
    with fake_gpu() as gpu:
        here, there = torch.ones(3), torch.ones(3, device="cuda")
        there.sum().item()
        there.tolist()
        here.to("cuda")
        there.copy_(here)
        here.pin_memory().to("cuda")
        torch.tensor([1.0, 2.0], device="cuda")
        assert len(gpu.waits) == 6
        assert upload(here, there.device).device.type == "cuda"
        assert len(gpu.waits) == 6
        with pytest.raises(RuntimeError, match="same device"):
            there + here
        with pytest.raises(RuntimeError, match="nonzero"):
            there.nonzero()


def test_the_fake_backward_is_autograds():
    ours, theirs = (trainer(plain=False, channels=8) for _ in range(2))
    for each, differentiate in ((ours, backward), (theirs, torch.autograd.backward)):
        torch.nn.init.normal_(each.automaton.layer2.weight, std=0.01, generator=torch.Generator().manual_seed(0))
        states = each.automaton(torch.zeros(2, 16, 16, 8), 3, seed=1)
        differentiate(each.losses[1](each.pictures(states, 1), each.random))
    gradients = [[each.grad for each in side.parameters().values()] for side in (ours, theirs)]
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other)
        assert one.any()


# What a GPU computes


@given(
    first_row=st.integers(0, 5),
    rows=st.integers(1, 6),
    width=st.integers(1, 12),
    seed=st.integers(0, 2**32 - 1),
    first=st.integers(0, 2**33),
    rate=st.sampled_from([128, 128, 60, 256]),
)
def test_the_active_cells_are_those_of_the_mask_in_its_order(first_row, rows, width, seed, first, rate):
    schedule = MaskSchedule(3, seed, first, rate)
    found = active_cells(schedule, first_row, rows, width, torch.device("cpu"))
    for step, cells in enumerate(found, first):
        expected = mask(first_row + rows, width, seed, step, rate)[first_row:].flatten().nonzero()[:, 0]
        assert torch.equal(cells, expected)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (2, 5), (8, 6), (15, 32)])
def test_the_transform_of_real_numbers_is_the_fourier_transform(monkeypatch, height, width):
    pictures = noise(2, 3, height, width)
    theirs = fourier.spectrum(pictures)
    monkeypatch.setattr(fourier, "_has_complex", lambda _: False)
    torch.testing.assert_close(fourier.spectrum(pictures), theirs, rtol=0, atol=1e-4)
    torch.testing.assert_close(fourier.picture(theirs, height, width), pictures, rtol=0, atol=1e-5)
