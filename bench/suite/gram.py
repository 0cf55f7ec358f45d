"""Time, memory and price of a Gram matrix, relative to NumPy's matrix product."""

from typing import Any

import numpy as np

import fastntk
from bench.data import cone_rows, spread_rows
from bench.nets import build
from fastntk import stax

CASES = {
    "relu-3 d=784 n=4000": ("relu-3", 4_000, 784),
    "relu-3 d=20 n=4000": ("relu-3", 4_000, 20),
    "relu-10 d=20 n=4000": ("relu-10", 4_000, 20),
    "erf-3 d=784 n=4000": ("erf-3", 4_000, 784),
    "relu-3 d=20 n=7": ("relu-3", 7, 20),
}
DTYPES = ("float64", "float32")


def best_of(call: Any, repeats: int = 5) -> float:
    """Return the shortest time of a few calls in seconds."""
    from timeit import repeat

    return min(repeat(call, number=1, repeat=repeats))


class Gram:
    """A symmetric NTK Gram matrix of rows whose norms spread 4x."""

    params = (tuple(CASES), DTYPES)
    param_names = ("case", "dtype")

    def setup(self, case: str, dtype: str) -> None:
        """Make the inputs and run once, so that nothing is compiled while timed."""
        name, n, d = CASES[case]
        self.net = build(stax, name, d)
        self.x = spread_rows(n, d, dtype)
        self.out = np.zeros((n, n), dtype)
        fastntk.gram(self.net, self.x, out=self.out)

    def time_fresh(self, case: str, dtype: str) -> None:
        """Into new memory."""
        fastntk.gram(self.net, self.x)

    def time_out(self, case: str, dtype: str) -> None:
        """Into memory that is there."""
        fastntk.gram(self.net, self.x, out=self.out)

    def peakmem_fresh(self, case: str, dtype: str) -> None:
        """Peak memory of the process."""
        fastntk.gram(self.net, self.x)

    def track_over_product(self, case: str, dtype: str) -> float:
        """Time over that of ``X @ X.T``, both into memory that is there."""
        ours = best_of(lambda: fastntk.gram(self.net, self.x, out=self.out))
        product = best_of(lambda: np.matmul(self.x, self.x.T, out=self.out))
        return ours / product

    track_over_product.unit = "x"  # type: ignore[attr-defined]


class Geometry:
    """Rows that are hard: crowded in a cone of 0.01 rad."""

    params = (("relu-3", "erf-3"), DTYPES)
    param_names = ("net", "dtype")

    def setup(self, net: str, dtype: str) -> None:
        """Make the inputs and run once."""
        self.net = build(stax, net, 784)
        self.spread = spread_rows(2_000, 784, dtype)
        self.cone = cone_rows(2_000, 784, dtype)
        fastntk.gram(self.net, self.cone)

    def track_cone_over_spread(self, net: str, dtype: str) -> float:
        """Time over that of spread rows."""
        cone = best_of(lambda: fastntk.gram(self.net, self.cone))
        return cone / best_of(lambda: fastntk.gram(self.net, self.spread))

    track_cone_over_spread.unit = "x"  # type: ignore[attr-defined]
