"""Log-determinant and trace of the inverse, with their errors."""

from typing import Any

import numpy as np
import pytest

from fastntk._errors import IndefiniteError, InputError
from fastntk.solvers import log_determinant, rpcholesky, trace_inverse
from tests.test_solvers.spectra import matrix_of, spectrum

N = 150


@pytest.mark.parametrize("shape", ["flat", "decaying", "clustered", "singular"])
@pytest.mark.parametrize("rank", [0, 40])
def test_estimates_lie_within_their_errors(shape: str, rank: int) -> None:
    matrix = matrix_of(spectrum(shape, N), np.random.default_rng(0))
    ridge = 0.5
    shifted = matrix + ridge * np.eye(N)
    known = rpcholesky(matrix, ridge, rank=rank) if rank else None
    options: dict[str, Any] = {"preconditioner": known, "probes": 24}
    found = log_determinant(matrix, ridge, **options)
    exact = np.linalg.slogdet(shifted)[1]
    slack = 1e-6 * abs(exact) + found.quadrature_error
    assert abs(found.value - exact) <= 4 * found.standard_error + slack
    assert found.quadrature_error <= 0.2 * found.standard_error + slack
    found = trace_inverse(matrix, ridge, **options)
    exact = np.trace(np.linalg.inv(shifted))
    assert abs(found.value - exact) <= 4 * found.standard_error + 0.02 * exact


def test_errors_fall_like_the_root_of_probes() -> None:
    matrix = matrix_of(spectrum("decaying", N), np.random.default_rng(1))
    errors = [
        np.mean(
            [
                log_determinant(matrix, 0.1, probes=k, seed=s).standard_error
                for s in range(6)
            ]
        )
        for k in (8, 32)
    ]
    assert 0.35 < errors[1] / errors[0] < 0.7


def test_a_preconditioner_makes_them_smaller() -> None:
    x = np.linspace(0, 1, N)[:, None]
    matrix = np.exp(-30 * (x - x.T) ** 2)
    known = rpcholesky(matrix, 1e-4, rank=25)
    plain = log_determinant(matrix, 1e-4)
    helped = log_determinant(matrix, 1e-4, preconditioner=known)
    assert helped.standard_error < 0.05 * plain.standard_error
    assert helped.steps < plain.steps
    plain = trace_inverse(matrix, 1e-4)
    helped = trace_inverse(matrix, 1e-4, preconditioner=known)
    exact = np.trace(np.linalg.inv(matrix + 1e-4 * np.eye(N)))
    assert abs(helped.value - exact) <= 4 * helped.standard_error + 1e-3 * exact


def test_exhausted_spaces_are_exact() -> None:
    found = trace_inverse(np.diag([1.0, 1.0, 3.0, 3.0]), 1.0, probes=4)
    assert found.value == pytest.approx(1.5)
    assert found.steps <= 3
    assert log_determinant(np.eye(5), 0.0).value == pytest.approx(0.0, abs=1e-12)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(InputError, match="probes: found 1"):
        log_determinant(np.eye(3), 0.1, probes=1)
    with pytest.raises(IndefiniteError, match="positive definite"):
        log_determinant(np.diag([1.0, -0.5, 2.0]), 0.1)
