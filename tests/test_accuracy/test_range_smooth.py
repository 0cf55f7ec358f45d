"""Activations whose averages are infinite, or leave the range of the output."""

from typing import Any

import numpy as np
import pytest

import fastntk
from tests.accuracy import check
from tests.networks import EXP, RELU, build, dense, mlp, rectified

GETS = ("nngp", "ntk")
ROWS = np.random.default_rng(3).standard_normal((4, 6))
UNIT = ROWS / np.sqrt((ROWS * ROWS).mean(axis=1, keepdims=True))


def growing(b: float) -> list[Any]:
    return ["serial", dense(), ["Gaussian", {"a": 1.0, "b": b}], dense()]


# E[exp(2 b u^2)] is finite below a variance of 1 / (4 b).
@pytest.mark.parametrize("b", [0.25, 0.26, 0.4, 0.5, 0.6, 1.0, 5.0])
@pytest.mark.parametrize("get", [*GETS, GETS])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_gaussian_without_an_average_names_the_layer(
    b: float, get: Any, dtype: type
) -> None:
    x = np.concatenate([UNIT, 1.001 * UNIT]).astype(dtype)
    with pytest.raises(fastntk.RangeError, match="Gaussian"):
        fastntk.gram(build(growing(b)), x, get=get)


@pytest.mark.parametrize("norm", [1.001, 1.2, 1.5, 3.0, 1e3])
def test_one_row_too_large_is_enough(norm: float) -> None:
    net = build(growing(0.25))
    small, large = 0.9 * UNIT, np.concatenate([0.9 * UNIT[:1], norm * UNIT[1:2]])
    assert np.isfinite(fastntk.gram(net, small)).all()
    for pair in ((small, large), (large, small), (large, None)):
        with pytest.raises(fastntk.RangeError, match="Gaussian"):
            fastntk.gram(net, *pair)
    with pytest.raises(fastntk.RangeError, match="Gaussian"):
        fastntk.diagonal(net, large)
    with pytest.raises(fastntk.RangeError, match="Gaussian"):
        list(fastntk.tiles(net, large))
    with pytest.raises(fastntk.RangeError, match="Gaussian"):
        net.kernel_fn(large)


def test_close_to_the_edge_the_values_are_right() -> None:
    for b in (0.2, 0.24, 0.2499):
        check(growing(b), np.concatenate([UNIT, UNIT[:1], -UNIT[1:2], 0.5 * UNIT]))


OVERFLOWS: dict[str, tuple[list[Any], float]] = {
    "exp": (["Exp", {}], 30.0),
    "twice-exp": (["serial", ["Exp", {}], dense(1.0), ["Exp", {}]], 3.0),
    "monomial": (["Monomial", {"degree": 9}], 1e20),
    "polynomial": (["Polynomial", {"coef": [0.0, 0.0, 0.0, 1.0]}], 1e60),
    "rectified": (rectified(3), 1e60),
}


@pytest.mark.parametrize("name", OVERFLOWS)
@pytest.mark.parametrize("get", [*GETS, GETS])
def test_what_overflows_names_the_layer(name: str, get: Any) -> None:
    layer, norm = OVERFLOWS[name]
    net = build(["serial", dense(), layer, dense()])
    pattern = r"(Exp|Monomial|Polynomial|Dense).*float64"
    with pytest.raises(fastntk.RangeError, match=pattern):
        fastntk.gram(net, norm * UNIT, get=get)


@pytest.mark.parametrize("get", [*GETS, GETS])
def test_float32_overflows_earlier(get: Any) -> None:
    net = ["serial", dense(), ["Exp", {}], dense()]
    x = (8 * UNIT).astype(np.float32)  # e^(2 * 64)
    with pytest.raises(fastntk.RangeError, match=r"(Exp|Dense).*float32"):
        fastntk.gram(build(net), x, get=get)
    check(net, x.astype(np.float64))


@pytest.mark.parametrize("degree", [2, 3])
def test_what_vanishes_names_the_layer(degree: int) -> None:
    net = build(mlp(rectified(degree), 6, W_std=0.1))
    with pytest.raises(
        fastntk.RangeError, match=r"(RectifiedMonomial|Dense).*float(32|64)"
    ):
        fastntk.gram(net, ROWS.astype(np.float32))


def test_large_values_inside_may_recover_before_the_output() -> None:
    net = ["serial", dense(), EXP, dense(1e-6), RELU, dense()]
    check(net, (10 * UNIT).astype(np.float32))


BOUNDED: dict[str, list[Any]] = {
    "sin": ["Sin", {}],
    "cos": ["Cos", {}],
    "rbf": ["Rbf", {}],
    "gaussian": ["Gaussian", {}],
    "gabor": ["Gabor", {}],
    "sigmoid-like": ["Sigmoid_like", {}],
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", BOUNDED)
@pytest.mark.parametrize("norm", [1e-6, 1e4, 1e8])
def test_bounded_activations_of_extreme_rows(
    name: str, norm: float, dtype: type
) -> None:
    x = (norm * np.concatenate([UNIT, UNIT[:1], -UNIT[:1], 2 * UNIT[:2]])).astype(dtype)
    check(["serial", dense(1.1, 0.1), BOUNDED[name], dense(0.9, 0.2)], x, digits=200)


@pytest.mark.parametrize("name", BOUNDED)
def test_bounded_activations_never_overflow(name: str) -> None:
    x = (1e15 * ROWS).astype(np.float32)
    net = build(["serial", dense(1.0, 0.1), BOUNDED[name], dense(1.0, 0.1)])
    assert np.isfinite(fastntk.gram(net, x, get="nngp")).all()


@pytest.mark.parametrize("layer", [["Gaussian", {}], ["Gabor", {}], ["Gelu", {}]])
def test_variances_inside_beyond_float32_name_the_layer(layer: list[Any]) -> None:
    x = np.array([[1, 2], [-2, 0.3]], dtype=np.float32)
    net = ["serial", dense(5.0), ["Exp", {}], dense(), layer, dense(), RELU, dense()]
    with pytest.raises(fastntk.RangeError, match=f"{layer[0]}.*inside.*float32"):
        fastntk.gram(build(net), x)
