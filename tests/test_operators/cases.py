"""Networks, rows and comparisons shared by the tests of operators."""

from typing import Any

import numpy as np

import fastntk
from tests.networks import DROPOUT, ERF, RELU, build, dense, mlp

RELU_NET = build(mlp(RELU, 2, 1.5, 0.1))
ERF_NET = build(mlp(ERF, 2))
DROPOUT_NET = build(["serial", dense(1.2), RELU, DROPOUT, dense()])
# float32: columns are rounded, and sums of 64 products
TOLERANCE = {"float32": 2e-6, "float64": 1e-13}


def rows(n: int, d: int = 4, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d))


def columns(n: int, k: int, seed: int = 1) -> np.ndarray:
    """Return columns of very different scales."""
    rng = np.random.default_rng(seed)
    return np.asarray(rng.standard_normal((n, k)) * 10.0 ** rng.uniform(-20, 20, k))


def dense_matrix(net: Any, x1: Any, x2: Any = None, **options: Any) -> np.ndarray:
    """Return the matrix that an operator stands for, in float64."""
    return np.asarray(fastntk.gram(net, x1, x2, **options), dtype=np.float64)


def assert_close(found: np.ndarray, right: np.ndarray, dtype: str) -> None:
    """Compare columns by their norms."""
    error = np.linalg.norm(found - right, axis=0)
    assert np.all(error <= TOLERANCE[dtype] * np.linalg.norm(right, axis=0))
