"""The decoder that is trained: its forward pass is the integer decoder, its gradients equal autograd's."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import linear

from decoder_oracle import interpolated
from nca import UserError
from nca.model.decoder import DecoderNet
from nca.rule.decode import colors
from nca.rule.decoder import DETAILS
from nca.rule.noise import grain as noise_of
from strategies import UINT32, states

SIZES = st.sampled_from([(4, 4, 0), (4, 8, 1), (12, 16, 2), (16, 64, 4)])
DETAIL = st.sampled_from(DETAILS)


def net(channels, units, grain, seed, *, spread=1.0, bias=1.0, skip=True):
    """Random weights.

    spread: deviation of the common logarithm of a row's magnitude. bias: deviation of the biases.
    """
    random = np.random.default_rng(seed)
    model = DecoderNet(channels, units, grain, skip=skip)
    with torch.no_grad():
        for layer in (model.w1, model.w2):
            magnitudes = 10 ** random.normal(-1, spread, (len(layer.weight), 1)).clip(-9, 2)
            layer.weight.copy_(torch.tensor(random.uniform(-1, 1, layer.weight.shape) * magnitudes))
            layer.bias.copy_(torch.tensor(random.normal(0, bias, len(layer.bias)).clip(-3e3, 3e3)))
    return model


nets = st.builds(
    lambda size, **options: net(*size, **options),
    SIZES,
    seed=UINT32,
    spread=st.sampled_from([0.0, 0.3, 1.0, 3.0]),
    bias=st.sampled_from([0.0, 0.1, 10.0, 1e3]),
    skip=st.booleans(),
)


def real(state):
    """(C, H, W) integers to the network's (1, H, W, C)."""
    return torch.tensor(state, dtype=torch.float32).permute(1, 2, 0)[None] / 1024


def integers(pictures):
    """The first of a batch, as the format's (3, H, W)."""
    return (pictures[0] * 1024).permute(2, 0, 1)


# Forward


@given(data=st.data(), model=nets, detail=DETAIL)
@settings(max_examples=150)
def test_forward_is_the_integer_decoder(data, model, detail):
    state = data.draw(states(len(model.gains) - model.grain))
    expected = colors(model.decoder(), torch.tensor(state, dtype=torch.float32), detail)
    assert torch.equal(integers(model(real(state), detail)), expected)


def test_each_of_a_batch_is_decoded_alike():
    model = net(12, 16, 2, seed=1, spread=0.3)
    x = torch.randint(-1024, 1025, (3, 7, 5, 12)) / 1024
    pictures = model(x, 4)
    assert pictures.shape == (3, 28, 20, 3)
    for each, picture in zip(x, pictures, strict=True):
        assert torch.equal(model(each[None], 4)[0], picture)


@pytest.mark.parametrize("detail", DETAILS)
def test_a_fresh_decoder_shows_the_interpolated_state(detail):
    model = DecoderNet(8, 16, 2)
    state = np.random.default_rng(0).integers(-500, 501, (8, 6, 5))
    assert not model.decoder().w2.any()
    first = interpolated(state, np.zeros((6, 5), int), 0, 0, detail)[:3]
    assert np.array_equal(integers(model(real(state), detail))[:, ::detail, ::detail].detach(), first)


def test_a_fresh_decoder_sees_grain_a_sixteenth_as_much():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = DecoderNet(16, 64, 4)
    weights = (model.w1.weight * model.gains).detach()
    assert weights[:, :16].std() == pytest.approx(4 / 16**0.5, rel=0.1)
    assert weights[:, 16:].std() == pytest.approx(4 / 16**0.5 / 16, rel=0.1)


# Rounding


@given(model=nets)
@settings(max_examples=60)
def test_weights_are_rounded_to_the_nearest(model):
    """Weights beyond the format's range are clipped, in the forward pass too."""
    decoder = model.decoder()
    for weight, integer, exponent, limit in (
        (model.w1.weight * model.gains, decoder.w1, (decoder.k1 - 2)[:, None], 127),
        (model.w1.bias, decoder.b1, decoder.k1 + 8, 2**24),
        (model.w2.weight, decoder.w2, (decoder.k2 + 2)[:, None], 127),
        (model.w2.bias, decoder.b2, decoder.k2 + 10, 2**24),
    ):
        ideal = weight.detach().double().numpy() * 2.0**exponent
        assert np.abs(ideal.clip(-limit, limit) - integer).max() <= 0.5


