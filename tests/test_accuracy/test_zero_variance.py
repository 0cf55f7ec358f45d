"""Variances that are zero inside the network, at every row.

A layer of rectifier type uses the angle pi/2 wherever a variance is zero, on the
diagonal too: a rectifier of slopes a and b multiplies the tangent kernel by
``((a + b) / 2)**2``.
"""

from typing import Any, NamedTuple

import numpy as np
import pytest

import fastntk
from tests.networks import (
    ABRELU,
    ABS,
    ERF,
    LEAKY,
    RELU,
    SIGN,
    build,
    dense,
    residual,
    standard,
)
from tests.reference import highprec, naive
from tests.tolerances import relative_error, tolerance

GETS = ("nngp", "ntk")
DTYPES = [np.float64, np.float32]
FLAT = ["ABRelu", {"a": 0.0, "b": 0.0}]
CONSTANT_ERF = ["Erf", {"b": 0.0}]
SIZES = [4, 300]  # the second is large enough for the series of `program.collapse`

NETS: dict[str, list[Any]] = {
    "no-weights": ["serial", standard(0.0, None, 8), RELU, dense(), RELU, dense()],
    "flat": ["serial", dense(), FLAT, standard(1.0, 0.0, 8), RELU, dense()],
    "bias-only": ["serial", standard(0.0, 0.0, 8), RELU, dense()],
    "constant-erf": [
        "serial",
        dense(),
        CONSTANT_ERF,
        standard(1.0, 0.0, 8),
        RELU,
        dense(),
    ],
    "constant-erf-no-bias": [
        "serial",
        dense(),
        CONSTANT_ERF,
        standard(1.1, None, 8),
        RELU,
        dense(),
    ],
    "erf-of-size-0": [
        "serial",
        dense(),
        ["Erf", {"a": 0.0}],
        standard(1.2, 0.0, 8),
        LEAKY,
        dense(),
    ],
    "no-weights-inside": [
        "serial",
        dense(),
        RELU,
        standard(0.0, None, 8),
        LEAKY,
        dense(1.3),
    ],
    "no-weights-inside-tangent-bias": [
        "serial",
        standard(1.2, 0.0, 8),
        RELU,
        standard(0.0, 0.0, 8),
        ABRELU,
        standard(1.3, 0.0, 1),
    ],
    "two-in-a-row": [
        "serial",
        standard(0.0, 0.0, 8),
        RELU,
        standard(0.0, 0.0, 8),
        ABS,
        standard(1.0, None, 1),
    ],
    "then-erf": ["serial", standard(0.0, 0.0, 8), ERF, dense(1.3), RELU, dense()],
    "then-sign": ["serial", standard(0.0, 0.0, 8), SIGN, standard(), RELU, dense()],
    "relu-of-no-slope": [
        "serial",
        dense(),
        RELU,
        dense(),
        FLAT,
        standard(1.0, 0.0, 8),
        LEAKY,
        dense(1.2),
        LEAKY,
        dense(),
    ],
    "one-branch": [
        "serial",
        dense(),
        residual(["serial", FLAT, standard(1.0, 0.0, 16)]),
        RELU,
        dense(),
    ],
    "both-branches": [
        "serial",
        standard(0.0, 0.0, 16),
        residual(["serial", RELU, standard(1.0, 0.0, 16)]),
        LEAKY,
        dense(),
    ],
    "revived": ["serial", standard(0.0, 0.0, 8), RELU, dense(1.0, 0.3), RELU, dense()],
}


class Pair(NamedTuple):
    """Values and exact diagonals of one kernel."""

    value: np.ndarray
    truth: np.ndarray
    diagonal: np.ndarray

    @property
    def error(self) -> float:
        return relative_error(self.value, self.truth, self.diagonal, self.diagonal)


def rows(n: int, dtype: type) -> np.ndarray:
    """Return generic rows, and among the first four a parallel and an opposite one."""
    x = np.random.default_rng(22).integers(-40, 40, (n, 5)) / 8
    x[:, 0] += 1 / 16  # no row of zeros
    x[1], x[2] = 3 * x[0], -x[0]
    return np.asarray(x.astype(dtype))


