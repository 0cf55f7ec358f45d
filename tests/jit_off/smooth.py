"""Small networks that between them run every op of the smooth layers."""

from typing import Any

from tests.networks import (
    COS,
    DROPOUT,
    ERF,
    EXP,
    EXP_NORMALIZED,
    GABOR,
    GAUSSIAN,
    GELU,
    LAYER_NORM,
    POLYNOMIAL,
    RBF,
    RELU,
    SIN,
    dense,
    fan,
    mlp,
    rectified,
)

SMOOTH: dict[str, list[Any]] = {
    "gelu": mlp(GELU, 2, b_std=0.1),
    "sin": mlp(SIN, 1),
    "scaled-sin": mlp(["Sin", {"a": 1.3, "b": 0.8, "c": 0.4}], 1, b_std=0.1),
    "cos": mlp(COS, 2, b_std=0.1),
    "rbf": mlp(RBF, 1),
    "exp": mlp(EXP, 1, b_std=0.1),
    "exp-normalized": mlp(EXP_NORMALIZED, 1),
    "gaussian": mlp(GAUSSIAN, 2),
    "gabor": mlp(GABOR, 2, b_std=0.1),
    "polynomial": mlp(POLYNOMIAL, 1, W_std=0.8),
    "hermite": ["serial", dense(), LAYER_NORM, ["Hermite", {"degree": 2}], dense()],
    "rectified-0": mlp(rectified(0), 1, b_std=0.1),
    "rectified-2": mlp(rectified(2), 1),
    "layer-norm": ["serial", dense(1.2), LAYER_NORM, RELU, dense()],
    "dropout": ["serial", dense(), RELU, DROPOUT, dense(1.1, 0.1), ERF, dense()],
    "product": [
        "serial",
        fan(["FanInProd", {}], dense(1.1, 0.2), ["serial", dense(), RELU]),
        dense(),
    ],
    "concat": [
        "serial",
        dense(1.1, 0.1),
        fan(["FanInConcat", {}], ["serial", RELU, dense()], dense(1.2)),
        dense(),
        RELU,
        dense(),
    ],
    "dot-general": [
        "serial",
        dense(1.1, 0.1),
        ["DotGeneral", {"rhs": 2.0}],
        RELU,
        dense(),
    ],
    "elementwise": [
        "serial",
        dense(0.8),
        ["Elementwise", {"fn": "erf", "nngp_fn": "erf"}],
        dense(),
    ],
}
