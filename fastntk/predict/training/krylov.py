"""Functions of a kernel operator times a block, for as many functions as are asked."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastntk._errors import ConditionWarning
from fastntk._typing import FloatArray
from fastntk._warnings import warn
from fastntk.solvers.lanczos.functions import BlockLanczos
from fastntk.solvers.protocol import as_operator

__all__ = ["KrylovSpace"]

_MEMORY = 4 << 30  # bytes of a basis
_SETTLED = 2  # checks in a row that must agree
_SAMPLE = 24  # functions that are checked, of those asked for

Filters = Callable[[FloatArray], FloatArray]
"""Values of functions at eigenvalues: (k,) -> (m, k)."""


class KrylovSpace:
    """A block Krylov space that grows until functions of ``K`` have settled in it.

    Parameters
    ----------
    operator : KernelOperator or ndarray
        Symmetric positive semi-definite ``K``.
    b : ndarray of shape (n, s)
        What the functions are applied to.
    rtol : float
        Change of coefficients that counts as settled, relative to their norm.
    name : str
        Of the kernel, for warnings.

    Notes
    -----
    The space is kept: further functions (times) reuse it, and extend it if they must.
    Memory: n numbers for each of its dimensions.
    """

    def __init__(self, operator: Any, b: FloatArray, rtol: float, name: str) -> None:
        self._lanczos = BlockLanczos(as_operator(operator), b)
        self._rtol = rtol
        self._name = name
        n, s = b.shape
        self._most = max(2, min(n, _MEMORY // (8 * n * max(1, s))))
        self.error = 0.0

    @property
    def n_products(self) -> int:
        """Products of blocks with the operator so far."""
        return self._lanczos.n_blocks

    def coefficients(self, f: Filters) -> FloatArray:
        """Return ``f(T) V^T B`` of shape (m, dimension, s)."""
        self._grow(_sampled(f))
        return self._lanczos.coefficients(f)

    def basis(self) -> FloatArray:
        """Return V of shape (n, dimension)."""
        size = self._dimension()
        return np.concatenate(self._lanczos.blocks, axis=1)[:, :size]

    def combine(self, left: FloatArray, coefficients: FloatArray) -> FloatArray:
        """Return ``left V c`` for coefficients c, (m, rows of left, s)."""
        parts = [left @ block for block in self._lanczos.blocks]
        projected = np.concatenate(parts, axis=1)[:, : coefficients.shape[-2]]
        return projected @ coefficients

    def assemble(self, coefficients: FloatArray) -> FloatArray:
        """Return ``V c``, (m, n, s)."""
        return self._lanczos.assemble(coefficients)

    def extremes(self) -> tuple[float, float]:
        """Return estimates of the smallest and the largest eigenvalue."""
        found: list[FloatArray] = []

        def read(values: FloatArray) -> FloatArray:
            found.append(values)
            return values

        if self._dimension() == 0:
            return 0.0, 0.0
        self._lanczos.coefficients(read)
        return float(found[0][0]), float(found[0][-1])

    def _dimension(self) -> int:
        sizes = [block.shape[1] for block in self._lanczos.blocks]
        return sum(sizes[: self._lanczos.n_blocks])

    def _grow(self, f: Filters) -> None:
        lanczos = self._lanczos
        if lanczos.n_blocks == 0:
            lanczos.extend()
        last = lanczos.coefficients(f)
        settled = 0
        while not lanczos.is_invariant and settled < _SETTLED:
            if lanczos.n_blocks >= self._most:
                self._warn()
                return
            for _ in range(max(1, lanczos.n_blocks // 10)):
                if not lanczos.is_invariant:
                    lanczos.extend()
            now = lanczos.coefficients(f)
            self.error = _change(now, last)
            settled = settled + 1 if self.error <= self._rtol else 0
            last = now

    def _warn(self) -> None:
        warn(
            f"{self._name}: block Lanczos stopped after {self.n_products} products "
            f"with an estimated error of {self.error:.2g}; expected {self._rtol:.2g}. "
            "Ask for shorter times or fewer test points at once, or add a ridge",
            ConditionWarning,
        )


def _change(now: FloatArray, last: FloatArray) -> float:
    """Return the largest relative change of coefficients (m, k, s)."""
    moved = now.copy()
    moved[:, : last.shape[1]] -= last
    norms = np.linalg.norm(now, axis=1)
    changes = np.linalg.norm(moved, axis=1)
    return float((changes / np.where(norms > 0, norms, 1.0)).max(initial=0.0))


def _sampled(f: Filters) -> Filters:
    """Return some of many functions: they are smooth in their number."""

    def some(values: FloatArray) -> FloatArray:
        found = f(values)
        if len(found) <= _SAMPLE:
            return found
        return found[np.linspace(0, len(found) - 1, _SAMPLE).round().astype(np.intp)]

    return some
