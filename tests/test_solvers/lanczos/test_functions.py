"""Functions of a matrix times a block."""

from typing import Any

import numpy as np
import pytest

from fastntk._errors import IndefiniteError, InputError
from fastntk.solvers import apply_function
from fastntk.solvers.lanczos.functions import BlockLanczos
from tests.test_solvers.spectra import Counted, matrix_of, spectrum

N = 200


def _exact(matrix: Any, f: Any, b: Any) -> Any:
    values, vectors = np.linalg.eigh(matrix)
    weights = np.asarray(f(np.maximum(values, 0)))
    return vectors @ (weights[..., :, None] * (vectors.T @ b))


def _growth(times: Any) -> Any:
    t = np.asarray(times)[:, None]
    return lambda z: np.where(z > 0, -np.expm1(-t * z) / np.where(z > 0, z, 1.0), t)


@pytest.mark.parametrize("shape", ["flat", "decaying", "clustered", "singular"])
def test_many_times_at_once(shape: str) -> None:
    rng = np.random.default_rng(0)
    matrix = matrix_of(spectrum(shape, N), rng)
    b = rng.standard_normal((N, 3))
    f = _growth([1e-3, 0.1, 10.0])
    found, errors = apply_function(matrix, f, b, 1e-8)
    wanted = _exact(matrix, f, b)
    assert found.shape == (3, N, 3)
    assert errors.shape == (3, 3)
    assert (errors <= 1e-8).all()
    norms = np.linalg.norm(wanted, axis=1)
    assert (np.linalg.norm(found - wanted, axis=1) <= 1e-6 * norms).all()


def test_a_vector_and_one_function() -> None:
    matrix = np.diag(np.linspace(1, 4, 30))
    found, error = apply_function(matrix, np.sqrt, np.ones(30), 1e-10)
    np.testing.assert_allclose(found, np.sqrt(np.linspace(1, 4, 30)), rtol=1e-8)
    assert error.shape == ()


def test_dependent_columns_and_small_spaces() -> None:
    rng = np.random.default_rng(1)
    vectors = np.linalg.qr(rng.standard_normal((50, 50)))[0]
    matrix = (vectors * np.r_[np.full(25, 2.0), np.full(25, 5.0)]) @ vectors.T
    b = rng.standard_normal((50, 2)) @ rng.standard_normal((2, 5))
    b[:, 4] = 0.0
    operator = Counted((matrix + matrix.T) / 2)
    found, errors = apply_function(operator, np.log, b)
    np.testing.assert_allclose(found, _exact(matrix, np.log, b), atol=1e-9)
    assert not errors.any()
    assert operator.products <= 4


def test_too_few_iterations_are_told() -> None:
    matrix = matrix_of(spectrum("decaying", N), np.random.default_rng(2))
    b = np.random.default_rng(3).standard_normal((N, 1))
    _, errors = apply_function(matrix, _growth([1e4]), b, 1e-8, max_iter=5)
    assert errors.max() > 1e-8
    _, errors = apply_function(matrix, _growth([1e4]), b, 1e-8, max_memory=N * 8 * 6)
    assert errors.max() > 1e-8


def test_the_basis_is_orthonormal() -> None:
    matrix = matrix_of(spectrum("clustered", N), np.random.default_rng(4))
    basis = BlockLanczos(
        Counted(matrix), np.random.default_rng(5).standard_normal((N, 4))
    )
    for _ in range(20):
        basis.extend()
    whole = np.hstack(basis.blocks)
    np.testing.assert_allclose(whole.T @ whole, np.eye(whole.shape[1]), atol=1e-12)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(InputError, match=r"f: found values of shape \(\)"):
        apply_function(np.eye(3), lambda z: np.array(1.0), np.ones(3))
    with pytest.raises(InputError, match="b: found 4 rows; expected 3"):
        apply_function(np.eye(3), np.sqrt, np.ones(4))
    with pytest.raises(IndefiniteError, match=r"quadratic form -0\.8"):
        apply_function(np.diag([1.0, 2.0, -1.0]), np.sqrt, np.ones(3))
