"""LAPACK by address, beside SciPy's wrappers of the same routines."""

import numpy as np
import pytest
import scipy.linalg

from fastntk._errors import ConvergenceError, MemoryBudgetError
from fastntk._typing import FloatArray
from fastntk.solvers.direct import lapack, psd
from fastntk.solvers.direct.triangular import COLUMNS, ROWS, solve_lower

SIZES = (1, 2, 63, 300)  # the last one by another thread


def matrix_of(n: int, rank: int | None = None) -> FloatArray:
    a = np.random.default_rng(n).standard_normal((n, rank or 2 * n))
    return a @ a.T


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_eigh_has_the_bits_of_scipy(n: int, order: str) -> None:
    matrix = np.array(matrix_of(n), order=order)  # type: ignore[call-overload]
    kept = matrix.copy()
    values, vectors = lapack.eigh(matrix)
    expected = scipy.linalg.eigh(matrix, driver="evd")
    np.testing.assert_array_equal(values, expected[0])
    np.testing.assert_array_equal(vectors, expected[1])
    np.testing.assert_array_equal(matrix, kept)
    found = lapack.eigenvalues(matrix)
    np.testing.assert_allclose(found, values, atol=1e-13 * n * values[-1])
    np.testing.assert_array_equal(matrix, kept)


@pytest.mark.parametrize("n", SIZES)
def test_the_condition_is_that_of_scipy(n: int) -> None:
    lower = np.asfortranarray(np.linalg.cholesky(matrix_of(n)))
    expected, _ = scipy.linalg.lapack.dpocon(lower, 3.0, uplo="L")
    assert lapack.reciprocal_condition(lower, 3.0) == expected


@pytest.mark.parametrize(("n", "rank"), [(1, 1), (40, 40), (40, 7), (300, 100)])
def test_pivoted_cholesky_has_the_bits_of_scipy(n: int, rank: int) -> None:
    matrix = matrix_of(n, rank)
    kept = matrix.copy()
    factor, order, found = lapack.pivoted_cholesky(matrix, 1e-10 * n)
    expected = scipy.linalg.lapack.dpstrf(matrix, tol=1e-10 * n, lower=1)
    assert found == expected[2] == rank
    np.testing.assert_array_equal(factor, expected[0])
    np.testing.assert_array_equal(order, expected[1] - 1)
    np.testing.assert_array_equal(matrix, kept)


@pytest.mark.parametrize("shape", [(1, 1), (50, 50), (400, 30), (9, 0)])
def test_an_orthonormal_basis_is_that_of_scipy(shape: tuple[int, int]) -> None:
    a = np.asfortranarray(np.random.default_rng(0).standard_normal(shape))
    expected = scipy.linalg.qr(a, mode="economic")[0]
    found = lapack.orthonormal(a)
    assert found is a
    np.testing.assert_allclose(found, expected[:, : shape[1]], atol=1e-13)


def test_too_many_rows_for_an_index() -> None:
    n = lapack.LARGEST + 1
    with pytest.raises(MemoryBudgetError, match=r"found 32,767 rows; .*'cholesky'"):
        lapack.eigh(np.broadcast_to(0.0, (n, n)))  # not a byte of it is there


def test_an_iteration_that_does_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lapack, "_call", lambda *arguments: 3)
    for function in (lapack.eigh, lapack.eigenvalues):
        with pytest.raises(ConvergenceError, match="info = 3 for a matrix of 2 rows"):
            function(np.eye(2))


@pytest.mark.parametrize("n", [1, 5, 40])
@pytest.mark.parametrize("columns", [1, 3, 11])
@pytest.mark.parametrize("order", ["C", "F"])
def test_triangular_solves_by_blocks(
    n: int, columns: int, order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = "fastntk.solvers.direct.triangular."
    monkeypatch.setattr(module + "ROWS", 8)
    monkeypatch.setattr(module + "COLUMNS", 4)
    rng = np.random.default_rng(n)
    exact = np.tril(rng.standard_normal((n, n)) / n) + 2 * np.eye(n)
    lower = np.array(exact + np.triu(rng.standard_normal((n, n)), 1), order=order)  # type: ignore[call-overload]
    b = rng.standard_normal((n, columns))
    kept = b.copy()
    np.testing.assert_allclose(exact @ solve_lower(lower, b), b, atol=1e-12)
    found = solve_lower(lower, b, transposed=True)
    np.testing.assert_allclose(exact.T @ found, b, atol=1e-12)
    vector = solve_lower(lower, b[:, 0])
    assert vector.shape == (n,)
    np.testing.assert_allclose(exact @ vector, b[:, 0], atol=1e-12)
    np.testing.assert_array_equal(b, kept)


def test_blocks_are_small_enough_for_an_interrupt() -> None:
    assert 2 * ROWS * COLUMNS * 40_000 < 5e10  # flops of the largest product


def test_products_by_rows_are_whole_products(monkeypatch: pytest.MonkeyPatch) -> None:
    a = matrix_of(130)
    expected = np.linalg.cholesky(a)
    monkeypatch.setattr(psd, "BLOCK", 16)
    monkeypatch.setattr(psd, "FLOPS", 1.0)
    found = psd.cholesky_of(a)
    assert found is not None
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_array_equal(np.triu(found, 1), 0.0)
    assert psd.cholesky_of(-np.eye(3)) is None
