"""The optimizer: what an update looks like, and where it gets to."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nca.training.muon import Muon, orthogonal


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@given(
    rows=st.integers(1, 40),
    columns=st.integers(1, 40),
    scale=st.sampled_from([1e-3, 1.0, 1e3]),
    seed=st.integers(0, 99),
)
@settings(max_examples=60)
def test_all_directions_of_a_matrix_become_about_as_long(rows, columns, scale, seed):
    matrix = scale * random(rows, columns, seed=seed)
    left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    clear = values > 0.02 * values.sum()  # the weakest directions of nearly square matrices are not brought all the way
    ours = torch.diag(left.T @ orthogonal(matrix) @ right.T)[clear]
    assert ours.min() > 0.5
    assert ours.max() < 1.3


@pytest.mark.parametrize("shape", [(96, 48, 1, 1), (12, 96, 1, 1), (96,)])
@pytest.mark.parametrize("size", [1e-4, 1e4])
def test_an_updates_size_is_about_the_learning_rate_whatever_the_gradients(shape, size):
    parameter = torch.nn.Parameter(torch.zeros(shape))
    parameter.grad = size * random(*shape)
    Muon([parameter], lr=0.01).step()
    assert parameter.detach().square().mean().sqrt() == pytest.approx(0.01, rel=0.35)


def test_a_parameter_without_gradient_stays():
    still = torch.nn.Parameter(torch.ones(3, 3))
    Muon([still], lr=0.1).step()
    assert torch.equal(still.detach(), torch.ones(3, 3))


def test_it_descends_where_one_direction_hides_the_others():
    """Inputs whose first component is a hundred times the others: Adam with the same step size is slower."""
    inputs = random(256, 8) * torch.tensor([100.0] + [1.0] * 7)
    wanted = inputs @ random(8, 8, seed=1)

    def error_after(make):
        weight = torch.nn.Parameter(torch.zeros(8, 8))
        optimizer = make([weight])
        for _ in range(100):
            optimizer.zero_grad()
            ((inputs @ weight - wanted) ** 2).mean().backward()
            optimizer.step()
        return ((weight.detach() - random(8, 8, seed=1)) ** 2).mean()

    assert error_after(lambda p: Muon(p, lr=0.02)) < 0.7 * error_after(lambda p: torch.optim.Adam(p, lr=0.02))
