"""Gram matrices stay positive semi-definite where rows almost coincide."""

from typing import Any

import numpy as np
import pytest

import fastntk
from tests.inputs import cone, spread
from tests.networks import ABS, ERF, LEAKY, RELU, SIGN, build, mlp
from tests.tolerances import tolerance


def smallest(matrix: np.ndarray) -> float:
    """Return lambda_min in units of the mean diagonal."""
    eigenvalues = np.linalg.eigvalsh(matrix.astype(np.float64))
    return float(eigenvalues[0] / matrix.diagonal().mean(dtype=np.float64))


@pytest.mark.parametrize("get", ["nngp", "ntk"])
@pytest.mark.parametrize("activation", [RELU, ERF], ids=lambda a: str(a[0]))
def test_a_thousand_near_duplicates_in_float32(activation: list[Any], get: str) -> None:
    rng = np.random.default_rng(12)
    x = spread(rng, 1000, 20)
    shift = rng.standard_normal(x.shape)
    shift *= 1e-4 * np.linalg.norm(x, axis=1, keepdims=True)
    shift /= np.linalg.norm(shift, axis=1, keepdims=True)
    rows = np.concatenate([x, x + shift]).astype(np.float32)
    value = fastntk.gram(build(mlp(activation, 3, b_std=0.1)), rows, get=get)
    assert value.dtype == np.float32
    assert smallest(value) >= -tolerance("psd", "float32")


@pytest.mark.parametrize(
    "activation", [RELU, LEAKY, ABS, ERF, SIGN], ids=lambda a: str(a[0])
)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("width", [1e-2, 1e-5])
def test_rows_in_a_narrow_cone(
    activation: list[Any], dtype: type, width: float
) -> None:
    x = cone(np.random.default_rng(13), 150, 10, width).astype(dtype)
    net = build(mlp(activation, 2, b_std=0.1))
    for get in ("nngp", "ntk"):
        assert smallest(fastntk.gram(net, x, get=get)) >= -tolerance("psd", dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_exact_duplicates_and_antiparallel_rows(dtype: type) -> None:
    x = spread(np.random.default_rng(14), 60, 5).astype(dtype)
    rows = np.concatenate([x, x, -x, 4 * x, np.zeros_like(x[:3])])
    for depth in (1, 20, 100):
        net = build(mlp(RELU, depth))
        for get in ("nngp", "ntk"):
            value = fastntk.gram(net, rows, get=get)
            assert smallest(value) >= -tolerance("psd", dtype)
