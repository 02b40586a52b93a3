"""Gram matrices, the style loss and multiscale's features, on pictures of a few pixels."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import conv2d, pad

from nca.features import multiscale
from nca.features.interface import reflect
from nca.features.multiscale import Multiscale
from nca.training.loss import StyleLoss, gram, overflow
from trainers import Colours, descend, noise, stripes

# The loss


def test_a_gram_matrix_is_the_mean_product_of_each_pair_of_features():
    features = noise(2, 3, 4, 5)
    products = [[(features[:, i] * features[:, j]).mean((1, 2)) for j in range(3)] for i in range(3)]
    assert torch.allclose(gram(features), torch.stack([torch.stack(row) for row in products]).permute(2, 0, 1))


def test_the_gradient_of_a_gram_matrix_is_autograds():
    features = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0), requires_grad=True)
    weights = torch.arange(18.0).view(2, 3, 3)
    plain = torch.einsum("bchw,bdhw->bcd", features, features) / 20
    (expected,) = torch.autograd.grad((plain * weights).sum(), features)
    (found,) = torch.autograd.grad((gram(features) * weights).sum(), features)
    assert torch.allclose(found, expected, atol=1e-5)


def test_the_style_loss_is_the_relative_squared_error_of_gram_matrices_by_its_weight():
    target, picture = noise(1, 3, 8, 8), noise(2, 3, 6, 6, seed=1)
    ours = StyleLoss(Colours(), target)(picture)
    errors = [(gram(each[None]) - gram(target)).square().sum() / gram(target).square().sum() for each in picture]
    assert torch.allclose(ours, 2 * sum(errors) / 2)


def style_of(target):
    return StyleLoss(Multiscale(reflect(target, Multiscale.margin)), target)


@pytest.fixture(scope="module")
def tiled():
    """The loss of a picture that tiles, and goes on beyond its border as its mirror does."""
    target = stripes(32, 2)
    return target, style_of(target)


def test_the_style_loss_of_a_picture_that_tiles_is_0_for_itself_in_any_size(tiled):
    target, style = tiled
    assert style(target) < 1e-6
    assert style(target.repeat(1, 1, 2, 1)) < 1e-6
    assert style(noise(1, 3, 32, 32)) > 0.1


def test_the_style_loss_ignores_where_the_texture_lies(tiled):
    _, style = tiled
    picture = noise(1, 3, 32, 32)
    moved = picture.roll((8, 24), (2, 3))  # multiples of the coarsest level's pixel
    assert torch.allclose(style(moved), style(picture), rtol=1e-4)


def test_the_style_loss_grows_with_the_difference(tiled):
    target, style = tiled
    other = noise(1, 3, 32, 32)
    losses = [style(target.lerp(other, part)).item() for part in (0.0, 0.1, 0.3, 1.0)]
    assert losses == sorted(losses)
    assert losses[1] > 100 * losses[0]


def test_descending_the_style_loss_of_pixels_makes_the_texture():
    style = style_of(stripes(16, 8))
    picture = descend(style, 16)
    assert style(picture) < 0.01 * style(noise(1, 3, 16, 16))
    assert picture.std(3).mean() > 2 * picture.std(2).mean()  # upright stripes, as in the target


def test_overflow_is_the_mean_distance_from_what_can_be_seen():
    states = torch.tensor([[-1.0, 1.0, 0.5], [1.5, -1.25, 0.0]])
    assert overflow(states) == pytest.approx(0.75 / 6)
    assert overflow(states.clamp(-1, 1)) == 0


@pytest.mark.parametrize("margin", [0, 3, 20])
def test_a_reflected_picture_goes_on_as_its_mirror(margin):
    picture = noise(1, 3, 6, 6)
    mirrored = np.pad(picture.numpy(), [(0, 0), (0, 0), (margin, margin), (margin, margin)], mode="reflect")
    assert np.array_equal(reflect(picture, margin).numpy(), mirrored)


# Multiscale


def test_multiscale_features_are_the_same_each_time_and_follow_their_seed():
    target = noise(1, 3, 80, 80)
    first, again, other = (Multiscale(target, seed=seed)(target) for seed in (0, 0, 1))
    assert all(torch.equal(a.values, b.values) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0].values, other[0].values)


def test_multiscale_features_leave_the_callers_random_state_alone():
    before = torch.random.get_rng_state()
    Multiscale(noise(1, 3, 80, 80))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_multiscale_sees_colour():
    target = stripes(32, 4)
    assert style_of(target)(target.flip(1)) > 0.1


@pytest.mark.parametrize("grey", [0.0, 0.3, 1.0])
def test_multiscale_takes_a_picture_of_one_colour(grey):
    """Its filters and its levels see nothing: no loss may become 0 / 0."""
    target = torch.full((1, 3, 32, 32), grey)
    style = style_of(target)
    assert style(target) < 1e-6
    assert 0.01 < style(target + 0.2) < torch.inf
    assert 0.01 < style(noise(1, 3, 32, 32)) < torch.inf


def test_multiscale_sees_scale():
    style = style_of(stripes(64, 8))
    same, *others = (style(stripes(64, period)).item() for period in (8, 2, 4, 16))
    assert 10 * same < min(others)


def test_multiscale_sees_direction():
    target = stripes(32, 8)
    assert style_of(target)(target.transpose(2, 3)) > 0.1


@pytest.mark.parametrize("side", [16, 17, 30])
def test_multiscale_takes_states_of_any_size(side):
    loss = style_of(noise(1, 3, 16, 16))(noise(2, 3, side, side).requires_grad_())
    loss.backward()
    assert loss.isfinite()


def test_layer_weights_weigh_the_layers():
    target, picture = noise(1, 3, 80, 80), noise(1, 3, 32, 32, seed=1)

    def loss(weights):
        return StyleLoss(Multiscale(target, weights), target[..., 32:48, 32:48])(picture)

    joint, stacks = loss((1.0, 0.0)), loss((0.0, 1.0))
    assert torch.allclose(loss((3.0, 0.5)), 3 * joint + 0.5 * stacks)
    assert joint > 0 < stacks


TORI = {"batch": st.integers(1, 2), "height": st.integers(4, 6), "width": st.integers(4, 6), "seed": st.integers(0, 99)}


def gradients(convolve, pictures):
    """The responses' and the pictures', for random gradients of the responses."""
    pictures = pictures.clone().requires_grad_()
    responses = convolve(pictures)
    responses.backward(noise(*responses.shape, seed=7))
    return responses.detach(), pictures.grad


def require_equal(ours, plain, pictures):
    for found, expected in zip(gradients(ours, pictures), gradients(plain, pictures), strict=True):
        assert torch.allclose(found, expected, atol=1e-4)


@given(**TORI, stride=st.sampled_from([1, 2]))
@settings(max_examples=30)
def test_a_stacks_convolution_and_its_gradient_are_those_of_a_circular_border(batch, height, width, seed, stride):
    kernel = noise(5, 3, 3, 3, seed=seed + 1)
    require_equal(
        lambda pictures: multiscale._convolve(pictures, kernel, stride=stride),
        lambda pictures: conv2d(pad(pictures, (1, 1, 1, 1), mode="circular"), kernel, stride=stride),
        noise(batch, 3, 2 * height, 2 * width, seed=seed),
    )


@given(**TORI, stride=st.sampled_from([1, 2]), size=st.sampled_from([3, 7, 15]))
@settings(max_examples=30)
def test_filters_and_their_gradient_are_sums_over_a_torus(batch, height, width, seed, stride, size):
    """A filter wider than the torus wraps around it."""
    shape = (2 * height, 2 * width)
    filters = multiscale._Filters(noise(1, 3, 64, 64), [size], torch.Generator().manual_seed(seed))

    def plain(pictures):
        moved = [
            (pictures.roll((i, j), (2, 3)), filters.kernels[0][..., i, j]) for i in range(size) for j in range(size)
        ]
        return sum(torch.einsum("bchw,fc->bfhw", *each) for each in moved)[..., ::stride, ::stride]

    require_equal(lambda pictures: filters(pictures, stride), plain, noise(batch, 3, *shape, seed=seed))
