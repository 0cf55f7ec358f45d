"""Cholesky, eigendecomposition and pseudoinverse beside NumPy."""

from typing import Any

import numpy as np
import pytest

from fastntk._errors import IndefiniteError, InputError
from fastntk.solvers import (
    CholeskyFactor,
    DenseOperator,
    EighFactor,
    Status,
    cholesky,
    eigh,
    pinv,
)
from tests.test_solvers.spectra import matrix_of, spectrum

N = 80


@pytest.fixture
def matrix() -> Any:
    return matrix_of(np.logspace(-3, 2, N), np.random.default_rng(0))


@pytest.fixture
def y() -> Any:
    return np.random.default_rng(1).standard_normal((N, 2))


def test_the_factor_takes_the_memory_of_the_matrix(matrix: Any, y: Any) -> None:
    own = np.asfortranarray(matrix)
    result = cholesky(DenseOperator(own, copy=False), y, 0.1, overwrite=True)
    factor = result.details["factor"]
    assert factor.shared.array is own
    np.testing.assert_allclose(
        factor.shared.times(np.asfortranarray(y)), matrix @ y, atol=1e-10
    )
    untouched = matrix.copy()
    cholesky(untouched, y, 0.1)
    np.testing.assert_array_equal(untouched, matrix)


@pytest.mark.parametrize("rank", [1, 40, 79])
def test_jitter_is_reported_and_refined_away(rank: int) -> None:
    rng = np.random.default_rng(2)
    values = np.concatenate([np.zeros(N - rank), np.ones(rank)])
    matrix = matrix_of(values, rng)
    b = matrix @ rng.standard_normal(N)
    result = cholesky(matrix, b)
    if result.jitter:
        assert "refined" in result.notes[0]
        assert result.jitter <= 1e-7
    assert result.status is Status.CONVERGED
    assert np.linalg.norm(b - matrix @ result.x) <= 1e-6 * np.linalg.norm(b)


def test_what_jitter_cannot_mend_is_inaccurate() -> None:
    matrix = np.ones((20, 20))
    b = np.random.default_rng(3).standard_normal(20)
    result = cholesky(matrix, b)
    assert result.jitter > 0
    assert result.status is Status.INACCURATE
    assert not result.is_success


@pytest.mark.parametrize("where", [0, 1, 17, N - 1])
def test_indefinite_matrices_are_named(where: int) -> None:
    matrix = np.diag(np.linspace(1, 2, N))
    matrix[where, where] = -0.25
    with pytest.raises(IndefiniteError, match=r"v\^T K v = -0\.25") as info:
        cholesky(matrix, np.ones(N))
    vector: Any = info.value.vector
    assert np.isclose(vector @ matrix @ vector, -0.25)
    with pytest.raises(IndefiniteError, match=r"eigenvalue -0\.25, the quadratic form"):
        eigh(matrix, np.ones(N))


def test_an_indefinite_gram_matrix_is_named() -> None:
    rng = np.random.default_rng(4)
    matrix = matrix_of(np.r_[-0.3, np.linspace(0.5, 2, N - 1)], rng)
    with pytest.raises(IndefiniteError) as info:
        cholesky(matrix, np.ones(N))
    vector: Any = info.value.vector
    assert vector @ matrix @ vector < 0


def test_the_pseudoinverse_is_numpys() -> None:
    rng = np.random.default_rng(5)
    values = np.concatenate([np.zeros(30), np.logspace(-2, 2, N - 30)])
    matrix = matrix_of(values, rng)
    y = rng.standard_normal((N, 3))
    found = pinv(matrix, y)
    exact = np.linalg.pinv(matrix) @ y
    least, _, rank, _ = np.linalg.lstsq(matrix, y, rcond=None)
    for other in (exact, least):
        assert np.linalg.norm(found.x - other) <= 1e-10 * np.linalg.norm(other)
    assert found.rank == rank == N - 30
    assert found.status is Status.LEAST_SQUARES
    consistent = pinv(matrix, matrix @ y)
    assert consistent.status is Status.CONVERGED
    assert "least norm" in consistent.notes[0]
    assert found.cutoff is not None
    assert np.isclose(found.cutoff, N * np.finfo(float).eps * 100.0)


def test_the_cutoff_can_be_chosen() -> None:
    matrix = np.diag([1.0, 0.1, 0.001])
    result = pinv(matrix, np.ones(3), cutoff=0.01)
    np.testing.assert_allclose(result.x, [1.0, 10.0, 0.0])
    assert result.cutoff == 0.01
    with pytest.raises(InputError, match="cutoff: found -1"):
        pinv(matrix, np.ones(3), cutoff=-1)


def test_float32_entries_have_a_float32_cutoff() -> None:
    matrix = np.diag([1.0, 1e-8, 1e-8]).astype(np.float32)
    assert pinv(matrix, np.ones(3)).rank == 1
    assert pinv(matrix.astype(np.float64), np.ones(3)).rank == 3


