"""Inputs with positions against multiple precision: equal, parallel and empty ones."""

from typing import Any

import numpy as np
import pytest

from tests.networks import ABS, ERF, GELU, LAYER_NORM, RELU, SIN, build, dense
from tests.reference import highprec
from tests.tolerances import relative_error, tolerance

GETS = ("nngp", "ntk")
START: list[Any] = ["serial", dense(1.2, 0.1)]
MEAN: list[Any] = ["GlobalAvgPool", {}]
SUM: list[Any] = ["GlobalSumPool", {}]
FLATTEN: list[Any] = ["Flatten", {}]
AGGREGATE: list[Any] = ["Aggregate", {}]
WEIGHTS = [1.0, -1.0, 0.5, 0.25]
CONTRACT = [
    "DotGeneral",
    {"rhs": WEIGHTS, "dimension_numbers": [[[1], [0]], [[], []]]},
]
NETS: dict[str, list[Any]] = {
    "pool": [*START, RELU, MEAN, dense()],
    "pool-without-bias": ["serial", dense(1.2), RELU, SUM, dense(1.1, 0.1)],
    "pool-then-relu": [*START, GELU, MEAN, dense(1.1), RELU, dense()],
    "flatten": [*START, RELU, FLATTEN, dense(1.1, 0.2), ERF, dense()],
    "flatten-deep": [*START, SIN, dense(), RELU, dense(), ABS, FLATTEN, dense()],
    "second-position": [*START, RELU, ["Index", {"idx": [[None, None], 1]}], dense()],
    "slice": [*START, RELU, ["Index", {"idx": [[None, None], [1, 3]]}], MEAN, dense()],
    "last-position-first": [
        "serial",
        ["Index", {"idx": [[None, None], -1, "..."]}],
        dense(1.1, 0.1),
        RELU,
        dense(),
    ],
    "contraction": [*START, RELU, CONTRACT, dense(1.1, 0.1), ABS, dense()],
    "scaled": [*START, ["DotGeneral", {"rhs": 1.5}], RELU, MEAN, dense()],
    "layer-norm": [*START, LAYER_NORM, RELU, dense(), SUM],
    "aggregate": [*START, RELU, AGGREGATE, dense(), RELU, MEAN, dense()],
    "aggregate-first": ["serial", AGGREGATE, dense(1.1, 0.1), RELU, SUM, dense()],
    "aggregate-twice": [
        "serial",
        AGGREGATE,
        dense(1.2),
        RELU,
        AGGREGATE,
        dense(1.1),
        GELU,
        FLATTEN,
        dense(),
    ],
    "pool-of-inputs": ["serial", MEAN, dense(1.1, 0.1), RELU, dense()],
}


def inputs() -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Return samples that share positions, up to a factor, and edges of a graph."""
    rng = np.random.default_rng(91)
    x = rng.integers(-20, 20, (7, 4, 3)) / 8.0
    x[1, 0], x[2, 1], x[3, 2], x[4, 3] = x[0, 0], 2 * x[0, 1], -x[0, 0], 0.0
    x[5] = x[0][::-1]
    x[6] = rng.standard_normal((4, 3))
    edges = rng.integers(0, 2, (7, 4, 4)).astype(float)
    edges[5] = edges[0][::-1, ::-1]
    return x[[0, 1, 4, 6]], x[[0, 2, 3, 5, 6]], (edges[[0, 1, 4, 6]], edges[:5])


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("name", NETS)
def test_equals_multiple_precision(name: str, symmetric: bool) -> None:
    x1, x2, (edges1, edges2) = inputs()
    both = (edges1, edges1) if symmetric else (edges1, edges2)
    kwargs = {"pattern": both} if "Aggregate" in str(NETS[name]) else {}
    other = None if symmetric else x2
    truth = highprec.sequences(NETS[name], x1, other, kwargs.get("pattern"))
    result = build(NETS[name]).kernel_fn(x1, other, **kwargs)
    for get in GETS:
        error = relative_error(
            getattr(result, get),
            getattr(truth, get),
            getattr(truth, f"{get}1"),
            getattr(truth, f"{get}2"),
        )
        assert error <= tolerance(get, "float64"), (get, error)
    np.testing.assert_allclose(result.cov1, truth.nngp1, rtol=1e-12, atol=1e-15)
    if not symmetric:
        np.testing.assert_allclose(result.cov2, truth.nngp2, rtol=1e-12, atol=1e-15)
