"""Half precision: what stays float32, what is refused, and that it trains the same."""

import numpy as np
import pytest
import torch

from nca import UserError
from nca.training.loss import gram
from nca.training.trainer import _healthy
from trainers import noise, stripes, trainer, weights

HALF = ["fp16", "bf16"]


@pytest.mark.parametrize("matmul_dtype", [torch.float16, torch.bfloat16])
def test_a_gram_matrix_is_summed_in_float32_whatever_autocast_says(matmul_dtype):
    features = (100 * noise(1, 3, 64, 64)).to(matmul_dtype)  # sums of 4096 products of 3000: past float16
    with torch.autocast("cpu", matmul_dtype):
        ours = gram(features)
    assert ours.dtype == torch.float32
    assert torch.equal(ours, gram(features.float()))


@pytest.mark.parametrize("amp", HALF)
def test_states_the_loss_and_the_optimizers_gradients_are_float32(amp):
    ours, seen = trainer(plain=False, amp=amp), []
    loss = ours.losses[1]
    terms = loss.terms
    loss.terms = lambda *pictures: seen.append(found := terms(*pictures)) or found
    list(ours)
    tensors = [*seen, ours.pool.states, *(parameter.grad for parameter in ours.automaton.parameters())]
    assert {tensor.dtype for tensor in tensors} == {torch.float32}


@pytest.mark.parametrize("amp", ["off", "fp16"])
def test_each_parameters_gradient_has_norm_1_before_the_optimizer(amp):
    """Also under the gradient scaler, whose scale has to be taken out before."""
    ours, norms = trainer(plain=False, amp=amp, steps=20), []
    step = ours.optimizer.step
    ours.optimizer.step = lambda: (
        norms.append([each.grad.norm().item() for each in ours.automaton.parameters()]) or step()
    )
    list(ours)
    assert len(norms) >= 10  # the scaler skips the steps in which float16 overflows
    assert norms[-10:] == [pytest.approx([1, 1, 1], rel=1e-4)] * 10
    assert (ours.precision.scaler.get_scale() > 1) == (amp == "fp16")


# What is no number


@pytest.mark.parametrize(("amp", "remedy"), [("off", "another --seed"), ("bf16", "--amp off"), ("fp16", "--amp off")])
def test_a_loss_that_is_no_number_ends_training_with_one_clear_line(amp, remedy):
    ours = trainer(amp=amp)
    ours.automaton.layer1.bias.data.fill_(torch.nan)
    with pytest.raises(UserError, match=f"^training diverged at step 0: the loss is nan; try {remedy}$"):
        list(ours)


def spoil(trainer, steps, value):
    """Put a value into a gradient of some steps."""

    def hook(gradient):
        return torch.full_like(gradient, value) if trainer.step in steps else gradient

    trainer.automaton.layer1.weight.register_hook(hook)


@pytest.mark.parametrize("value", [torch.inf, torch.nan])
@pytest.mark.parametrize(("amp", "remedy"), [("off", "another --seed"), ("bf16", "--amp off")])
def test_a_gradient_that_is_no_number_ends_training_before_it_reaches_the_weights(amp, remedy, value):
    ours = trainer(amp=amp)
    spoil(ours, [3], value)
    with pytest.raises(
        UserError, match=rf"^training diverged at step 3: the gradient of layer1.weight is .*; try {remedy}$"
    ):
        list(ours)
    assert weights(ours).isfinite().all()


@pytest.mark.parametrize("value", [torch.inf, torch.nan])
def test_float16_skips_a_step_that_overflows_and_goes_on(value):
    ours = trainer(amp="fp16", steps=12)
    spoil(ours, [5], value)
    before = {}
    for progress in ours:
        moments = [mean.clone() for mean in ours.optimizer.means]
        before[progress.step] = (weights(ours), moments, ours.precision.scaler.get_scale())
    (kept, momentum, scale), (skipped, same, halved) = before[5], before[6]
    assert torch.equal(kept, skipped)
    assert all(torch.equal(a, b) for a, b in zip(momentum, same, strict=True))
    assert halved == scale / 2
    assert not torch.equal(weights(ours), skipped)
    assert weights(ours).isfinite().all()
    assert ours.pool.states.isfinite().all()


def test_float16_that_overflows_in_every_step_ends_training_with_one_clear_line():
    ours = trainer(amp="fp16", steps=1000)
    spoil(ours, range(1000), torch.inf)
    before = weights(ours)
    with pytest.raises(
        UserError, match=r"^training stopped at step 32: float16 overflows in every step; try --amp off$"
    ):
        list(ours)
    assert torch.equal(weights(ours), before)


def test_float16_tries_a_larger_scale_again_within_a_short_training(monkeypatch):
    monkeypatch.setattr("nca.training.precision.GROW_EVERY", 3)
    ours = trainer(amp="fp16", steps=12)
    spoil(ours, range(5), torch.inf)
    scales = [ours.precision.scaler.get_scale() for _ in ours]
    assert scales[-1] > scales[4]


def test_a_state_that_is_no_number_or_out_of_range_starts_anew():
    states = torch.full((3, 4, 4, 4), 0.5)
    states[0, 1, 2, 3] = torch.nan
    states[1] = 1.9
    sound = _healthy(states)
    assert not sound[:2].any()
    assert torch.equal(sound[2], states[2])


# The same results


@pytest.mark.rare  # twelve trainings
def test_half_precision_trains_as_well_as_float32(monkeypatch):
    """Style losses of the rule that ships, after short trainings: closer in the mean than seeds are to each other."""
    for name, value in {"LEARNING_RATE": 0.01, "SHORTEST": 4, "LONGEST": 8}.items():
        monkeypatch.setattr(f"nca.training.trainer.{name}", value)
    losses = {amp: [trained_style(amp, seed) for seed in range(4)] for amp in ("off", *HALF)}
    means = {amp: np.mean(each) for amp, each in losses.items()}
    spread = np.std(losses["off"], ddof=1)
    # Which seeds learn in so few steps depends on how the processor rounds.
    assert min(losses["off"]) < style(trainer(stripes(16, 4), plain=False))
    assert all(abs(means[amp] - means["off"]) < 2 * spread for amp in HALF), losses


def trained_style(amp, seed):
    ours = trainer(stripes(16, 4), plain=False, amp=amp, seed=seed, steps=60)
    list(ours)
    return style(ours)


@torch.no_grad()
def style(trained):
    """The logarithm to base 10 of the loss of what grows in 12 steps, all in float32."""
    states = trained.automaton(trained.automaton.seed_state(4, 16, 16), 12, seed=99)
    return trained.losses[1].terms(trained.pictures(states, 1), trained.random).log10().item()
