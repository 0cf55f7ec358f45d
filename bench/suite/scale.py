"""Operators, solvers and stores: the figures of large n, at sizes of seconds."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import fastntk
from bench.data import spread_rows
from bench.nets import build
from bench.suite.measure import best_of, needs, ratio, seconds
from fastntk import stax

NET = build(stax, "relu-3", 20)


def clustered(n: int) -> Any:
    """Return rows in d = 3 around 20 centres."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((20, 3))
    return centres[rng.integers(0, 20, n)] + 0.05 * rng.standard_normal((n, 3))


DATA = {"gauss d=20": lambda n: spread_rows(n, 20), "clustered d=3": clustered}


def track_product_over_tiles(dtype: str) -> float:
    """Return the time of a product with 16 columns over that of the whole matrix."""
    needs("operator")
    x = spread_rows(6_000, 20, dtype)
    out, columns = np.zeros((6_000, 6_000), dtype), np.ones((6_000, 16))
    product = fastntk.operator(NET, x, cache=0)
    return ratio(
        lambda: product @ columns, lambda: fastntk.gram(NET, x, out=out), repeats=3
    )


class Solve:
    """One kernel ridge regression, n = 4,000, ridge = 1e-3 tr(K)/n."""

    params = (tuple(DATA),)
    param_names = ("data",)

    def setup(self, data: str) -> None:
        """Make the data."""
        needs("solve")
        self.x = DATA[data](4_000)
        self.y = np.sin(self.x[:, 0])
        self.ridge = 1e-3 * float(fastntk.diagonal(NET, self.x, "ntk").mean())

    def _solve(self, method: str, y: Any = None, **options: Any) -> Any:
        y = self.y if y is None else y
        return fastntk.solve(NET, self.x, y, ridge=self.ridge, method=method, **options)

    def track_cholesky_seconds(self, data: str) -> float:
        """Gram matrix, factorisation and solution."""
        self._solve("cholesky")
        return best_of(lambda: self._solve("cholesky"), 2)

    def track_cg_seconds(self, data: str) -> float:
        """Blocked conjugate gradients to a residual of 1e-6."""
        self._solve("cg")
        return best_of(lambda: self._solve("cg"), 2)

    def track_iterations_saved(self, data: str) -> float:
        """Iterations without a preconditioner over those with one of rank n / 20."""
        plain = self._solve("cg", preconditioner="none")
        with_one = self._solve("cg", rank=len(self.x) // 20)
        return float(plain.iterations / max(1, with_one.iterations))

    def track_seconds_saved(self, data: str) -> float:
        """Time without a preconditioner over that with one, set-up included."""
        plain = seconds(lambda: self._solve("cg", preconditioner="none"))
        return plain / seconds(lambda: self._solve("cg"))

    def track_ten_targets_over_one(self, data: str) -> float:
        """Time of ten right-hand sides over that of one."""
        ten = np.random.default_rng(1).standard_normal((len(self.x), 10))
        one = seconds(lambda: self._solve("cg"))
        return seconds(lambda: self._solve("cg", ten)) / one

    track_cholesky_seconds.unit = track_cg_seconds.unit = "s"  # type: ignore[attr-defined]
    track_seconds_saved.unit = "x"  # type: ignore[attr-defined]
    track_iterations_saved.unit = "x"  # type: ignore[attr-defined]
    track_ten_targets_over_one.unit = "x"  # type: ignore[attr-defined]


def track_ridgeless_residual() -> float:
    """Return the residual of consistent labels on 1,000 rows and 100 duplicates."""
    needs("solve")
    x = spread_rows(1_000, 20)
    x = np.concatenate([x, x[:100]])
    y = np.sin(x[:, 0])
    solution = fastntk.solve(NET, x, y, ridge=0.0, rtol=1e-8)
    gap = fastntk.gram(NET, x) @ solution.x - y
    return float(np.linalg.norm(gap) / np.linalg.norm(y))


def track_store_over_memory() -> float:
    """Return the time of a matrix to a file over that of one in fresh memory."""
    needs("gram_to_store")
    x = spread_rows(4_000, 784)
    net = build(stax, "relu-3", 784)

    def to_file() -> None:
        with tempfile.TemporaryDirectory() as folder:
            fastntk.gram_to_store(net, x, path=Path(folder) / "K.npy")

    return ratio(to_file, lambda: fastntk.gram(net, x), repeats=3)


track_product_over_tiles.params = ("float64", "float32")  # type: ignore[attr-defined]
track_product_over_tiles.param_names = ("dtype",)  # type: ignore[attr-defined]
track_product_over_tiles.unit = "x"  # type: ignore[attr-defined]
track_store_over_memory.unit = "x"  # type: ignore[attr-defined]
track_ridgeless_residual.unit = "relative"  # type: ignore[attr-defined]
