"""Gram matrices of closed forms, relative to NumPy's matrix product."""

from typing import Any

import numpy as np

import fastntk
from bench.data import cone_rows, duplicate_rows, spread_rows
from bench.nets import build
from bench.suite.measure import ratio
from fastntk import stax

CASES = {
    "relu-3 d=784 n=10000": ("relu-3", 10_000, 784),
    "relu-3 d=20 n=4000": ("relu-3", 4_000, 20),
    "relu-10 d=20 n=4000": ("relu-10", 4_000, 20),
    "erf-3 d=784 n=4000": ("erf-3", 4_000, 784),
    "gelu-3 d=20 n=3000": ("gelu-3", 3_000, 20),
    "sin-3 d=20 n=3000": ("sin-3", 3_000, 20),
    "jacot-10 d=20 n=4000": ("jacot-10", 4_000, 20),
    "relu-3 d=20 n=7": ("relu-3", 7, 20),
}
DTYPES = ("float64", "float32")


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

    def track_over_product(self, case: str, dtype: str) -> float:
        """Time over that of ``X @ X.T``, both into memory that is there."""
        return ratio(
            lambda: fastntk.gram(self.net, self.x, out=self.out),
            lambda: np.matmul(self.x, self.x.T, out=self.out),
            repeats=3 if len(self.x) > 5_000 else 5,
        )

    track_over_product.unit = "x"  # type: ignore[attr-defined]


class Threads:
    """All cores against one."""

    params = (("relu-3 d=784 n=10000", "relu-10 d=20 n=4000"), DTYPES)
    param_names = ("case", "dtype")

    def track_speed_up(self, case: str, dtype: str) -> float:
        """Time of one thread over that of all cores, per core: 1 is perfect."""
        from bench.machine import available_cores

        name, n, d = CASES[case]
        net, x = build(stax, name, d), spread_rows(min(n, 5_000), d, dtype)
        out = np.zeros((len(x), len(x)), dtype)
        one = ratio(
            lambda: fastntk.gram(net, x, out=out, threads=1),
            lambda: fastntk.gram(net, x, out=out, threads=available_cores()),
            repeats=3,
        )
        return one / available_cores()

    track_speed_up.unit = "of linear"  # type: ignore[attr-defined]


LAYOUTS = ("Fortran", "strided", "float32 in, float64 out")
ODD = {"n=1": 8, "n=7": 8, "n=1001": 1024, "d=1": 20, "d=3": 20}


class Shapes:
    """Sizes, layouts and geometries without a slow path."""

    def track_odd(self, odd: str) -> float:
        """Time per call (n = 1001: per entry) over that of a round size."""
        size, round_size = int(odd[2:]), ODD[odd]
        n, d = (size, 20) if odd[0] == "n" else (2_000, size)
        n_round, d_round = (round_size, 20) if odd[0] == "n" else (2_000, round_size)
        x, y = spread_rows(n, d), spread_rows(n_round, d_round)
        net = build(stax, "relu-3", d)
        found = ratio(lambda: fastntk.gram(net, x), lambda: fastntk.gram(net, y), 25)
        return found * (n_round / n) ** 2 if n > 100 else found

    track_odd.params = tuple(ODD)  # type: ignore[attr-defined]
    track_odd.param_names = ("odd",)  # type: ignore[attr-defined]
    track_odd.unit = "x"  # type: ignore[attr-defined]

    def track_layout(self, layout: str) -> float:
        """Time over that of a contiguous input."""
        x, net = spread_rows(2_000, 784), build(stax, "relu-3", 784)
        wide = np.zeros((4_000, 1_568))
        wide[::2, ::2] = x
        other = {"Fortran": np.asfortranarray(x), "strided": wide[::2, ::2]}
        y = other.get(layout, x.astype(np.float32))
        return ratio(
            lambda: fastntk.gram(net, y, dtype=np.float64),
            lambda: fastntk.gram(net, x, dtype=np.float64),
        )

    track_layout.params = LAYOUTS  # type: ignore[attr-defined]
    track_layout.param_names = ("layout",)  # type: ignore[attr-defined]
    track_layout.unit = "x"  # type: ignore[attr-defined]


class Geometry:
    """Rows that are hard: crowded in a cone of 0.01 rad, or half of them duplicates."""

    params = (("relu-3", "erf-3"), DTYPES)
    param_names = ("net", "dtype")

    def setup(self, net: str, dtype: str) -> None:
        """Make the inputs."""
        self.net = build(stax, net, 784)
        self.spread = spread_rows(2_000, 784, dtype)

    def _over_spread(self, x: Any) -> float:
        return ratio(
            lambda: fastntk.gram(self.net, x),
            lambda: fastntk.gram(self.net, self.spread),
        )

    def track_cone_over_spread(self, net: str, dtype: str) -> float:
        """Time over that of spread rows."""
        return self._over_spread(cone_rows(2_000, 784, dtype))

    def track_duplicates_over_spread(self, net: str, dtype: str) -> float:
        """Time over that of spread rows."""
        return self._over_spread(duplicate_rows(2_000, 784, dtype))

    track_cone_over_spread.unit = "x"  # type: ignore[attr-defined]
    track_duplicates_over_spread.unit = "x"  # type: ignore[attr-defined]
