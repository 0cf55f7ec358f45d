"""The diagonal, blocks and shifts of an operator."""

from typing import Any

import numpy as np
import pytest

import fastntk
from tests.test_operators.cases import RELU_NET, dense_matrix, rows

X = rows(230)
MATRIX = dense_matrix(RELU_NET, X)
INDEX: list[Any] = [
    slice(None),
    slice(10, 40),
    slice(200, 20, -7),
    slice(50, 50),
    [3, 1, 1, -1],
    np.array([229, 0]),
    np.arange(230) % 3 == 0,
    [],
]


@pytest.mark.parametrize("i", range(len(INDEX)))
@pytest.mark.parametrize("j", range(len(INDEX)))
def test_a_block(i: int, j: int) -> None:
    K = fastntk.operator(RELU_NET, X)
    found = K.block(INDEX[i], INDEX[j])
    right = MATRIX[INDEX[i]][:, INDEX[j]]
    assert found.shape == right.shape
    assert found.dtype == np.float64
    assert np.allclose(found, right, rtol=1e-12, atol=0)
    if i == j and found.size:
        assert np.array_equal(found, found.T)
    exact = K.diagonal()
    rows_ = np.arange(230)[INDEX[i]]
    cols_ = np.arange(230)[INDEX[j]]
    for p, q in np.argwhere(rows_[:, None] == cols_):
        assert found[p, q] == exact[rows_[p]]


def test_a_block_of_two_sides() -> None:
    x2 = rows(90, seed=4)
    K = fastntk.operator(RELU_NET, X, x2, dtype="float32")
    right = fastntk.gram(RELU_NET, X, x2, dtype="float32")
    found = K.block([5, 200], slice(3, 60))
    assert found.dtype == np.float32
    assert np.allclose(found, right[[5, 200], 3:60], rtol=1e-5)


def test_the_diagonal_is_exact() -> None:
    for dtype in ("float32", "float64"):
        K = fastntk.operator(RELU_NET, X, dtype=dtype)
        assert np.array_equal(K.diagonal(), fastntk.diagonal(RELU_NET, X))
        K.diagonal()[:] = 0.0  # a copy
        assert K.diagonal().min() > 0


@pytest.mark.parametrize("ridge", [0.0, 0.25, np.linspace(0.1, 2.0, 230)])
def test_a_shift(ridge: Any) -> None:
    K = fastntk.operator(RELU_NET, X)
    A = K.shifted(ridge)
    right = MATRIX + np.diag(np.broadcast_to(ridge, 230))
    v = np.random.default_rng(0).standard_normal((230, 3))
    for product in (A @ v, A.matmat(v), A.rmatmat(v), A.T @ v):
        assert np.allclose(product, right @ v, rtol=1e-11)
    assert np.allclose(A @ v[:, 0], right @ v[:, 0], rtol=1e-11)
    assert np.allclose(A.matvec(v[:, :1]), right @ v[:, :1], rtol=1e-11)
    assert np.allclose(A.diagonal(), np.diag(right), rtol=1e-14)
    assert np.allclose(A.block([4, 7], slice(0, 9)), right[[4, 7], :9], rtol=1e-12)
    again = A.shifted(1.0)
    assert np.allclose(again @ v, right @ v + v, rtol=1e-11)
    assert (A.shape, A.dtype) == (K.shape, K.dtype)
