"""Inputs of the measurements: reproducible rows of stated shape and geometry."""

import numpy as np
from numpy.typing import DTypeLike, NDArray

SPREAD = 4.0


def spread_rows(
    n: int, d: int, dtype: DTypeLike = np.float64, seed: int = 0
) -> NDArray[np.floating]:
    """Return (n, d) Gaussian rows, norms log-uniform in sqrt(d) [1/2, 2]."""
    rng = np.random.default_rng([seed, n, d])
    rows = rng.standard_normal((n, d))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    half = np.sqrt(SPREAD)
    norms = np.sqrt(d) * np.exp(rng.uniform(-np.log(half), np.log(half), n))
    return np.asarray(rows * norms[:, None], dtype)


def cone_rows(
    n: int, d: int, dtype: DTypeLike = np.float64, angle: float = 0.01, seed: int = 1
) -> NDArray[np.floating]:
    """Return (n, d) rows within ``angle`` radians of one axis, norms spread 4x."""
    rng = np.random.default_rng([seed, n, d])
    axis = rng.standard_normal(d)
    axis /= np.linalg.norm(axis)
    away = rng.standard_normal((n, d))
    away -= np.outer(away @ axis, axis)
    away /= np.linalg.norm(away, axis=1, keepdims=True)
    theta = rng.uniform(0.0, angle, (n, 1))
    norms = np.linalg.norm(spread_rows(n, d, seed=seed), axis=1, keepdims=True)
    return np.asarray(norms * (np.cos(theta) * axis + np.sin(theta) * away), dtype)


def duplicate_rows(
    n: int, d: int, dtype: DTypeLike = np.float64, seed: int = 2
) -> NDArray[np.floating]:
    """Return (n, d) rows of which the second half repeats the first, shuffled."""
    rows = spread_rows(n - n // 2, d, dtype, seed)
    both = np.concatenate([rows, rows[: n // 2]])
    return both[np.random.default_rng([seed, n]).permutation(n)]
