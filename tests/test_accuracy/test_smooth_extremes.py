"""Smooth activations of rows of very different norms, and very deep."""

from typing import Any

import numpy as np
import pytest

from tests.accuracy import check
from tests.inputs import at_angle, direction
from tests.networks import (
    COS,
    EXP_NORMALIZED,
    GABOR,
    GAUSSIAN,
    GELU,
    POLYNOMIAL,
    RBF,
    RELU,
    SIN,
    dense,
    mlp,
    rectified,
)

DTYPES = [np.float64, np.float32]
DIGITS = 120
SCALED_SIN = ["Sin", {"a": 1.3, "b": 0.8, "c": 0.4}]
GROWING: dict[str, list[Any]] = {
    "polynomial": POLYNOMIAL,
    "odd-polynomial": ["Polynomial", {"coef": [0.0, 1.0, 0.0, -0.2]}],
    "rectified-2": rectified(2),
}
BOUNDED: dict[str, list[Any]] = {
    "gelu": GELU,
    "sigmoid-like": ["Sigmoid_like", {}],
    "sin": SIN,
    "scaled-sin": SCALED_SIN,
    "cos": COS,
    "rbf": RBF,
    "exp-normalized": EXP_NORMALIZED,
    "gaussian": GAUSSIAN,
    "gabor": GABOR,
}
SMALL = [(1e-4, 1.0), (1e-4, 1e-3), (1e-2, 0.1)]
LARGE = [(1.0, 1e2), (1e2, 1e4)]
CASES = [
    *((name, scales) for name in BOUNDED for scales in (*SMALL, *LARGE)),
    *((name, scales) for name in GROWING for scales in SMALL),
]


def rows(dtype: type, scales: tuple[float, ...], d: int = 5) -> np.ndarray:
    """Return rows close to a direction and to its opposite, at each of these norms."""
    rng = np.random.default_rng(61)
    base = direction(rng, d)
    small = 1e-9 if dtype is np.float64 else 1e-6
    angles = (small, 1e-3, 1.0, 2.5, np.pi - 1e-3, np.pi - small)
    near = [base, -base, 2 * base, *(at_angle(rng, base, a) for a in angles)]
    near += [1.7 * near[3]]
    return np.array([s * v * d**0.5 for s in scales for v in near]).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "scales"), CASES)
@pytest.mark.parametrize("b_std", [None, 0.1])
def test_norms_far_apart(
    name: str, scales: tuple[float, ...], b_std: float | None, dtype: type
) -> None:
    layer = (BOUNDED | GROWING)[name]
    start = ["serial", dense(1.1, b_std), layer, dense(1.0, b_std)]
    x = rows(dtype, scales)
    if b_std is None:
        check(start, x, DIGITS)
    check([*start, RELU, dense()], x, DIGITS)


DEEP: dict[str, tuple[list[Any], float, float]] = {
    "gelu": (GELU, 1.5, 1.0),
    "sin": (SIN, 1.2, 1.0),
    "cos": (COS, 1.2, 1.0),
    "scaled-sin": (SCALED_SIN, 1.2, 1.0),
    "rbf": (RBF, 0.9, 1.0),
    "gaussian": (GAUSSIAN, 1.2, 1.0),
    "gabor": (GABOR, 1.2, 1.0),
    "exp-normalized": (EXP_NORMALIZED, 1.0, 1.0),
    "polynomial": (POLYNOMIAL, 0.8, 0.4),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", DEEP)
def test_fifty_layers(name: str, dtype: type) -> None:
    layer, W_std, scale = DEEP[name]
    net = mlp(layer, 50, W_std=W_std, b_std=0.1)
    check(net, rows(dtype, (scale,))[[0, 1, 3, 4, 5, 8]], 80)
