"""The float automaton: its forward pass is the integer rule, its gradients are autograd's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import conv2d, pad

import oracle
from automata import random_automaton
from nca import UserError
from nca.model.automaton import Automaton
from nca.rule.reference import reference_rollout
from notebooks import NotebookCA
from strategies import UINT32, states

SIZES = st.sampled_from([(4, 4), (4, 8), (8, 32), (12, 96), (16, 128)])


def real(state):
    """(C, H, W) integers to the automaton's (1, H, W, C)."""
    return torch.tensor(state, dtype=torch.float32).permute(1, 2, 0)[None] / 1024


def integers(x):
    """The first of a batch, as the rule's (C, H, W)."""
    return (x[0].detach() * 1024).permute(2, 0, 1)


# Forward


@st.composite
def automata(draw):
    channels, hidden = draw(SIZES)
    return random_automaton(
        channels,
        hidden,
        seed=draw(UINT32),
        spread=draw(st.sampled_from([0.0, 0.5, 3.0])),
        bias=draw(st.sampled_from([0.0, 0.1, 10.0, 1e4])),
        update=draw(st.integers(1, 256)),
    )


@given(data=st.data(), model=automata(), steps=st.integers(1, 3), seed=UINT32, first=UINT32)
@settings(max_examples=150)
def test_forward_equals_the_rule(data, model, steps, seed, first):
    state = data.draw(states(model.layer2.out_channels))
    x = real(state)
    batch = torch.cat([x, x.flip(1)])
    ours = integers(model(batch, steps, seed=seed, first=first))
    assert np.array_equal(ours.numpy(), oracle.rollout(model.rule(), state, steps, seed=seed, first=first))
    assert torch.equal(batch, torch.cat([x, x.flip(1)]))  # the caller's states are left alone


def test_a_long_run_equals_the_rule():
    model = random_automaton(12, 96, seed=2, spread=0.1)
    rule = model.rule()
    with torch.no_grad():
        ours = integers(model(model.seed_state(2, 16, 12), 200, seed=5))
    assert torch.equal(ours, reference_rollout(rule, torch.zeros(12, 16, 12), 200, seed=5))
    assert len(ours.unique()) > 100  # alive


def test_the_states_of_a_batch_have_masks_of_their_own():
    model = random_automaton(4, 8, seed=0)
    x = model(model.seed_state(3, 8, 8), 4, seed=0)
    assert not torch.equal(x[0], x[1])
    assert not torch.equal(x[1], x[2])


def test_states_of_a_batch_do_not_touch():
    """Each wraps around on itself: what stands in its neighbour in the batch makes no difference."""
    model = random_automaton(4, 8, seed=0)
    x = torch.randint(-2047, 2048, (2, 5, 4, 4)) / 1024
    other = torch.stack([x[0], torch.zeros_like(x[1])])
    assert torch.equal(model(x, 3, seed=1)[0], model(other, 3, seed=1)[0])


# Conversion


@given(model=automata())
@settings(max_examples=60)
def test_the_rules_weights_are_the_automatons_to_half_a_unit(model):
    """One past the format's largest, 508 in layer 1 and 15.9 in layer 2, is cut off, in the forward pass too."""
    rule = model.rule()
    for weight, integer, exponent in (
        (
            model.layer1.weight * model.gains[:, None, None],
            rule.w1,
            rule.k1 - 2,
        ),  # the unit is 2^-(k1 - 2): hidden has 8 bits, the state 10
        (model.layer2.weight, rule.w2, rule.k2 + 2),
    ):
        ideal = weight.detach().double().flatten(1).numpy() * 2.0 ** exponent[:, None]
        assert np.abs(ideal.clip(-127, 127) - integer).max() <= 0.5
    assert np.abs(model.layer1.bias.detach().double().numpy() * 2.0 ** (rule.k1 + 8) - rule.b1).max() <= 0.5


@given(model=automata())
@settings(max_examples=60)
def test_each_row_has_the_finest_unit_that_fits(model):
    """Twice as fine, and a weight would pass 127, the row its bound, or the unit 2^-16, the finest there is."""
    rule = model.rule()
    roundings = 0.5 * (2047 * rule.w1.shape[1] + 1) + 16
    room = 2 * rule.worst_cases()[0] < 2**24 - 3 * roundings
    assert not (room & (np.abs(rule.w1).max(axis=1) < 64) & (rule.k1 < 18)).any()
    assert not ((np.abs(rule.w2).max(axis=1) < 64) & (rule.k2 < 14)).any()


def test_weights_on_their_grid_are_kept():
    """So a rule imported as floats, or trained on from a run, comes back as it was."""
    model = random_automaton(8, 32, seed=3)
    rule = model.rule()
    with torch.no_grad():
        first = torch.tensor(rule.w1 / 2.0 ** (rule.k1[:, None] - 2)) / model.gains
        model.layer1.weight.copy_(first.view_as(model.layer1.weight))
        model.layer1.bias.copy_(torch.tensor(rule.b1 / 2.0 ** (rule.k1 + 8)))
        model.layer2.weight.copy_(torch.tensor(rule.w2 / 2.0 ** (rule.k2[:, None] + 2)).view_as(model.layer2.weight))
    again = model.rule()
    for name in ("w1", "b1", "k1", "w2", "k2"):
        assert np.array_equal(getattr(again, name), getattr(rule, name)), name


def test_weights_too_large_for_the_format_are_refused():
    model = Automaton(4, 8)
    model.layer1.bias.data[3] = 1e6
    with pytest.raises(UserError, match=r"b1 holds 16777216|layer 1, row 3 can reach"):
        model.rule()


# The field's names and habits


