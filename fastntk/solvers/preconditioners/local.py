"""What a low-rank factor leaves of a kernel: a diagonal, or blocks of close rows.

``P = F F^T + rho W W^T``; the classes here are W.
"""

import dataclasses
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from scipy.linalg import blas, cholesky

from fastntk._typing import AnyArray, FloatArray, IntArray
from fastntk.solvers.preconditioners.partition import partition
from fastntk.solvers.protocol import KernelOperator, columns_of
from fastntk.solvers.ridges import Ridge

__all__ = ["DiagonalPart", "LocalBlocks", "LocalPart", "local_blocks"]

MOST_ROWS = 2048  # of a block
FEWEST_ROWS = 48  # smaller blocks gain nothing
LEAST_GAIN = (
    0.45  # of the log of a row's variance, given others of its block; below, none
)
STRIP = 256  # columns of a factor widened together
SAMPLED = 4  # blocks that say whether it is worth the others
LEAST_RIDGE = 0.01  # of the mean of what F leaves of the diagonal


class LocalPart(Protocol):
    """A square matrix W that is cheap to divide by."""

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        ...

    def forward(self, b: FloatArray) -> FloatArray:
        """Return ``W^-1 b``."""
        ...

    def backward(self, b: FloatArray) -> FloatArray:
        """Return ``W^-T b``."""
        ...

    def times(self, b: FloatArray) -> FloatArray:
        """Return ``W b``."""
        ...

    def divide(self, factor: AnyArray) -> None:
        """Replace ``factor`` by ``W^-1 factor``."""
        ...

    def log_determinant(self) -> float:
        """Return ``log det W``."""
        ...

    def trace_inverse(self) -> float:
        """Return ``tr (W W^T)^-1``."""
        ...


@dataclasses.dataclass(frozen=True, eq=False)
class DiagonalPart:
    """``W = diag(weights)``."""

    weights: FloatArray

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        return self.weights.nbytes

    def forward(self, b: FloatArray) -> FloatArray:
        """Return ``W^-1 b``."""
        return b / self.weights[:, None]

    backward = forward

    def times(self, b: FloatArray) -> FloatArray:
        """Return ``W b``."""
        return b * self.weights[:, None]

    def divide(self, factor: AnyArray) -> None:
        """Replace ``factor`` by ``W^-1 factor``."""
        factor /= self.weights[:, None].astype(factor.dtype)

    def log_determinant(self) -> float:
        """Return ``log det W``."""
        return float(np.log(self.weights).sum())

    def trace_inverse(self) -> float:
        """Return ``tr (W W^T)^-1``."""
        return float((self.weights**-2.0).sum())


@dataclasses.dataclass(frozen=True, eq=False)
class LocalBlocks:
    """``W`` is made of the Cholesky factors of blocks on the diagonal.

    Attributes
    ----------
    groups : tuple of ndarray
        Rows of each block.
    factors : tuple of ndarray, float32
        Lower triangles. As float32 they take half of the memory; they *are* W, and all
        products are those of float64.
    """

    groups: tuple[IntArray, ...]
    factors: tuple[AnyArray, ...]

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        return sum(array.nbytes for array in (*self.groups, *self.factors))

    def forward(self, b: FloatArray) -> FloatArray:
        """Return ``W^-1 b``."""
        return self._solved(b, 0)

    def backward(self, b: FloatArray) -> FloatArray:
        """Return ``W^-T b``."""
        return self._solved(b, 1)

    def times(self, b: FloatArray) -> FloatArray:
        """Return ``W b``."""
        result = np.empty_like(b)
        for rows, lower in self._pairs():
            result[rows] = blas.dtrmm(1.0, lower, b[rows], lower=1)
        return result

    def divide(self, factor: AnyArray) -> None:
        """Replace ``factor`` by ``W^-1 factor``."""
        for rows, lower in self._pairs():
            part = np.asarray(factor[rows], np.float64)
            factor[rows] = blas.dtrsm(1.0, lower, part, lower=1)

    def log_determinant(self) -> float:
        """Return ``log det W``."""
        logs = [np.log(f.diagonal().astype(np.float64)).sum() for f in self.factors]
        return float(sum(logs))

    def trace_inverse(self) -> float:
        """Return ``tr (W W^T)^-1``."""
        total = 0.0
        for _, lower in self._pairs():
            unit = np.eye(len(lower), order="F")
            inverse = blas.dtrsm(1.0, lower, unit, lower=1, overwrite_b=1)
            total += float(np.einsum("ij,ij->", inverse, inverse))
        return total

    def _pairs(self) -> Iterator[tuple[IntArray, FloatArray]]:
        """Yield rows and factors in float64, one after the other in the same memory."""
        largest = max(len(rows) for rows in self.groups)
        memory = np.empty(largest**2)
        for rows, lower in zip(self.groups, self.factors, strict=True):
            m = len(rows)
            wide = memory[: m * m].reshape(m, m, order="F")
            for j in range(0, m, STRIP):  # what is above the diagonal is never read
                wide[j:, j : j + STRIP] = lower[j:, j : j + STRIP]
            yield rows, wide

    def _solved(self, b: FloatArray, transposed: int) -> FloatArray:
        result = np.empty_like(b)
        for rows, lower in self._pairs():
            result[rows] = blas.dtrsm(1.0, lower, b[rows], lower=1, trans_a=transposed)
        return result