@given(model=nets)
@settings(max_examples=60)
def test_each_row_has_the_finest_unit_that_fits(model):
    """With half the unit, a weight would exceed 127, the row its bound, or the unit 2^-16, which is the finest."""
    decoder = model.decoder()
    worst = decoder.worst_cases()
    for weights, shift, finest, room, reach in (
        (decoder.w1, decoder.k1, 18, worst[0], 2047),
        (decoder.w2, decoder.k2, 14, worst[1], 1023),
    ):
        roundings = 0.5 * (reach * weights.shape[1] + 1) + 16 + 2**13
        free = 2 * room < 2**24 - 3 * roundings
        assert not (free & (np.abs(weights).max(axis=1) < 64) & (shift < finest)).any()


def test_weights_too_large_for_the_format_are_refused():
    model = DecoderNet(4, 8)
    model.w1.bias.data[3] = 1e6
    with pytest.raises(UserError, match=r"decoder's (b1 holds 16777216|layer 1, row 3 can reach)"):
        model.decoder()


# Gradients


def straight_through(exact, smooth):
    return smooth + (exact - smooth).detach()


def spline(x, detail, axis):
    """The quadratic B-spline over the cells of an axis, t from a pixel's cell's middle."""
    before, own, after = (x.roll(-side, axis) for side in (-1, 0, 1))
    middles = [(2 * i + 1 - detail) / (2 * detail) for i in range(detail)]
    pixels = [(0.5 - t) ** 2 / 2 * before + (0.75 - t**2) * own + (0.5 + t) ** 2 / 2 * after for t in middles]
    return torch.stack(pixels, axis + 1).flatten(axis, axis + 1)


def reference(x, detail, noise, w1, b1, w2, b2, skip):
    """A plain decoder in float64: x (H, W, C), weights on their grids."""
    rows = spline(x, detail, axis=1)
    mixed = spline(straight_through((rows * 2**14).floor() / 2**14, rows), detail, axis=0)
    p = straight_through((mixed * 1024 + 0.5).floor() / 1024, mixed)
    acc = linear(torch.cat([p, noise], -1), w1, b1)
    hidden = straight_through((acc * 256).floor() / 256, acc)
    hidden = hidden.where(hidden > 0, 0.0).where(hidden < 1023 / 256, 1023 / 256)  # no gradient at either end
    color = linear(hidden, w2, b2)
    color = straight_through((color * 1024 + 0.5).floor() / 1024, color) + skip * p[..., :3]
    return straight_through(color.clamp(-4094 / 1024, 4094 / 1024), color)


def reference_weights(decoder):
    """Weights on their grids, as leaves, in the order of the network's parameters."""
    weights = (
        decoder.w1 / 2.0 ** (decoder.k1[:, None] - 2),
        decoder.b1 / 2.0 ** (decoder.k1 + 8),
        decoder.w2 / 2.0 ** (decoder.k2[:, None] + 2),
        decoder.b2 / 2.0 ** (decoder.k2 + 10),
    )
    return [torch.tensor(each, requires_grad=True) for each in weights]


@given(
    data=st.data(),
    size=SIZES,
    spread=st.sampled_from([0.0, 0.3]),
    bias=st.sampled_from([0.1, 2.0]),
    skip=st.booleans(),
    detail=DETAIL,
    seed=UINT32,
)
@settings(max_examples=80)
def test_gradients_equal_autograds_of_a_plain_reference(data, size, spread, bias, skip, detail, seed):
    model, (channels, _, grain) = net(*size, seed, spread=spread, bias=bias, skip=skip), size
    state = data.draw(states(channels))
    x = real(state).requires_grad_()
    ours = model(x, detail)
    towards = torch.randn(ours.shape, generator=torch.Generator().manual_seed(0))
    (ours * towards).sum().backward()

    weights, leaf = reference_weights(model.decoder()), real(state)[0].double().requires_grad_()
    height, width = ours.shape[1:3]
    noise = noise_of(torch.arange(width), torch.arange(height), grain).double() / 1024
    theirs = reference(leaf, detail, noise, *weights, skip)
    (theirs * towards[0]).sum().backward()

    assert torch.equal(ours[0].double(), theirs)
    close(x.grad[0], leaf.grad)
    weights[0].grad *= model.gains  # the network's weights are in these units
    for parameter, weight in zip(model.parameters(), weights, strict=True):
        close(parameter.grad, weight.grad)


def close(ours, theirs):
    """Equal up to float32's error, relative to the tensor's largest value."""
    assert (ours - theirs).abs().max() <= 1e-5 * theirs.abs().max() + 1e-7