def test_the_path_is_what_each_ridge_gives(matrix: Any, y: Any) -> None:
    factor = EighFactor.of(matrix)
    ridges = [0.0, 1e-3, 1.0]
    for ridge, found in zip(ridges, factor.path(y, ridges), strict=True):
        wanted = np.linalg.solve(matrix + ridge * np.eye(N), y)
        np.testing.assert_allclose(found, wanted, rtol=1e-7, atol=1e-7)
    one = factor.path(y[:, 0], 1.0)
    assert one.shape == (1, N)


def test_leave_one_out_is_what_leaving_out_gives(matrix: Any, y: Any) -> None:
    ridges = [0.01, 1.0]
    found = EighFactor.of(matrix).leave_one_out(y, ridges)
    assert found.shape == (2, N, 2)
    for i in (0, 11, N - 1):
        rest = np.arange(N) != i
        for k, ridge in enumerate(ridges):
            inner = matrix[np.ix_(rest, rest)] + ridge * np.eye(N - 1)
            wanted = matrix[i, rest] @ np.linalg.solve(inner, y[rest])
            np.testing.assert_allclose(found[k, i], wanted, atol=1e-9)
    np.testing.assert_allclose(
        CholeskyFactor.of(matrix, 1.0).leave_one_out(y), found[1], atol=1e-9
    )


def test_flow_is_what_small_steps_give(matrix: Any, y: Any) -> None:
    times = [0.0, 0.02, np.inf]
    found = EighFactor.of(matrix).flow(y, times)
    coefficients, steps = np.zeros_like(y), 4000
    for _ in range(steps):  # midpoint rule for c' = y - K c
        h = 0.02 / steps
        middle = coefficients + h / 2 * (y - matrix @ coefficients)
        coefficients = coefficients + h * (y - matrix @ middle)
    assert not found[0].any()
    np.testing.assert_allclose(found[1], coefficients, atol=1e-6)
    np.testing.assert_allclose(
        found[2], np.linalg.solve(matrix, y), rtol=1e-6, atol=1e-6
    )


def test_dimension_and_determinant(matrix: Any) -> None:
    factor = EighFactor.of(matrix)
    wanted = np.trace(matrix @ np.linalg.inv(matrix + 0.1 * np.eye(N)))
    assert np.isclose(factor.effective_dimension(0.1), wanted)
    assert factor.effective_dimension([0.1, 1.0]).shape == (2,)
    assert np.isclose(factor.log_determinant(), np.linalg.slogdet(matrix)[1])
    direct = CholeskyFactor.of(matrix, 0.1)
    assert np.isclose(direct.log_determinant(), factor.log_determinant(0.1))
    np.testing.assert_allclose(
        direct.inverse_diagonal(), np.diag(np.linalg.inv(matrix + 0.1 * np.eye(N)))
    )
    assert (
        0.2
        < direct.condition_number / np.linalg.cond(matrix + 0.1 * np.eye(N), 1)
        < 1.01
    )


def test_rows_are_appended(matrix: Any, y: Any) -> None:
    factor = CholeskyFactor.of(matrix[:50, :50], 0.1)
    before = factor.solve(y[:50])
    grown = factor.append(matrix[50:, :50], matrix[50:, 50:])
    np.testing.assert_allclose(
        grown.solve(y), np.linalg.solve(matrix + 0.1 * np.eye(N), y), atol=1e-9
    )
    np.testing.assert_array_equal(factor.solve(y[:50]), before)
    with pytest.raises(InputError, match=r"append: found \(5, 3\)"):
        factor.append(np.ones((5, 3)), np.ones((5, 5)))


def test_further_targets_reuse_a_factor(matrix: Any, y: Any) -> None:
    result = eigh(matrix, y, 0.1)
    again = result.details["factor"].result(2 * y, 0.1)
    np.testing.assert_allclose(again.x, 2 * result.x, rtol=1e-12)
    assert "factorise" not in again.seconds


def test_singular_spectra_of_all_shapes_have_a_factor() -> None:
    for shape in ("flat", "singular"):
        matrix = matrix_of(spectrum(shape, 30), np.random.default_rng(9))
        factor = EighFactor.of(matrix)
        assert factor.rank == (30 if shape == "flat" else 20)


def test_times_must_not_be_negative(matrix: Any, y: Any) -> None:
    with pytest.raises(InputError, match="times: found"):
        EighFactor.of(matrix).flow(y, [-1.0])


@pytest.mark.parametrize("scale", [1e-60, 1e-12, 1e60])
def test_residuals_do_not_depend_on_the_scale(
    scale: float, matrix: Any, y: Any
) -> None:
    result = cholesky(scale * matrix, y, 0.0)
    assert result.is_success
    np.testing.assert_allclose(result.x * scale, cholesky(matrix, y, 0.0).x, rtol=1e-6)