def test_a_checkpoint_of_the_notebooks_is_never_taken_for_ours():
    """Its weights would compute another rule: `nca import` converts it."""
    with pytest.raises(RuntimeError, match=r"w1\.weight"):
        Automaton(12, 96).load_state_dict(NotebookCA(12, 96).state_dict())


def test_parameters_have_their_shapes():
    shapes = {name: tuple(tensor.shape) for name, tensor in Automaton(12, 96).state_dict().items()}
    assert shapes == {"layer1.weight": (96, 48, 1, 1), "layer1.bias": (96,), "layer2.weight": (12, 96, 1, 1)}


def test_a_fresh_automaton_changes_nothing():
    model = Automaton(8, 32)
    x = torch.randint(-2047, 2048, (2, 6, 5, 8)) / 1024
    assert torch.equal(model(x, 5, seed=1), x)
    assert not model.rule().w2.any()


# Gradients


def straight_through(exact, smooth):
    return smooth + (exact - smooth).detach()


def reference_step(x, mask, w1, b1, w2):
    """A step as one would write it, over all cells: x (B, C, H, W), w1 (H, 4C), in float64."""
    C = x.shape[1]
    kernels = torch.tensor([oracle.SOBEL_X, oracle.SOBEL_Y, oracle.LAPLACIAN], dtype=x.dtype)
    kernels /= torch.tensor([8, 8, 16])[:, None, None]
    wrapped = pad(x, (1, 1, 1, 1), mode="circular")
    filtered = [conv2d(wrapped, kernel.expand(C, 1, 3, 3), groups=C) for kernel in kernels]
    filtered = [
        straight_through(((each * 1024 + 0.5).floor() / 1024).clamp(-2047 / 1024, 2047 / 1024), each)
        for each in filtered
    ]
    acc = conv2d(torch.cat([x, *filtered], dim=1), w1[:, :, None, None], b1)
    hidden = straight_through((acc * 256).floor() / 256, acc)
    hidden = hidden.where(hidden > 0, 0.0).where(hidden < 1023 / 256, 1023 / 256)  # no gradient at either end
    change = conv2d(hidden, w2[:, :, None, None])
    change = straight_through((change * 1024 + 0.5).floor() / 1024, change)
    x = x + mask * change
    return straight_through(x.clamp(-2047 / 1024, 2047 / 1024), x)


def reference_weights(rule):
    """On their grids, as leaves."""
    weights = (
        rule.w1 / 2.0 ** (rule.k1[:, None] - 2),
        rule.b1 / 2.0 ** (rule.k1 + 8),
        rule.w2 / 2.0 ** (rule.k2[:, None] + 2),
    )
    return [torch.tensor(each, requires_grad=True) for each in weights]


@given(
    data=st.data(),
    size=st.sampled_from([(4, 8), (8, 32), (16, 16)]),
    spread=st.sampled_from([0.0, 0.3]),
    bias=st.sampled_from([0.1, 2.0]),
    steps=st.integers(1, 4),
    seed=UINT32,
)
@settings(max_examples=80)
def test_gradients_equal_autograds_of_a_plain_reference(data, size, spread, bias, steps, seed):
    model = random_automaton(*size, seed=seed, spread=spread, bias=bias)
    state = data.draw(states(size[0]))
    towards = torch.randn(1, *state.shape[1:], size[0], generator=torch.Generator().manual_seed(0))

    x = real(state).requires_grad_()
    ours = model(x, steps, seed=seed)
    (ours * towards).sum().backward()

    weights, leaf = reference_weights(model.rule()), real(state).permute(0, 3, 1, 2).double().requires_grad_()
    theirs = leaf
    for number in range(steps):
        theirs = reference_step(theirs, torch.tensor(oracle.mask(*state.shape[1:], seed, number, 128)), *weights)
    (theirs * towards.permute(0, 3, 1, 2)).sum().backward()

    assert torch.equal(ours.double(), theirs.permute(0, 2, 3, 1))
    close(x.grad, leaf.grad.permute(0, 2, 3, 1))
    weights[0].grad *= model.gains  # in whose units the automaton's are
    for parameter, weight in zip(model.parameters(), weights, strict=True):
        close(parameter.grad.view_as(weight), weight.grad)


def close(ours, theirs):
    """To float32's error, measured against the tensor's largest."""
    assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max() + 1e-7


@pytest.mark.parametrize(("matmul_dtype", "tolerance"), [(torch.float16, 0.01), (torch.bfloat16, 0.1)])
def test_products_of_half_precision_come_close(matmul_dtype, tolerance):
    model = random_automaton(12, 96, seed=1, spread=0.0, bias=0.1)
    x = torch.randint(-1024, 1025, (2, 16, 16, 12), generator=torch.Generator().manual_seed(0)) / 1024
    exact, gradients = train_step(model, x, torch.float32)
    rough, rough_gradients = train_step(model, x, matmul_dtype)
    assert rough.dtype == torch.float32
    assert (rough - exact).abs().mean() < tolerance * exact.abs().mean()
    for ours, theirs in zip(rough_gradients, gradients, strict=True):
        assert ours.dtype == torch.float32
        assert (ours - theirs).norm() < 3 * tolerance * theirs.norm()


def train_step(model, x, matmul_dtype):
    model.zero_grad()
    y = model(x, 2, seed=3, matmul_dtype=matmul_dtype)
    y.square().mean().backward()
    return y.detach(), [parameter.grad.clone() for parameter in model.parameters()]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_cuda_equals_the_rule():
    model = random_automaton(12, 96, seed=2, spread=0.1)
    expected = reference_rollout(model.rule(), torch.zeros(12, 16, 12), 100, seed=5)
    model.cuda()
    with torch.no_grad():
        assert torch.equal(integers(model(model.seed_state(2, 16, 12), 100, seed=5)).cpu(), expected)
