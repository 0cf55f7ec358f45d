"""Products of operators against those of the matrix, and their order of summation."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings

import fastntk
from tests.test_operators.cases import (
    DROPOUT_NET,
    ERF_NET,
    RELU_NET,
    assert_close,
    columns,
    dense_matrix,
    rows,
)

DTYPES = ["float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("get", ["nngp", "ntk"])
@pytest.mark.parametrize("n", [1, 2, 65, 331, 700])
def test_a_symmetric_product(n: int, get: str, dtype: str) -> None:
    x, v = rows(n), columns(n, 5)
    K = fastntk.operator(RELU_NET, x, get=get, dtype=dtype)
    right = dense_matrix(RELU_NET, x, get=get, dtype=dtype) @ v
    assert (K.shape, K.dtype, K.tile_dtype) == ((n, n), np.float64, np.dtype(dtype))
    for product in (K @ v, K.matmat(v), K.rmatmat(v), K.T @ v, K.H @ v):
        assert_close(product, right, dtype)
    assert_close(K @ v[:, 0], right[:, 0], dtype)
    assert_close(K.rmatvec(v[:, 0]), right[:, 0], dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 90), (90, 1), (401, 130), (64, 600)])
def test_a_product_of_two_sides(shape: tuple[int, int], dtype: str) -> None:
    x1, x2 = rows(shape[0]), rows(shape[1], seed=2)
    K = fastntk.operator(ERF_NET, x1, x2, dtype=dtype)
    matrix = dense_matrix(ERF_NET, x1, x2, dtype=dtype)
    v, w = columns(shape[1], 3), columns(shape[0], 3)
    assert not K.is_symmetric
    assert_close(K @ v, matrix @ v, dtype)
    assert_close(K.T @ w, matrix.T @ w, dtype)
    assert_close(K.rmatmat(w), matrix.T @ w, dtype)
    assert_close(K.rmatvec(w[:, 0]), matrix.T @ w[:, 0], dtype)


@settings(max_examples=25)
@given(
    n=st.integers(1, 200),
    m=st.integers(0, 200),
    k=st.integers(1, 40),
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 2**31),
)
def test_any_shape(n: int, m: int, k: int, dtype: str, seed: int) -> None:
    x1, x2 = rows(n, 3, seed), rows(m, 3, seed + 1) if m else None
    K = fastntk.operator(RELU_NET, x1, x2, dtype=dtype)
    matrix = dense_matrix(RELU_NET, x1, x2, dtype=dtype)
    v = columns(matrix.shape[1], k, seed)
    assert_close(K @ v, matrix @ v, dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("sides", [1, 2])
def test_the_same_bits_for_every_number_of_threads(sides: int, dtype: str) -> None:
    x1, x2 = rows(900), rows(500, seed=2) if sides == 2 else None
    products = []
    for threads in (1, 2, 3, 7):
        K = fastntk.operator(RELU_NET, x1, x2, dtype=dtype, threads=threads)
        v, w = columns(K.shape[1], 17), columns(K.shape[0], 17)
        products.append((K @ v, K.T @ w, K @ v))
    for found in products:
        for a, b in zip(found, products[0], strict=True):
            assert np.array_equal(a, b)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_column_does_not_depend_on_the_others(dtype: str) -> None:
    x, v = rows(400), columns(400, 300)  # more than one walk
    K = fastntk.operator(RELU_NET, x, dtype=dtype)
    many = K @ v
    for k in (0, 15, 16, 255, 256, 299):
        assert np.array_equal(K @ v[:, k], many[:, k])


@pytest.mark.parametrize("dtype", DTYPES)
def test_layouts_and_kinds_of_columns(dtype: str) -> None:
    x = rows(150)
    K = fastntk.operator(RELU_NET, x, dtype=dtype)
    v = np.random.default_rng(3).integers(-3, 4, (150, 16))
    right = K @ v.astype(float)
    backwards = np.flipud(np.flipud(v).copy())
    for other in (v, np.asfortranarray(v), v.astype(np.float16), v.tolist(), backwards):
        assert np.array_equal(K @ np.asarray(other), right)
    wide = np.zeros((150, 32))
    wide[:, ::2] = v
    assert np.array_equal(K @ wide[:, ::2], right)
    assert np.array_equal(K @ (v + 2j * v), right + 2j * right)
    assert np.array_equal(K.matvec(v[:, :1]), right[:, :1])
    assert (K @ np.zeros((150, 0))).shape == (150, 0)


def test_columns_are_not_changed_and_nan_stays_in_its_column() -> None:
    x, v = rows(100), columns(100, 4)
    v[3, 2] = np.nan
    before = v.copy()
    for dtype in DTYPES:
        product = fastntk.operator(RELU_NET, x, dtype=dtype) @ v
        assert np.isnan(product[:, 2]).all()
        assert np.isfinite(product[:, [0, 1, 3]]).all()
    assert np.array_equal(v, before, equal_nan=True)


@pytest.mark.parametrize("dtype", DTYPES)
def test_columns_at_the_ends_of_the_range(dtype: str) -> None:
    x = rows(80)
    K = fastntk.operator(RELU_NET, x, dtype=dtype)
    v = np.random.default_rng(0).standard_normal(80)
    for scale in (2.0**-900, 2.0**900):
        assert np.array_equal(K @ (scale * v), scale * (K @ v))


def test_large_kernels_in_float32() -> None:
    x = 1e18 * rows(80)
    K = fastntk.operator(RELU_NET, x, dtype="float32")
    v = np.ones(80)
    assert_close(K @ v, dense_matrix(RELU_NET, x, dtype="float32") @ v, "float32")


@pytest.mark.parametrize("sides", [1, 2])
def test_sparse_rows(sides: int) -> None:
    x = scipy.sparse.random(300, 40, 0.2, "csr", random_state=0)
    x2 = rows(120, 40) if sides == 2 else None
    K = fastntk.operator(RELU_NET, x, x2)
    v = columns(K.shape[1], 3)
    assert_close(K @ v, dense_matrix(RELU_NET, x, x2) @ v, "float64")


def test_dropout_knows_a_row_from_its_twin() -> None:
    x = rows(100)
    x[7] = x[3]
    K = fastntk.operator(DROPOUT_NET, x)
    matrix = dense_matrix(DROPOUT_NET, x)
    assert matrix[3, 7] < 0.95 * matrix[3, 3]
    assert_close(K @ np.eye(100), matrix, "float64")
    assert np.allclose(K.block([3, 7], [3, 7]), matrix[np.ix_([3, 7], [3, 7])])
    assert np.allclose(K.block([3], [7]), matrix[3, 7])


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    K = fastntk.operator(
        RELU_NET, rows(300), progress=lambda *counts: told.append(counts)
    )
    K @ np.ones(300)
    assert told[-1] == (90_000, 90_000)


def test_attributes() -> None:
    x1, x2 = rows(20), rows(10)
    K: Any = fastntk.operator(RELU_NET, x1, x2, get="nngp")
    assert K.net is RELU_NET
    assert (K.get, K.is_symmetric) == ("nngp", False)
    assert np.array_equal(K.x1, x1)
    assert np.array_equal(K.x2, x2)
    assert fastntk.operator(RELU_NET, x1).x2 is None
    assert K.flops_per_entry > 2 * 4
