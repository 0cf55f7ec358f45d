"""``P = F F^T + rho W W^T`` as a product ``M M^T``: both sides can be taken off."""

import dataclasses
import math
from typing import Any

import numpy as np
from scipy.linalg import blas, solve_triangular

from fastntk._typing import AnyArray, FloatArray
from fastntk.solvers.checks import check_count
from fastntk.solvers.direct.psd import cholesky_of
from fastntk.solvers.preconditioners.local import DiagonalPart, LocalPart
from fastntk.solvers.ridges import Ridge

__all__ = ["LowRankPreconditioner", "from_factor", "identity"]

LEAST_TAIL = 0.3  # of the mean of what F leaves of the diagonal: weights by row
CHUNK_BYTES = 32 << 20  # of a float32 factor looked at together in float64


@dataclasses.dataclass(frozen=True, eq=False)
class LowRankPreconditioner:
    """``P = F F^T + rho W W^T = M M^T``, ``M = W (Q L Q^T + sqrt(rho) (I - Q Q^T))``.

    Attributes
    ----------
    basis : ndarray of shape (n, rank)
        Q, orthonormal columns that span ``W^-1 F``.
    lower : ndarray of shape (rank, rank)
        L, the Cholesky factor of ``R R^T + rho I`` where ``W^-1 F = Q R``.
    shift : float
        rho: the ridge and the mean of what F leaves of the diagonal.
    local : LocalPart
        W. A diagonal: ``rho W^2`` is the ridge and what F leaves of each diagonal
        entry (but not less than 0.3 of its mean). Or Cholesky factors of blocks of
        close rows: of the ridge and what F leaves there, with rho = 1.
    kind : str
        How F was found.
    pivots : ndarray of shape (rank,), or None
        Rows of ``K`` that F was made of.
    tail : float
        Mean diagonal of ``K - F F^T``.

    Notes
    -----
    Taking ``rho`` as the ridge alone makes directions that F misses look small: at n =
    1,500, rank 300 and a relative ridge of 1e-6 the condition number of ``P^-1 (K +
    ridge I)`` is 9e5 with it, and 10 with the mean of the tail added. Small eigenvalues
    of kernels with a cusp sit on rows of small variance: weights by row halve the
    condition number of a ReLU NTK of Gaussian rows once more.
    """

    basis: FloatArray
    lower: FloatArray
    shift: float
    local: LocalPart
    kind: str
    pivots: Any = None
    tail: float = 0.0

    @property
    def rank(self) -> int:
        """Number of columns."""
        return int(self.basis.shape[1])

    @property
    def nbytes(self) -> int:
        """Memory of the factors."""
        return self.basis.nbytes + self.lower.nbytes + self.local.nbytes

    def solve(self, b: FloatArray) -> FloatArray:
        """Return ``P^-1 b``."""
        inside = self._apply(self.local.forward(b), ("L", "L^T"), 1.0 / self.shift)
        return self.local.backward(inside)

    def left(self, b: FloatArray) -> FloatArray:
        """Return ``M^-1 b``."""
        return self._apply(self.local.forward(b), ("L",), self.shift**-0.5)

    def right(self, b: FloatArray) -> FloatArray:
        """Return ``M^-T b``."""
        return self.local.backward(self._apply(b, ("L^T",), self.shift**-0.5))

    def undo_left(self, b: FloatArray) -> FloatArray:
        """Return ``M b``."""
        return self.local.times(self._apply(b, ("M",), self.shift**0.5))

    def log_determinant(self) -> float:
        """Return ``log det P``."""
        n, k = len(self.basis), self.rank
        logs = float(np.log(self.lower.diagonal()).sum()) + self.local.log_determinant()
        return 2.0 * logs + (n - k) * math.log(self.shift)

    def trace_inverse(self) -> float:
        """Return ``tr P^-1``."""
        total = self.local.trace_inverse() / self.shift
        step = max(1, CHUNK_BYTES // (8 * len(self.basis)))
        upper = self.lower.T  # columns of Q L^-T, some at a time
        for start in range(0, self.rank, step):
            unit = np.zeros((self.rank, min(step, self.rank - start)))
            unit[np.arange(start, start + unit.shape[1]), np.arange(unit.shape[1])] = (
                1.0
            )
            for columns, sign in (
                (solve_triangular(upper, unit, check_finite=False), 1.0),
                (unit, -1.0 / self.shift),
            ):
                wide = self.local.backward(np.asarray(self.basis, np.float64) @ columns)
                total += sign * float(np.einsum("ij,ij->", wide, wide))
        return total

    def _apply(
        self, b: FloatArray, steps: tuple[str, ...], outside: float
    ) -> FloatArray:
        """Return ``Q (S - outside I) Q^T b + outside b`` for a product S of steps."""
        result: FloatArray = outside * b
        if not self.rank:
            return result
        narrow = b.astype(self.basis.dtype, copy=False)
        inside = np.asarray(self.basis.T @ narrow, dtype=np.float64)
        changed = inside
        for step in steps:
            if step == "M":
                changed = self.lower @ changed
                continue
            changed = solve_triangular(
                self.lower,
                changed,
                lower=True,
                trans="T" if step == "L^T" else "N",
                check_finite=False,
            )
        changed = changed - outside * inside
        result += self.basis @ changed.astype(self.basis.dtype, copy=False)
        return result


def identity(n: int) -> LowRankPreconditioner:
    """Return ``P = I``: no preconditioner.

    Parameters
    ----------
    n : int
        Rows of the matrix.

    Returns
    -------
    LowRankPreconditioner
        Of rank 0.
    """
    n = check_count(n, "n", 1)
    none = np.zeros((n, 0)), np.zeros((0, 0))
    return LowRankPreconditioner(*none, 1.0, DiagonalPart(np.ones(n)), "none")


def from_factor(
    factor: AnyArray,
    ridge: Ridge,
    left: FloatArray,
    kind: str,
    pivots: Any = None,
    blocks: LocalPart | None = None,
) -> LowRankPreconditioner:
    """Return ``P = F F^T + D`` for ``K + ridge I``.

    Parameters
    ----------
    factor : ndarray of shape (n, rank), Fortran order, float32 or float64
        F; its memory is taken for the basis.
    ridge : float or ndarray of shape (n,)
        Of the system.
    left : ndarray of shape (n,)
        Diagonal of ``K - F F^T``, >= 0.
    kind, pivots
        See `LowRankPreconditioner`.
    blocks : LocalPart, optional
        A root of D; otherwise D is diagonal.

    Notes
    -----
    Shifted Cholesky QR, twice: ``4 n rank^2`` flops in matrix products, in place, where
    Householder's QR takes as many in a slower routine and a copy.
    """
    n, rank = factor.shape
    tail = float(left.sum()) / max(n - rank, 1)
    shift, local = (
        (1.0, blocks) if blocks else _diagonal_part(factor, ridge, left, tail)
    )
    if not rank:
        none = np.zeros((0, 0))
        return LowRankPreconditioner(factor, none, shift, local, kind, pivots, tail)
    local.divide(factor)
    upper = _orthonormalise(factor, shifted=True)
    upper = _orthonormalise(factor, shifted=False) @ upper
    middle = upper @ upper.T
    middle.flat[:: rank + 1] += shift
    lower = cholesky_of(middle)
    if lower is None:
        raise np.linalg.LinAlgError("the factor of the preconditioner is not finite")
    return LowRankPreconditioner(factor, lower, shift, local, kind, pivots, tail)


def _diagonal_part(
    factor: AnyArray, ridge: Ridge, left: FloatArray, tail: float
) -> tuple[float, LocalPart]:
    """Return rho and W of a diagonal D."""
    scale = float(np.einsum("ij,ij->", factor, factor, dtype=np.float64)) / len(factor)
    least = 1e-15 * (scale + tail)
    shift = max(float(np.mean(ridge)) + tail, least)
    if shift < np.finfo(np.float64).tiny:  # no kernel and no ridge
        return 1.0, DiagonalPart(np.ones(len(factor)))
    entries = ridge + np.maximum(left, LEAST_TAIL * tail)
    return shift, DiagonalPart(np.sqrt(np.maximum(entries, least) / shift))


def _orthonormalise(factor: FloatArray, *, shifted: bool) -> FloatArray:
    """Replace F by ``F R^-1``, where ``R^T R = F^T F`` (plus a shift); return R."""
    products = _products(factor)
    rank = len(products)
    trace = float(np.trace(products))
    for power in range(-15 if shifted else -30, 0):
        trial = products.copy(order="F")
        if shifted or power > -30:
            trial.flat[:: rank + 1] += trace * 10.0**power
        lower = cholesky_of(trial)
        if lower is None:
            continue
        upper: FloatArray = np.asfortranarray(lower.T)
        _divide(factor, upper)
        return upper
    raise np.linalg.LinAlgError("the factor of the preconditioner has no finite rank")


def _products(factor: FloatArray) -> FloatArray:
    """Return ``F^T F`` in float64."""
    if factor.dtype == np.float64 and factor.size * factor.shape[1] < 5e9:
        half = blas.dsyrk(1.0, factor, trans=1)
        result: FloatArray = np.triu(half) + np.triu(half, 1).T
        return result
    rank = factor.shape[1]
    total = np.zeros((rank, rank), order="F")
    for rows in _chunks(factor):
        part = np.asfortranarray(factor[rows], dtype=np.float64)
        total = blas.dsyrk(1.0, part, beta=1.0, c=total, trans=1, overwrite_c=1)
    result = np.triu(total) + np.triu(total, 1).T
    return result


def _divide(factor: FloatArray, upper: FloatArray) -> None:
    """Replace F by ``F R^-1`` in place."""
    for rows in _chunks(factor):
        part = np.asfortranarray(factor[rows], dtype=np.float64)
        factor[rows] = blas.dtrsm(1.0, upper, part, side=1, overwrite_b=1)


def _chunks(factor: FloatArray) -> list[slice]:
    n, rank = factor.shape
    step = max(256, CHUNK_BYTES // (8 * rank))
    return [slice(i, min(i + step, n)) for i in range(0, n, step)]
