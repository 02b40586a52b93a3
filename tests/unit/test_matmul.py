"""Compiled matrix products against NumPy's: of pairs of integers, of floats, and of pairs of bfloat16 in both forms."""

import numpy as np
import pytest

matmul = pytest.importorskip("nca.compiled.matmul")
from numba import njit, types  # noqa: E402 - where it is not installed, nca.compiled.matmul is skipped above

SHAPES = [(16, 48), (32, 96), (48, 16), (16, 16)]  # of the result


def pairs(matrix):
    """(N, 2K) two-byte numbers as (N, K) words."""
    return np.ascontiguousarray(matrix).view(np.int32)


@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_integers_at_their_limits(rows, columns):
    """64 products of the largest perception and weight stay below 2^24, and exact."""
    random = np.random.default_rng(0)
    a = random.choice([-2047, 2047, 3], (rows, 64)).astype(np.int16)
    b = random.choice([-127, 127, 5], (columns, 64)).astype(np.int16)
    start, out = random.integers(-1000, 1000, columns, dtype=np.int32), np.empty((rows, columns), np.int32)
    matmul.product(start, pairs(a), np.ascontiguousarray(pairs(b).T), out)
    assert np.array_equal(out, start + a.astype(np.int64) @ b.T)


@pytest.mark.parametrize(("rows", "columns"), SHAPES)
def test_floats_also_of_a_transposed_view(rows, columns):
    random = np.random.default_rng(1)
    a, b = random.normal(size=(20, rows)).astype(np.float32), random.normal(size=(20, columns)).astype(np.float32)
    start, out = np.ones(columns, np.float32), np.empty((rows, columns), np.float32)
    matmul.product(start, a.T, b, out)
    assert np.allclose(out, 1 + a.T @ b, atol=1e-4)


def upper_halves(matrix):
    """Floats cut to bfloat16, and their bits."""
    bits = matrix.astype(np.float32).view(np.uint32) & np.uint32(0xFFFF0000)
    return bits.view(np.float32), (bits >> 16).astype(np.uint16)


@pytest.mark.parametrize("form", [matmul.MULTIPLY_ADD[types.uint32], matmul._bfloats])
def test_halves_at_once_and_as_other_processors_take_them(form, monkeypatch):
    monkeypatch.setitem(matmul.MULTIPLY_ADD, types.uint32, form)
    block = matmul._tile(8, 1)
    product = njit(lambda start, a, b, out: block(start, a, b, out, 0, 0))
    random = np.random.default_rng(2)
    (a, a_bits), (b, b_bits) = upper_halves(random.normal(size=(8, 30))), upper_halves(random.normal(size=(16, 30)))
    out, words = np.zeros((8, 16), np.float32), b_bits.view(np.uint32).T
    product(np.ones(16, np.float32), a_bits.view(np.uint32), np.ascontiguousarray(words), out)
    assert np.allclose(out[:, : matmul.LANES], 1 + (a @ b.T)[:, : matmul.LANES], atol=1e-4)
