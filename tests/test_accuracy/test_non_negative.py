"""Correlations known to be non-negative stay so where they round to zero."""

import numpy as np
import pytest

from tests.accuracy import check
from tests.networks import Net, dense

# a phase behind a leaky rectifier, at variances that leave nothing of the correlation
PHASE: Net = [
    "serial",
    dense(1.3),
    ["LeakyRelu", {"alpha": -0.412}],
    dense(2.0, 0.1),
    ["Cos", {"b": 1.756, "c": 0.713}],
    dense(),
]
SUM: Net = [
    "serial",
    dense(3.0),
    ["Relu", {}],
    ["FanOut", {"num": 2}],
    [
        "parallel",
        ["serial", dense(3.0), ["Sin", {"b": 2.0}], dense()],
        ["serial", dense(3.0), ["Cos", {"b": 2.0}], dense()],
    ],
    ["FanInSum", {}],
    ["Relu", {}],
    dense(),
]


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("net", [PHASE, SUM])
def test_what_rounds_to_zero_is_not_opposite(net: Net, dtype: type) -> None:
    x = [[-7.223617424981079, 3.3155524227529405], [-1.35614916, 0.94431032]]
    rng = np.random.default_rng(7)
    rows = np.concatenate([x, 6 * rng.standard_normal((14, 2))]).astype(dtype)
    check(net, rows)