def local_blocks(
    operator: KernelOperator,
    factor: AnyArray,
    left: FloatArray,
    ridge: Ridge,
    size: int,
    rng: np.random.Generator,
) -> LocalBlocks | None:
    """Return blocks of ``K - F F^T + ridge I``, or None if a diagonal is as good.

    Parameters
    ----------
    operator : KernelOperator of shape (n, n)
        ``K``.
    factor : ndarray of shape (n, rank)
        F.
    left : ndarray of shape (n,)
        Diagonal of ``K - F F^T``.
    ridge : float or ndarray of shape (n,)
        Of the system.
    size : int
        Most rows of a block.
    rng : numpy.random.Generator
        For the partition.

    Notes
    -----
    Rows are close if their rows of F are. Whether blocks are worth it is seen from the
    first few: the mean of ``log(S_ii / (variance of i given its predecessors))`` is 0
    where rows are independent given F, as Gaussian rows in 20 dimensions nearly are.
    Cost: ``n size`` entries, ``n size (2 rank + size / 3)`` flops; memory ``4 n size``
    bytes.
    """
    size = min(size, MOST_ROWS)
    if size < FEWEST_ROWS or len(factor) <= size or not factor.shape[1]:
        return None
    least = LEAST_RIDGE * float(left.mean())
    shift = np.broadcast_to(np.maximum(ridge, least), (len(factor),))
    if not shift.all():
        return None
    groups = partition(factor, size, rng)
    order = rng.permutation(len(groups))
    factors: dict[int, AnyArray] = {}
    gains = []
    for k, which in enumerate(order):
        lower, gain = _block(operator, factor, groups[which], shift[groups[which]])
        factors[int(which)] = lower
        gains.append(gain)
        if k + 1 == min(SAMPLED, len(order)) and np.mean(gains) < LEAST_GAIN:
            return None
    return LocalBlocks(groups, tuple(factors[k] for k in range(len(groups))))


def _block(
    operator: KernelOperator, factor: AnyArray, rows: IntArray, shift: FloatArray
) -> tuple[AnyArray, float]:
    """Return the Cholesky factor of a block, and what it gains over its diagonal."""
    part = np.asarray(factor[rows], np.float64)
    block = np.asfortranarray(columns_of(operator, rows, rows))
    block -= part @ part.T
    diagonal = np.maximum(block.diagonal(), 0.0) + shift
    extra: FloatArray = np.zeros(len(rows))
    while True:
        trial = block.copy(order="F")
        trial.flat[:: len(rows) + 1] = diagonal + extra
        try:
            lower = cholesky(trial, lower=True, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError:  # rounding of the entries
            extra = 10.0 * extra if extra.any() else 0.1 * shift
            continue
        gain = float(np.mean(np.log(diagonal / lower.diagonal() ** 2)))
        return np.asfortranarray(lower, np.float32), gain
