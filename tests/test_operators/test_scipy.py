"""SciPy's iterative methods take an operator as it is."""

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse.linalg as sla

import fastntk
from tests.test_operators.cases import ERF_NET, RELU_NET, dense_matrix, rows

X = rows(160, 3)
K = fastntk.operator(RELU_NET, X)
MATRIX = dense_matrix(RELU_NET, X)
B = np.random.default_rng(1).standard_normal(160)


@pytest.mark.parametrize("solve", [sla.cg, sla.minres, sla.gmres])
def test_solvers(solve: object) -> None:
    assert callable(solve)
    x, status = solve(K.shifted(0.5), B, rtol=1e-12, maxiter=2000)
    assert status == 0
    right = np.linalg.solve(MATRIX + 0.5 * np.eye(160), B)
    assert np.allclose(x, right, rtol=1e-6, atol=1e-8)


def test_eigsh() -> None:
    values, vectors = sla.eigsh(K, k=4)
    assert np.allclose(values, np.linalg.eigvalsh(MATRIX)[-4:], rtol=1e-10)
    assert np.allclose(MATRIX @ vectors, vectors * values, atol=1e-8 * values[-1])


def test_lobpcg() -> None:
    start = np.random.default_rng(2).standard_normal((160, 4))
    values, _ = sla.lobpcg(K, start, tol=1e-8, maxiter=200)
    assert np.allclose(values, np.linalg.eigvalsh(MATRIX)[:-5:-1], rtol=1e-8)


@pytest.mark.parametrize("solver", ["arpack", "lobpcg"])
def test_svds(solver: str) -> None:
    x2 = rows(90, 3, seed=5)
    R = fastntk.operator(ERF_NET, X, x2)
    matrix = dense_matrix(ERF_NET, X, x2)
    _, values, _ = sla.svds(R, k=3, solver=solver, rng=np.random.default_rng(0))
    right = scipy.linalg.svdvals(matrix)[:3]
    assert np.allclose(np.sort(values)[::-1], right, rtol=1e-6)


def test_algebra_of_operators() -> None:
    other = sla.aslinearoperator(np.eye(160))
    mixed = 2.0 * K + other
    assert np.allclose(mixed @ B, 2.0 * MATRIX @ B + B)
    assert np.allclose((K @ K) @ B, MATRIX @ (MATRIX @ B))
    assert np.allclose(K.dot(B), MATRIX @ B)
    assert isinstance(K, sla.LinearOperator)