@pytest.mark.parametrize("zero_rows", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", NETS)
def test_equals_multiple_precision(
    name: str, n: int, dtype: type, zero_rows: bool
) -> None:
    x = rows(n, dtype)
    if zero_rows:
        x[3] = 0
    net = build(NETS[name])
    few = slice(0, 8)
    truth = highprec.kernel(NETS[name], x[few])
    whole = fastntk.gram(net, x, get=GETS)
    cross = fastntk.gram(net, x, x.copy(), get=GETS)
    for get in GETS:
        diagonal = getattr(truth, f"{get}1")
        for result in (whole, cross):
            value = getattr(result, get)[few, few]
            pair = Pair(value, getattr(truth, get), diagonal)
            assert pair.error <= tolerance(get, dtype), (get, pair.error)
        np.testing.assert_allclose(
            fastntk.diagonal(net, x[few], get), diagonal, rtol=tolerance(get, dtype)
        )


@pytest.mark.parametrize("get", GETS)
@pytest.mark.parametrize("name", NETS)
def test_every_entry_of_a_large_matrix(name: str, get: str) -> None:
    """The textbook recursion: eight digits, but of all the pairs."""
    x = rows(300, np.float64)
    truth = naive.kernel(NETS[name], x)
    exact = getattr(truth, get)
    value = fastntk.gram(build(NETS[name]), x, get=get)
    pair = Pair(value, exact, exact.diagonal())
    assert pair.error <= 1e-7


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_by_hand(n: int, dtype: type) -> None:
    """Every rectifier sees a variance of zero, and quarters the tangent kernel."""
    x = rows(n, dtype)
    product = x.astype(np.float64) @ x.T.astype(np.float64)  # exact: few bits
    expected = {
        # fan-in times the covariance x.y / d, quartered twice
        "no-weights": product / 16,
        "bias-only": (product + 1) / 4,
        "flat": np.full((n, n), 0.25),
        "constant-erf": np.full((n, n), 0.25),
        "constant-erf-no-bias": np.zeros((n, n)),
    }
    for name, exact in expected.items():
        result = fastntk.gram(build(NETS[name]), x, get=GETS)
        np.testing.assert_array_equal(result.nngp, np.zeros((n, n)), err_msg=name)
        pair = Pair(result.ntk, exact, exact.diagonal())
        assert pair.error <= tolerance("ntk", dtype), (name, pair.error)


def test_the_reference_agrees_by_hand() -> None:
    x = rows(4, np.float64)
    truth = highprec.kernel(NETS["bias-only"], x)
    np.testing.assert_array_equal(truth.nngp, np.zeros((4, 4)))
    np.testing.assert_allclose(truth.ntk, (x @ x.T + 1) / 4, rtol=1e-15)


NO_WEIGHTS: dict[str, list[Any]] = {
    "first": ["serial", dense(0.0), RELU, dense(), RELU, dense()],
    "inside": ["serial", dense(), RELU, dense(0.0), LEAKY, dense(), RELU, dense()],
    "all": ["serial", *[dense(0.0), ABS] * 3, dense(0.0)],
    "last": ["serial", dense(), ABRELU, dense(0.0)],
    "erf": ["serial", dense(0.0), ERF, dense(), RELU, dense()],
    "flat": ["serial", dense(), FLAT, dense(), RELU, dense()],
}


@pytest.mark.parametrize("get", [*GETS, GETS], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", NO_WEIGHTS)
def test_no_weights_give_zeros(name: str, n: int, dtype: type, get: Any) -> None:
    net, x = build(NO_WEIGHTS[name]), rows(n, dtype)
    for result in (
        fastntk.gram(net, x, get=get),
        fastntk.gram(net, x, x[: n // 2].copy(), get=get),
    ):
        for value in result if isinstance(result, tuple) else (result,):
            np.testing.assert_array_equal(value, np.zeros_like(value))
