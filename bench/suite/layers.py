"""What one more layer costs: a Dense with each activation, per entry and layer."""

from functools import partial
from typing import Any

import numpy as np

import fastntk
from bench.data import spread_rows
from bench.suite.measure import best_of
from fastntk import stax

N, D, SHALLOW, DEEP = 2_000, 20, 2, 10
# one of each kind of op (the figure "layers" has all of `bench/blocks.py`), with weight
# scales at which variances stay of order 1 for ten layers
W_STD = {
    "Relu": 1.5,
    "Erf": 1.5,
    "Gelu": 1.5,
    "Sin": 1.5,
    "Gaussian": 1.0,
    "RectifiedMonomial": 0.5,
    "Polynomial": 0.8,
    "Tanh": 1.5,
    "HardTanh": 1.5,
}
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "RectifiedMonomial": (2,),
    "Polynomial": ([0.1, 1.0, 0.1],),
}


def network(activation: str, depth: int) -> stax.Network:
    """Return ``depth`` times Dense and an activation, and a linear read-out."""
    dense = stax.Dense(64, W_std=W_STD[activation], b_std=0.1)
    layer = stax.serial(
        dense, getattr(stax, activation)(*ARGUMENTS.get(activation, ()))
    )
    return stax.serial(*[layer] * depth, stax.Dense(1))


class Layer:
    """Time of ten layers less that of two: product, load, store and mirror cancel."""

    params = (tuple(W_STD),)
    param_names = ("activation",)

    def track_ns_per_entry(self, activation: str) -> float:
        """Return the price of a layer per entry of the symmetric NTK Gram matrix."""
        x, out = spread_rows(N, D), np.zeros((N, N))
        times = {}
        for depth in (SHALLOW, DEEP):
            call = partial(fastntk.gram, network(activation, depth), x, out=out)
            call()
            times[depth] = best_of(call)
        return 1e9 * (times[DEEP] - times[SHALLOW]) / (DEEP - SHALLOW) / N**2

    track_ns_per_entry.unit = "ns"  # type: ignore[attr-defined]
