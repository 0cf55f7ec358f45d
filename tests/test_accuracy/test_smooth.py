"""Every smooth activation at every angle, norm and depth."""

from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.accuracy import check
from tests.inputs import moderate
from tests.networks import (
    COS,
    EXP,
    EXP_NORMALIZED,
    GABOR,
    GAUSSIAN,
    GELU,
    POLYNOMIAL,
    RBF,
    SIN,
    dense,
    mlp,
    rectified,
)

DTYPES = [np.float64, np.float32]


class Layer(NamedTuple):
    """An activation, and where a stack of it stays within the range of float32."""

    net: list[Any]
    W_std: float = 1.2
    largest: float = 30.0  # mean square of the inputs, of one hidden layer
    largest_deep: float = 30.0  # of more
    depths: tuple[int, ...] = (1, 3, 8)


LAYERS: dict[str, Layer] = {
    "gelu": Layer(GELU, 1.5),
    "gelu-approximate": Layer(["Gelu", {"approximate": True}], 1.5, depths=(1,)),
    "sigmoid-like": Layer(["Sigmoid_like", {}], 1.5),
    "sin": Layer(SIN),
    "scaled-sin": Layer(["Sin", {"a": 1.3, "b": 0.8, "c": 0.4}]),
    "sin-of-pi/2": Layer(["Sin", {"c": np.pi / 2}], depths=(1, 3)),
    "cos": Layer(COS),
    "scaled-cos": Layer(["Cos", {"a": 0.7, "b": 1.2, "c": 0.2}]),
    "rbf": Layer(RBF),
    "wide-rbf": Layer(["Rbf", {"gamma": 0.35}]),
    "steep-rbf": Layer(["Rbf", {"gamma": 4.0}], depths=(1, 3)),
    "exp": Layer(["Exp", {}], 0.7, largest=8.0, depths=(1,)),
    "scaled-exp": Layer(EXP, 0.8, largest_deep=3.0),
    "falling-exp": Layer(["Exp", {"a": 0.4, "b": -0.6}], 0.8, 20.0, 3.0),
    "exp-normalized": Layer(EXP_NORMALIZED),
    "scaled-exp-normalized": Layer(
        ["ExpNormalized", {"gamma": 0.5, "shift": -0.3, "do_clip": True}], 0.9
    ),
    "gaussian": Layer(GAUSSIAN),
    "wide-gaussian": Layer(["Gaussian", {"a": 0.8, "b": -0.35}]),
    "growing-gaussian": Layer(["Gaussian", {"a": 0.7, "b": 0.02}], 1.0, 8.0, 8.0),
    "gabor": Layer(GABOR),
    "polynomial": Layer(POLYNOMIAL, 0.8, largest_deep=1.0),
    "odd-polynomial": Layer(
        ["Polynomial", {"coef": [0.0, 1.0, 0.0, -0.2]}], 0.9, largest_deep=0.5
    ),
    "constant": Layer(["Polynomial", {"coef": [1.5]}], depths=(1, 3)),
    "monomial-0": Layer(["Monomial", {"degree": 0}], depths=(1,)),
    "monomial-1": Layer(["Monomial", {"degree": 1}], depths=(1, 3)),
    "monomial-2": Layer(["Monomial", {"degree": 2}], 0.6, 30.0, 1.0, (1, 3)),
    "monomial-3": Layer(["Monomial", {"degree": 3}], 0.6, 30.0, 0.7, (1, 3)),
    "monomial-7": Layer(["Monomial", {"degree": 7}], 0.6, 3.0, depths=(1,)),
    "rectified-1": Layer(rectified(1), depths=(1, 3)),
    "rectified-2": Layer(rectified(2), 0.8, 30.0, 1.0, (1, 3)),
    "rectified-3": Layer(rectified(3), 0.6, 30.0, 0.7, (1, 3)),
    "rectified-5": Layer(rectified(5), 0.5, 5.0, depths=(1,)),
}
CASES = [
    pytest.param(name, depth, b_std, id=f"{name}-{depth}-{b_std}")
    for name, layer in LAYERS.items()
    for depth in layer.depths
    for b_std in ((None, 0.3) if depth == 1 else (0.3,))
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("name", "depth", "b_std"), CASES)
def test_every_angle_and_norm(
    name: str, depth: int, b_std: float | None, dtype: type
) -> None:
    layer = LAYERS[name]
    largest = layer.largest if depth == 1 else layer.largest_deep
    net = mlp(layer.net, depth, W_std=layer.W_std, b_std=b_std)
    check(net, moderate(31, dtype, largest))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("degree", [0, 1, 2, 3, 6])
@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.filterwarnings("ignore:.*Hermite")
def test_hermite_of_unit_variances(degree: int, depth: int, dtype: type) -> None:
    layer = [
        "serial",
        dense(1.2, 0.1),
        ["LayerNorm", {}],
        ["Hermite", dict(degree=degree)],
    ]
    net = ["serial", ["repeat", layer, depth], dense()]
    check(net, moderate(32, dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("degree", [0, 1, 2, 3])
@pytest.mark.filterwarnings("ignore:.*Hermite")
def test_hermite_of_other_variances(degree: int, dtype: type) -> None:
    """As neural-tangents: the covariance to that power, whatever the variances."""
    net = ["serial", dense(1.1), ["Hermite", {"degree": degree}], dense()]
    check(net, moderate(33, dtype, 2.0))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("b_std", [None, 0.1])
@pytest.mark.parametrize("depth", [1, 2])
def test_a_step_is_steep(depth: int, b_std: float | None, dtype: type) -> None:
    net = mlp(rectified(0), depth, W_std=1.2, b_std=b_std)
    check(net, moderate(34, dtype), digits=200)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["erf", "cos", "exp"])
def test_a_dual_given_by_the_user(name: str, dtype: type) -> None:
    net = ["serial", dense(1.1, 0.2), ["Elementwise", {"fn": name, "nngp_fn": name}]]
    check([*net, dense()], moderate(35, dtype, 3.0))
