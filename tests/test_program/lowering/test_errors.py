"""Orders and parameters without a limit are refused in words that name the layer."""

from typing import Any

import numpy as np
import pytest

from fastntk import NetworkError
from fastntk.program import lower
from fastntk.stax import (
    ABRelu,
    Aggregate,
    Cos,
    Dense,
    DotGeneral,
    Dropout,
    Elementwise,
    Exp,
    ExpNormalized,
    FanInConcat,
    FanInProd,
    FanInSum,
    FanOut,
    Flatten,
    Gabor,
    Gaussian,
    Gelu,
    GlobalAvgPool,
    GlobalSumPool,
    Hermite,
    Identity,
    Index,
    LayerNorm,
    Monomial,
    Polynomial,
    Rbf,
    RectifiedMonomial,
    Relu,
    Sigmoid_like,
    Sin,
    Slice,
    parallel,
    serial,
)

pytestmark = pytest.mark.jit_off


def dual(cov12: Any, var1: Any, var2: Any) -> Any:
    return cov12


ACTIVATIONS = [
    *(Gelu(), Sigmoid_like(), Sin(), Sin(c=1), Cos(), Rbf(), Exp(), ExpNormalized()),
    *(Gaussian(), Gabor(), Hermite(2), Monomial(2), Polynomial((1, 2))),
    *(RectifiedMonomial(k) for k in range(3)),
    Elementwise(nngp_fn=dual),
]


@pytest.mark.parametrize("layer", ACTIVATIONS, ids=repr)
@pytest.mark.parametrize(
    "before", [(), (Dense(8), Relu()), (Dense(8), Flatten()), (Dense(8), Dropout(0.5))]
)
def test_activations_need_gaussian_features(
    layer: Any, before: tuple[Any, ...]
) -> None:
    name = repr(layer).split("(")[0]
    with pytest.raises(NetworkError, match=rf"^{name}\(.* at layer .*not Gaussian"):
        serial(*before, layer).program()


TWO = FanOut(2)
NET_ERRORS: dict[str, tuple[tuple[Any, ...], str]] = {
    "LayerNorm after an activation": (
        (Dense(8), Relu(), LayerNorm()),
        r"LayerNorm\(\) at layer 2: its input is not Gaussian.*between a Dense",
    ),
    "LayerNorm of the inputs": ((LayerNorm(),), r"LayerNorm\(\) at layer 0: its input"),
    "Dropout of the inputs": (
        (Dropout(0.5), Dense(8)),
        r"Dropout\(0.5\) at layer 0: found the inputs of the network; expected a layer",
    ),
    "Dropout of inputs passed on": (
        (Identity(), TWO, parallel(Dense(3), Dropout(0.5))),
        r"Dropout\(0.5\) at layer 2.1: found the inputs",
    ),
    "sum of Dropout": (
        (Dense(8), TWO, parallel(Identity(), Dropout(0.5)), FanInSum()),
        r"FanInSum\(\) at layer 3: found a branch that is not Gaussian",
    ),
    "sum of products": (
        (Dense(8), TWO, parallel(Identity(), serial(TWO, FanInProd())), FanInSum()),
        r"FanInSum\(\) at layer 3: found a branch that is not Gaussian",
    ),
    "product of one": ((Dense(8), FanInProd()), r"FanInProd\(\).*found one branch"),
    "concat of one": ((Dense(8), FanInConcat()), r"FanInConcat\(\).*found one branch"),
    "product of other widths": (
        (TWO, parallel(Dense(3), Dense(4)), FanInProd()),
        r"FanInProd\(\) at layer 2: found branches of 3 and 4 features; expected equal",
    ),
    "product of unknown widths": (
        (TWO, parallel(Dense(3), Identity()), FanInProd()),
        r"FanInProd\(\) at layer 2: found branches of 3 and unknown features",
    ),
    "concat of unknown widths": (
        (TWO, parallel(Dense(3), Identity()), FanInConcat()),
        r"FanInConcat\(\) at layer 2: the width of a branch is not known.*Pass",
    ),
    "branches in branches": (
        (TWO, parallel(TWO, Identity()), FanInProd()),
        r"FanInProd\(\) at layer 2: found branches within branches; join the inner",
    ),
    "concat of branches in branches": (
        (TWO, parallel(TWO, Identity()), FanInConcat()),
        r"FanInConcat\(\) at layer 2: found branches within branches",
    ),
    "activation of branches": (
        (Dense(8), TWO, Gelu()),
        r"Gelu\(\) at layer 2: found 2 branches at its input; expected one",
    ),
    "numerical first": (
        (Elementwise(np.tanh),),
        r"Elementwise\(fn=tanh\) at layer 0: its input is not Gaussian",
    ),
    "square too large": (
        (Dense(8), ABRelu(1e150, 1e150), Dense(1), Exp(1e100, 1e100)),
        r"Exp\(a=1e\+100, b=1e\+100\) at layer 3: its parameters are too large",
    ),
    "sine too large": (
        (Dense(8), Sin(1e100, 1e100)),
        r"Sin\(a=1e\+100, b=1e\+100\) at layer 1: its parameters are too large",
    ),
    "Gaussian too large": (
        (Dense(8), Gaussian(1e100, 1e100)),
        r"Gaussian\(.* at layer 1: its parameters are too large",
    ),
    "exponent too large": (
        (Dense(8), ExpNormalized(1e4, 3)),
        r"ExpNormalized\(gamma=10000.0, shift=3.0\) at layer 1: its parameters are too",
    ),
    "polynomial too large": (
        (Dense(8), Polynomial((0,) * 64 + (1e149,))),
        r"Polynomial\(.* at layer 1: its parameters are too large",
    ),
}


@pytest.mark.parametrize("kind", NET_ERRORS)
@pytest.mark.parametrize("get", [("nngp",), ("nngp", "ntk")])
def test_networks_without_a_limit(kind: str, get: tuple[str, ...]) -> None:
    layers, message = NET_ERRORS[kind]
    with pytest.raises(NetworkError, match="^" + message):
        lower(serial(*layers).spec, get)


NEED_POSITIONS = [
    *(Aggregate(), GlobalAvgPool(), GlobalSumPool()),
    *(Index(Slice[:, 1]), Index(0), Index(Slice[::2])),
    DotGeneral(rhs=(1.0, 2.0), dimension_numbers=(((1,), (0,)), ((), ()))),
]


@pytest.mark.parametrize("layer", NEED_POSITIONS, ids=repr)
def test_layers_over_positions_say_that_rows_have_none(layer: Any) -> None:
    name = repr(layer).split("(")[0]
    message = rf"^{name}\(.* at layer 1: found rows.*\(n, positions, channels\)"
    with pytest.raises(NetworkError, match=message):
        serial(Dense(8), layer).program(np.eye(3))
