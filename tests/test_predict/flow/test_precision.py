"""Means and covariances against multiple precision, on tiny problems."""

from typing import Any

import mpmath as mp
import numpy as np
import pytest

from fastntk import predict

RNG = np.random.default_rng(7)


def kernels(n: int, m: int, condition: float) -> tuple[Any, ...]:
    """Return joint NNGP and NTK kernels of n training and m test points."""
    size = n + m
    basis = RNG.standard_normal((size, size + 2))
    nngp = basis @ basis.T / size
    vectors = np.linalg.qr(RNG.standard_normal((size, size)))[0]
    ntk = nngp + (vectors * np.geomspace(1 / condition, 1, size)) @ vectors.T
    return tuple((k + k.T) / 2 for k in (nngp, ntk))


def exact(
    nngp: np.ndarray, ntk: np.ndarray, y: np.ndarray, n: int, t: float, ridge: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and covariance by a matrix exponential of 60 digits."""
    with mp.workdps(60):
        tangent = mp.matrix(ntk[:n, :n].tolist()) + ridge * mp.eye(n)
        cross = mp.matrix(ntk[n:, :n].tolist())
        inside = mp.matrix(nngp[:n, :n].tolist())
        mixed = mp.matrix(nngp[n:, :n].tolist())
        outside = mp.matrix(nngp[n:, n:].tolist())
        decay = mp.zeros(n)
        if t != np.inf:
            decay = mp.expm(-tangent * (mp.mpf(t) / y.size))
        weights = cross * mp.inverse(tangent) * (mp.eye(n) - decay)
        mean = weights * mp.matrix(y.tolist())
        covariance = (
            outside
            + weights * inside * weights.T
            - weights * mixed.T
            - mixed * weights.T
        )
        return (
            np.array(mean.tolist(), dtype=float),
            np.array(covariance.tolist(), dtype=float),
        )


@pytest.mark.parametrize("condition", [1e2, 1e8])
@pytest.mark.parametrize("ridge", [0.0, 0.01])
@pytest.mark.parametrize("t", [1e-6, 0.3, 50.0, 1e7, np.inf])
def test_mean_and_covariance(t: float, ridge: float, condition: float) -> None:
    n, m = 6, 3
    nngp, ntk = kernels(n, m, condition)
    y = RNG.standard_normal((n, 2))

    def kernel_fn(x1: Any, x2: Any, get: Any) -> Any:
        rows, columns = np.ravel(x1), np.ravel(x1 if x2 is None else x2)
        found = {"nngp": nngp, "ntk": ntk}
        part = {name: k[np.ix_(rows, columns)] for name, k in found.items()}
        return part[get] if isinstance(get, str) else part

    flow = predict.gradient_descent_mse_ensemble(
        kernel_fn, np.arange(n), y, 1.0, ridge, True
    )
    truth = exact(nngp, ntk, y, n, t, ridge)
    times: list[Any] = [t] if t != np.inf else [t, None]
    for time in times:
        found = flow(time, np.arange(n, n + m), "ntk", True)
        for value, expected in zip(found, truth, strict=True):
            scale = np.abs(expected).max()
            np.testing.assert_allclose(value, expected, rtol=0, atol=1e-11 * scale)


def test_early_changes_keep_all_digits() -> None:
    _, ntk = kernels(5, 1, 10.0)
    y = RNG.standard_normal((5, 1))
    found = predict.gradient_descent_mse(ntk[:5, :5], y)(1e-13)
    np.testing.assert_allclose(found, 1e-13 / 5 * ntk[:5, :5] @ y, rtol=1e-12)
