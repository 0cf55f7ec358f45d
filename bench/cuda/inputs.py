"""Random rows, and how near a result is to what the project promises."""

from typing import Any

import numpy as np

import fastntk
from tests.tolerances import relative_error, tolerance

__all__ = ["PROMISE", "error_of", "rows"]

PROMISE = tolerance("ntk", "float32")


def rows(n: int, d: int, seed: int = 0) -> np.ndarray:
    """Return Gaussian rows in float32 with norms spread fourfold."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d), dtype=np.float32)
    return x * np.exp(rng.uniform(0, np.log(4), (n, 1))).astype(np.float32)


def error_of(net: Any, x: np.ndarray, values: np.ndarray) -> float:
    """Return how far an NTK is from the CPU's in float64, in the promise's measure.

    Parameters
    ----------
    net : Network
        The network.
    x : ndarray of shape (n, d)
        Rows, taken as they are.
    values : ndarray of shape (n, n)
        What was computed for them.

    Returns
    -------
    float
        Relative to sqrt(K(x, x) K(y, y)); infinite where a value is not finite.
    """
    known = fastntk.gram(net, x, dtype="float64", backend="cpu")
    return relative_error(values, known, np.diag(known), np.diag(known))
