"""Small networks that between them run every op on the device, and rows for them."""

from typing import Any

import numpy as np

from tests.golden.loader import GROUPS, load
from tests.jit_off.smooth import SMOOTH
from tests.networks import (
    ABS,
    ERF,
    LEAKY,
    RELU,
    SIGN,
    dense,
    fan,
    mlp,
    residual,
)

NETS: dict[str, list[Any]] = {
    "relu": mlp(RELU, 2, b_std=0.1),
    "relu-no-bias": mlp(RELU, 2),
    "leaky": mlp(LEAKY, 1),
    "abs": mlp(ABS, 1, b_std=0.1),
    "erf": mlp(ERF, 2, b_std=0.1),
    "sign": mlp(SIGN, 1, b_std=0.1),
    "steep-erf": mlp(ERF, 1, W_std=60.0, b_std=0.1),
    "residual": ["serial", dense(), residual(["serial", RELU, dense(1.0, 0.1)])],
    "product": fan(["FanInProd", {}], ["serial", dense(), RELU], dense()),
    "long-series": mlp(["Polynomial", {"coef": [0.1] * 7}], 1, W_std=0.8),
    **{name: net for name, net in SMOOTH.items() if "Elementwise" not in str(net)},
}

GOLDEN = [
    case
    for group in GROUPS
    for case in load(group)
    if np.ndim(case.x1) == 2 and "Elementwise" not in str(case.net)
]
"""Stored cases that a device can run, if it has the layers."""


def rows(dtype: Any = np.float64, n: int = 9, d: int = 5) -> np.ndarray:
    """Return rows with duplicates, near and opposite ones, and one of zeros.

    Nine rows and five features cross the edges of the simulator's blocks, which have
    four pairs a side and three features.
    """
    rng = np.random.default_rng(8)
    x = rng.standard_normal((n, d))
    x[3], x[4] = x[1], -2.0 * x[2]
    x[5] = x[6] * (1 + 1e-9) + 1e-7 * rng.standard_normal(d)
    x[7] = 0.0
    return x.astype(dtype)
