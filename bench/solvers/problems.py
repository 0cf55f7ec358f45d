"""Rows and targets of the figures, from seeds."""

from typing import Any

import numpy as np

from bench.nets import fully_connected
from fastntk import diagonal, stax

__all__ = ["clustered", "digits", "gaussian", "network", "ridge_of", "targets"]

RELATIVE_RIDGE = 1e-3


def network() -> Any:
    """Return three ReLU layers with biases."""
    return fully_connected(stax, "Relu", 3)


def gaussian(n: int, d: int = 20) -> Any:
    """Return Gaussian rows."""
    return np.random.default_rng(0).standard_normal((n, d))


def clustered(n: int, d: int = 3, n_clusters: int = 50) -> Any:
    """Return rows in narrow clusters."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((n_clusters, d))
    return centres[rng.integers(0, n_clusters, n)] + 0.05 * rng.standard_normal((n, d))


def digits() -> tuple[Any, Any]:
    """Return the digits of scikit-learn, and a column per class."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.data / 16.0, np.eye(10)[data.target] - 0.1


def targets(x: Any, n_outputs: int = 1) -> Any:
    """Return smooth functions of the rows, with noise."""
    rng = np.random.default_rng(1)
    directions = rng.standard_normal((x.shape[1], n_outputs)) / np.sqrt(x.shape[1])
    return np.sin(2.0 * x @ directions) + 0.1 * rng.standard_normal((len(x), n_outputs))


def ridge_of(x: Any, relative: float = RELATIVE_RIDGE) -> float:
    """Return a ridge in units of the mean diagonal."""
    return relative * float(diagonal(network(), x).mean())
