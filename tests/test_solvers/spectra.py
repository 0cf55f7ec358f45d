"""Matrices with known spectra, and operators made of them."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from fastntk.solvers import DenseOperator

__all__ = ["SHAPES", "Counted", "matrix_of", "problems", "spectrum"]

SHAPES = ("flat", "decaying", "clustered", "singular")


def spectrum(shape: str, n: int) -> Any:
    """Return n eigenvalues."""
    if shape == "flat":
        return np.linspace(1.0, 2.0, n)
    if shape == "decaying":
        return np.logspace(-6, 2, n)
    if shape == "clustered":
        return np.concatenate([np.full(n // 10 + 1, 1e4), np.ones(n - n // 10 - 1)])
    return np.concatenate([np.zeros(n // 3), np.logspace(0, 3, n - n // 3)])


def matrix_of(values: Any, rng: np.random.Generator) -> Any:
    """Return a symmetric matrix with these eigenvalues, and random eigenvectors."""
    n = len(values)
    q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    matrix = (q * values) @ q.T
    return (matrix + matrix.T) / 2


class Counted(DenseOperator):
    """A matrix that counts products, and can interrupt one."""

    def __init__(self, matrix: Any, interrupt_at: int | None = None) -> None:
        super().__init__(matrix)
        self.products = 0
        self.interrupt_at = interrupt_at

    def matmat(self, columns: Any, /) -> Any:
        self.products += 1
        if self.products == self.interrupt_at:
            raise KeyboardInterrupt
        return super().matmat(columns)


@st.composite
def problems(draw: st.DrawFn) -> tuple[Any, Any, float]:
    """Return a matrix, consistent right-hand sides, and a ridge."""
    n = draw(st.integers(2, 60))
    shape = draw(st.sampled_from(SHAPES))
    seed = draw(st.integers(0, 2**16))
    outputs = draw(st.integers(1, 4))
    ridge = draw(st.sampled_from([0.0, 1e-4, 1.0]))
    rng = np.random.default_rng(seed)
    matrix = matrix_of(spectrum(shape, n), rng)
    wanted = rng.standard_normal((n, outputs))
    if draw(st.booleans()):
        wanted[:, -1] = wanted[:, 0]  # dependent columns
    return matrix, matrix @ wanted + ridge * wanted, ridge
