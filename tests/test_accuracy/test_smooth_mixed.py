"""Smooth activations and layers of structure, before layers that see the angle."""

from typing import Any

import numpy as np
import pytest

from tests.accuracy import check
from tests.inputs import moderate
from tests.networks import (
    ABS,
    COS,
    DROPOUT,
    ERF,
    EXP_NORMALIZED,
    GABOR,
    GAUSSIAN,
    GELU,
    LAYER_NORM,
    LEAKY,
    POLYNOMIAL,
    RBF,
    RELU,
    SIN,
    dense,
    fan,
    rectified,
    residual,
    standard,
)

DTYPES = [np.float64, np.float32]
SUM: list[Any] = ["FanInSum", {}]
PRODUCT: list[Any] = ["FanInProd", {}]
CONCAT: list[Any] = ["FanInConcat", {}]
SCALED_SIN = ["Sin", {"a": 1.3, "b": 0.8, "c": 0.4}]


def chain(*layers: list[Any], b_std: float | None = 0.1) -> list[Any]:
    """Return activations with a Dense before each, and a readout."""
    net: list[Any] = ["serial"]
    for layer in layers:
        net += [dense(1.1, b_std), layer]
    return [*net, dense(1.0, b_std)]


CHAINS: dict[str, tuple[list[Any], ...]] = {
    "gelu-relu": (GELU, RELU),
    "relu-gelu": (RELU, GELU),
    "gelu-sign-like": (GELU, rectified(1), GELU),
    "sin-relu": (SIN, RELU),
    "scaled-sin-relu": (SCALED_SIN, RELU),
    "cos-abs": (COS, ABS),
    "rbf-abs": (RBF, ABS),
    "exp-normalized-leaky": (EXP_NORMALIZED, LEAKY),
    "leaky-exp-normalized-relu": (LEAKY, EXP_NORMALIZED, RELU),
    "exp-relu": (["Exp", {"a": 0.5, "b": 0.3}], RELU),
    "gaussian-erf": (GAUSSIAN, ERF),
    "gaussian-relu": (["Gaussian", {"a": 0.8, "b": -0.35}], RELU),
    "gabor-relu": (GABOR, RELU),
    "polynomial-relu": (POLYNOMIAL, RELU),
    "odd-polynomial-relu": (["Polynomial", {"coef": [0.0, 1.0, 0.0, -0.1]}], RELU),
    "monomial-abs": (["Monomial", {"degree": 2}], ABS),
    "rectified-relu": (rectified(2), RELU),
    "rectified-relu-rectified": (rectified(2), RELU, rectified(3)),
    "sigmoid-like-relu": (["Sigmoid_like", {}], RELU),
    "relu-relu-gelu-sin-relu": (RELU, RELU, GELU, SIN, RELU),
    "abs-rbf-relu-gabor": (ABS, RBF, RELU, GABOR),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", CHAINS)
@pytest.mark.parametrize("b_std", [0.1, None])
def test_an_angle_sensitive_layer_follows(
    name: str, b_std: float | None, dtype: type
) -> None:
    largest = 2.0 if "rectified" in name or "odd" in name else 5.0
    check(chain(*CHAINS[name], b_std=b_std), moderate(41, dtype, largest))


BRANCH_A = ["serial", RELU, dense(0.9, 0.2)]
BRANCH_B = ["serial", ERF, dense(1.2)]
BRANCH_C = ["serial", GELU, dense(1.1, 0.1)]
START = ["serial", dense(1.1, 0.1)]
END = [RELU, dense(1.2, 0.1), ABS, dense()]

STRUCTURES: dict[str, list[Any]] = {
    "layer-norm": [*START, LAYER_NORM, RELU, dense(1.2, 0.1), LAYER_NORM, *END],
    "layer-norm-first": ["serial", dense(0.8), LAYER_NORM, *END],
    "layer-norm-eps": [*START, ["LayerNorm", {"eps": 0.3}], GELU, dense(), *END],
    "layer-norm-gabor": [*START, LAYER_NORM, GABOR, dense(), LAYER_NORM, *END],
    "dropout": [*START, RELU, DROPOUT, dense(1.2, 0.1), *END],
    "dropout-twice": [*START, RELU, DROPOUT, dense(1.1), SIN, DROPOUT, dense(), *END],
    "dropout-sin-rbf": [*START, GELU, DROPOUT, dense(), SIN, dense(), RBF, dense()],
    "dropout-all-kept": [*START, RELU, ["Dropout", {"rate": 1.0}], dense(), *END],
    "dropout-test": [*START, RELU, ["Dropout", {"rate": 0.5, "mode": "test"}], dense()],
    "dropout-layer-norm": [*START, RELU, DROPOUT, dense(), LAYER_NORM, *END],
    "dropout-in-a-branch": [
        *START,
        residual(["serial", RELU, DROPOUT, dense(0.8, 0.1)], 2),
        *END,
    ],
    "product": [*START, fan(PRODUCT, BRANCH_A, BRANCH_B), dense(1.1, 0.1), *END],
    "product-of-three": [
        *START,
        fan(PRODUCT, BRANCH_A, BRANCH_B, BRANCH_C),
        dense(),
        *END,
    ],
    "square": [*START, fan(PRODUCT, BRANCH_A, BRANCH_A), dense(1.1), *END],
    "product-with-itself": [
        "serial",
        fan(PRODUCT, dense(1.0, 0.2), dense(0.7)),
        dense(1.1, 0.1),
        *END,
    ],
    "product-dropout": [
        *START,
        fan(PRODUCT, ["serial", RELU, DROPOUT, dense(1.0, 0.1)], BRANCH_B),
        dense(),
        *END,
    ],
    "concat": [*START, fan(CONCAT, BRANCH_A, BRANCH_B, BRANCH_C), dense(), *END],
    "near-duplicate-branches": [
        *START,
        fan(
            PRODUCT,
            ["serial", RELU, dense(1.0, 0.1)],
            ["serial", RELU, dense(1.0, 0.11)],
        ),
        dense(),
        *END,
    ],
    "concat-of-activations": [
        "serial",
        fan(
            CONCAT,
            ["serial", dense(0.9, 0.1, out_dim=8), RELU],
            ["serial", dense(1.2, None, out_dim=24), ERF],
            ["serial", dense(1.1, 0.4, out_dim=3), GELU],
        ),
        dense(1.1, 0.1),
        *END,
    ],
    "concat-standard": [
        "serial",
        fan(CONCAT, ["Identity", {}], ["serial", dense(1.3, out_dim=7), RELU]),
        standard(1.1, 0.2),
        *END,
    ],
    "sum-of-smooth": [
        *START,
        fan(SUM, ["serial", SIN, dense(0.9)], ["serial", RBF, dense(0.8, 0.1)]),
        *END,
    ],
    "residual-gelu": [*START, residual(["serial", GELU, dense(0.8, 0.1)], 6), *END],
    "scaled-by-dot-general": [
        *START,
        RELU,
        ["DotGeneral", {"rhs": 2.5}],
        dense(),
        *END,
    ],
    "flatten": [*START, RELU, ["Flatten", {}], dense(1.2, 0.1), *END],
    "standard-smooth": [
        "serial",
        standard(1.3, 0.0, 12),
        GELU,
        standard(1.2, 0.1, 8),
        SIN,
        standard(),
    ],
    "activation-last": [*START, RELU, dense(1.1), GELU],
    "no-weights": ["serial", dense(0.0, 0.5), GELU, dense(1.0, 0.1), RBF, dense()],
    "no-variance": ["serial", dense(0.0), GELU, dense(1.0), SIN, dense(1.0, 0.2)],
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", STRUCTURES)
def test_structure(name: str, dtype: type) -> None:
    check(STRUCTURES[name], moderate(42, dtype, 5.0))
