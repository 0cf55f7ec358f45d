"""Write tests/golden/truth_deep.npz: deep kernels that take minutes to compute.

The rows are stored too: computed anew, they would differ in the last bit from one BLAS
library, or one CPU, to another.

Run from the root of the repository::

    python -m tests.reference.make_truth
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.inputs import grid
from tests.reference import highprec

FILE = Path(__file__).parents[1] / "golden" / "truth_deep.npz"
SEED = 2024
GETS = ("nngp", "ntk")

# Weight scales that keep the variance of a rectifier constant from layer to layer.
ACTIVATIONS: dict[str, tuple[list[Any], float]] = {
    "relu": (["Relu", {}], 2.0**0.5),
    "leaky": (["LeakyRelu", {"alpha": 0.1}], (2 / 1.01) ** 0.5),
    "abs": (["Abs", {}], 1.0),
    "erf": (["Erf", {}], 1.3),
}


class DeepCase(NamedTuple):
    """One deep network at one grid of rows."""

    activation: str
    b_std: float | None
    depth: int
    norm: float
    dtype: type

    @property
    def key(self) -> str:
        dtype = np.dtype(self.dtype).name
        return f"{self.activation}-b{self.b_std}-d{self.depth}-n{self.norm:g}-{dtype}"

    @property
    def net(self) -> list[Any]:
        activation, W_std = ACTIVATIONS[self.activation]
        params = {"W_std": W_std, "b_std": self.b_std}
        layer = ["serial", ["Dense", {"out_dim": 16, **params}], activation]
        last = ["Dense", {"out_dim": 1, **params}]
        return ["serial", ["repeat", layer, self.depth], last]

    @property
    def rows_key(self) -> str:
        return f"rows/n{self.norm:g}-{np.dtype(self.dtype).name}"

    @property
    def rows(self) -> np.ndarray:
        return stored_rows(self.rows_key).copy()


@cache
def stored_rows(key: str) -> np.ndarray:
    with np.load(FILE, allow_pickle=False) as arrays:
        return np.asarray(arrays[key])


def cases(depths: tuple[int, ...] = (20, 100)) -> Iterator[DeepCase]:
    """Yield every case: all norms up to 20 layers, norm 1 beyond."""
    for activation in ACTIVATIONS:
        for b_std in (None, 0.1):
            for dtype in (np.float64, np.float32):
                for depth in depths:
                    for norm in (1.0, 1e-6, 1e6) if depth <= 20 else (1.0,):
                        yield DeepCase(activation, b_std, depth, norm, dtype)


def lower(matrix: np.ndarray) -> np.ndarray:
    """Return the lower triangle, the diagonal included."""
    return np.asarray(matrix[np.tril_indices(len(matrix))])


def symmetric(values: np.ndarray) -> np.ndarray:
    """Undo `lower`."""
    n = int((np.sqrt(8 * len(values) + 1) - 1) // 2)
    full = np.zeros((n, n))
    full[np.tril_indices(n)] = values
    return full + np.tril(full, -1).T


def main() -> None:
    arrays: dict[str, Any] = {}
    for case in cases():
        new_rows = grid(SEED, case.dtype, case.norm)
        rows = arrays.setdefault(case.rows_key, new_rows)
        truth = highprec.kernel(case.net, rows)
        for get in GETS:
            arrays[f"{case.key}/{get}"] = lower(getattr(truth, get))
    np.savez_compressed(FILE, **arrays)


if __name__ == "__main__":
    main()
