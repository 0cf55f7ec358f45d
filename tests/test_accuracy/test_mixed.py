"""Networks of several kinds of layers against multiple precision."""

from typing import Any

import numpy as np
import pytest

import fastntk
from tests.inputs import at_angle, direction, grid, spread
from tests.networks import (
    ABRELU,
    ABS,
    ERF,
    LEAKY,
    RELU,
    SIGN,
    build,
    dense,
    mlp,
    residual,
    standard,
)
from tests.reference import highprec
from tests.tolerances import relative_error, tolerance

GETS = ("nngp", "ntk")
BRANCH = ["serial", RELU, dense(0.8, 0.1)]
SCALED_ERF = ["Erf", {"a": 1.5, "b": 0.7, "c": 0.3}]

NETS: dict[str, list[Any]] = {
    "erf-relu": ["serial", dense(1.5, 0.1), ERF, dense(1.4), RELU, dense(1.0)],
    "relu-erf": ["serial", dense(1.4), RELU, dense(1.5, 0.1), ERF, dense(1.0)],
    "erf-relu-deep": [
        "serial",
        ["repeat", ["serial", dense(1.3, 0.1), ERF, dense(1.4, 0.2), RELU], 8],
        dense(1.0),
    ],
    "abs-leaky-abrelu": [
        "serial",
        dense(1.1),
        ABS,
        dense(1.2, 0.1),
        LEAKY,
        dense(1.3),
        ABRELU,
        dense(),
    ],
    "scaled-erf": [
        "serial",
        ["repeat", ["serial", dense(1.4), SCALED_ERF], 4],
        dense(),
    ],
    "residual-relu": ["serial", dense(1.2, 0.1), residual(BRANCH, 3), RELU, dense()],
    "residual-deep": ["serial", dense(1.0), residual(BRANCH, 20), dense(1.0, 0.1)],
    "two-unlike-branches": [
        "serial",
        ["FanOut", {"num": 2}],
        [
            "parallel",
            ["serial", dense(1.4, 0.1), RELU, dense(0.7)],
            ["serial", dense(1.2), ERF, dense(1.5, 0.3)],
        ],
        ["FanInSum", {}],
        LEAKY,
        dense(1.0),
    ],
    "nested-branches": [
        "serial",
        dense(1.1, 0.1),
        residual(
            ["serial", RELU, dense(1.0), residual(["serial", ERF, dense(0.9)])], 2
        ),
        ABS,
        dense(1.0),
    ],
    "residual-across-signs": [
        "serial",
        dense(1.0),
        residual(["serial", ABS, dense(1.0)]),
        RELU,
        dense(),
    ],
    "standard-b0": [
        "serial",
        standard(1.3, 0.0, 12),
        RELU,
        standard(1.2, 0.0, 8, s=(1, 2)),
        RELU,
        standard(1.0, 0.0, 1, s=(2, 1)),
    ],
    "standard-no-bias": [
        "serial",
        standard(1.3, None, 12),
        ERF,
        standard(1.1, None, 5),
        RELU,
        standard(),
    ],
    "standard-and-ntk": [
        "serial",
        dense(1.3, 0.2, 24),
        LEAKY,
        standard(1.1, 0.1, 5),
        ERF,
        dense(1.0, 0.3),
    ],
    "two-dense-in-a-row": [
        "serial",
        dense(1.1, 0.2),
        dense(0.9, 0.3),
        RELU,
        ["Identity", {}],
        dense(),
        dense(),
    ],
    "dense-only": ["serial", dense(1.7, 0.6)],
    "activation-last": ["serial", dense(1.2, 0.1), RELU, dense(1.4), ERF],
    "zero-weights": ["serial", dense(0.0, 0.5), RELU, dense(1.0, 0.1)],
}


def check(net: list[Any], x: np.ndarray, x2: np.ndarray | None = None) -> None:
    truth = highprec.kernel(net, x, x2)
    result = fastntk.gram(build(net), x, x2, get=GETS)
    for get in GETS:
        error = relative_error(
            getattr(result, get),
            getattr(truth, get),
            getattr(truth, f"{get}1"),
            getattr(truth, f"{get}2"),
        )
        assert error <= tolerance(get, x.dtype), get


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_generic_rows_of_unequal_norms(name: str, dtype: type) -> None:
    rng = np.random.default_rng(11)
    check(NETS[name], spread(rng, 7, 4).astype(dtype), spread(rng, 5, 4).astype(dtype))


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_every_angle_norm_and_special_row(name: str, dtype: type) -> None:
    check(NETS[name], grid(7, dtype))


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("then", [RELU, ERF, LEAKY], ids=lambda layer: str(layer[0]))
def test_sign_then_another_activation(then: list[Any], dtype: type) -> None:
    net = ["serial", dense(1.2, 0.1), SIGN, dense(1.3), then, dense(1.0)]
    check(net, spread(np.random.default_rng(4), 9, 5).astype(dtype))


def _noise(net: list[Any], x: np.ndarray, truth: highprec.Truth) -> dict[str, float]:
    """Return how far one unit in the last place of the inputs moves the truth."""
    rng = np.random.default_rng(0)
    up = rng.random(x.shape) < 0.5
    moved = np.where(up, np.nextafter(x, np.inf), np.nextafter(x, -np.inf))
    other = highprec.kernel(net, np.where(x == 0, x, moved).astype(x.dtype))
    return {
        get: relative_error(
            np.tril(getattr(other, get), -1),
            np.tril(getattr(truth, get), -1),
            getattr(truth, f"{get}1"),
            getattr(truth, f"{get}1"),
        )
        for get in GETS
    }


@pytest.mark.parametrize("depth", [3, 20, 50])
@pytest.mark.parametrize("W_std", [1.5, 2.0, 3.0])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_chaotic_erf(W_std: float, depth: int, dtype: type) -> None:
    """Small angles grow exponentially; what grows is their relative error."""
    rng = np.random.default_rng(6)
    base = direction(rng, 4)
    smallest = 1e-9 if dtype is np.float64 else 1e-6
    angles = [smallest, 1e-6, 1e-4, 1e-2, 0.7, 2.0, np.pi - 1e-4, np.pi - smallest]
    rows = np.array([base, *(at_angle(rng, base, a) for a in angles)]).astype(dtype)
    net = mlp(ERF, depth, W_std=W_std)
    truth = highprec.kernel(net, rows)
    noise = _noise(net, rows, truth)
    result = fastntk.gram(build(net), rows, get=GETS)
    for get in GETS:
        diagonal = getattr(truth, f"{get}1")
        error = relative_error(
            getattr(result, get), getattr(truth, get), diagonal, diagonal
        )
        # Rounding the inputs by one more bit would already do the same harm.
        assert error <= max(tolerance(get, dtype), 10 * noise[get]), get


@pytest.mark.parametrize("angle", [1e-6, 1e-3, np.pi - 1e-3])
def test_deep_sign_near_parallel_rows(angle: float) -> None:
    rng = np.random.default_rng(8)
    base = direction(rng, 5)
    x = np.array([base, at_angle(rng, base, angle), 2 * direction(rng, 5)])
    net = mlp(SIGN, 3, b_std=0.1)
    truth = highprec.kernel(net, x)
    noise = _noise(net, x, truth)["nngp"]
    value = fastntk.gram(build(net), x, get="nngp")
    error = relative_error(value, truth.nngp, truth.nngp1, truth.nngp1)
    assert error <= max(tolerance("nngp", "float64"), 10 * noise)
