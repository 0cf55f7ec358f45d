"""Random spectra: flat, decaying, clustered, singular."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fastntk.solvers import (
    CholeskyFactor,
    EighFactor,
    Status,
    apply_function,
    block_cg,
    cholesky,
    pinv,
    rpcholesky,
)
from tests.test_solvers.spectra import SHAPES, matrix_of, problems, spectrum

FEW = settings(max_examples=100)


def _relative(matrix: Any, ridge: float, b: Any, x: Any) -> Any:
    norms = np.linalg.norm(b, axis=0)
    left = b - matrix @ x - ridge * x
    return np.linalg.norm(left, axis=0) / np.where(norms > 0, norms, 1.0)


@FEW
@given(problems(), st.sampled_from(["rpcholesky", "nystrom", "none"]))
def test_cg_says_converged_only_if_it_is(
    problem: tuple[Any, Any, float], preconditioner: str
) -> None:
    matrix, b, ridge = problem
    result = block_cg(matrix, b, ridge, preconditioner=preconditioner)
    found = _relative(matrix, ridge, b, result.x)
    np.testing.assert_allclose(result.residuals, found, rtol=0.05, atol=1e-12)
    assert result.is_success == bool((found <= 1e-6).all())
    if ridge > 0:
        assert result.is_success


@FEW
@given(problems())
def test_cholesky_residuals_are_true(problem: tuple[Any, Any, float]) -> None:
    matrix, b, ridge = problem
    result = cholesky(matrix, b, ridge)
    found = _relative(matrix, ridge, b, result.x)
    np.testing.assert_allclose(result.residuals, found, rtol=0.1, atol=1e-12)
    assert result.is_success == bool((result.residuals <= 1e-6).all())
    if ridge > 0:
        assert result.is_success
        assert result.jitter == 0.0


@FEW
@given(problems(), st.integers(0, 2**16))
def test_pinv_is_the_least_norm_solution(
    problem: tuple[Any, Any, float], seed: int
) -> None:
    matrix, b, _ = problem
    result = pinv(matrix, b)
    assert result.rank is not None
    assert result.cutoff is not None
    if result.rank < len(matrix):
        values, vectors = np.linalg.eigh(matrix)
        null = vectors[:, values <= result.cutoff]
        assert np.abs(null.T @ result.x).max() <= 1e-9 * np.abs(result.x).max()
    wanted = np.linalg.pinv(matrix, hermitian=True) @ b
    scale = np.linalg.norm(wanted)
    assert np.linalg.norm(result.x - wanted) <= 1e-8 * scale


@FEW
@given(st.sampled_from(SHAPES), st.integers(10, 60), st.integers(0, 2**16))
def test_a_full_preconditioner_is_the_matrix(shape: str, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = matrix_of(spectrum(shape, n), rng)
    known = rpcholesky(matrix, 1.0, rank=n, seed=seed)
    b = rng.standard_normal((n, 2))
    solved = np.linalg.solve(matrix + known.shift * np.eye(n), b)
    np.testing.assert_allclose(known.solve(b), solved, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(known.undo_left(known.left(b)), b, atol=1e-8)
    np.testing.assert_allclose(known.right(known.left(b)), known.solve(b), atol=1e-9)


@FEW
@given(st.sampled_from(SHAPES), st.integers(4, 50), st.integers(0, 2**16))
def test_functions_of_a_matrix(shape: str, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = spectrum(shape, n)
    matrix = matrix_of(values, rng)
    b = rng.standard_normal((n, 2))
    b[:, 1] = b[:, 0] if seed % 2 else 0.0
    found, errors = apply_function(matrix, lambda z: np.exp(-z / 10), b, 1e-9)
    w, v = np.linalg.eigh(matrix)
    wanted = v @ (np.exp(-np.maximum(w, 0) / 10)[:, None] * (v.T @ b))
    assert (errors <= 1e-9).all()
    np.testing.assert_allclose(found, wanted, atol=1e-7 * np.abs(wanted).max())


@FEW
@given(st.sampled_from(SHAPES), st.integers(3, 40), st.integers(1, 8))
def test_both_factorisations_tell_the_same(shape: str, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    matrix = matrix_of(spectrum(shape, n), rng)
    y = rng.standard_normal((n, 2))
    first, second = CholeskyFactor.of(matrix, 0.3), EighFactor.of(matrix)
    assert np.isclose(first.log_determinant(), second.log_determinant(0.3))
    np.testing.assert_allclose(
        first.leave_one_out(y), second.leave_one_out(y, [0.3])[0], atol=1e-7
    )
    split = n // 2
    grown = CholeskyFactor.of(matrix[:split, :split], 0.3)
    grown = grown.append(matrix[split:, :split], matrix[split:, split:])
    np.testing.assert_allclose(grown.solve(y), first.solve(y), atol=1e-8)
    assert np.isclose(grown.log_determinant(), first.log_determinant())
    assert grown.result(y).status is Status.CONVERGED
