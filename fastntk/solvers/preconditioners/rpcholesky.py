"""Accelerated randomly pivoted Cholesky: columns of ``K`` at rows far apart."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from fastntk._errors import IndefiniteError
from fastntk._resources import FEWER_ROWS, memory_told
from fastntk._typing import AnyArray, FloatArray, IntArray
from fastntk._validation import check_dtype, check_max_memory
from fastntk._validation.arguments import as_generator, check_function, is_one_of
from fastntk.solvers.checks import check_count
from fastntk.solvers.preconditioners.base import LowRankPreconditioner, from_factor
from fastntk.solvers.preconditioners.local import local_blocks
from fastntk.solvers.preconditioners.rank import RankRule, largest_rank, rule_for
from fastntk.solvers.protocol import (
    KernelOperator,
    as_operator,
    columns_of,
    rounding_unit,
)
from fastntk.solvers.ridges import as_ridge, typical

__all__ = ["rpcholesky"]

EXHAUSTED = 1e-12  # of the trace: what is left is rounding
BLOCK_SHARE = 0.3  # of the memory


@memory_told("rpcholesky", FEWER_ROWS)
def rpcholesky(
    operator: Any,
    ridge: Any = 0.0,
    rank: int | str = "auto",
    *,
    seed: int = 0,
    columns: int = 16,
    rtol: float = 1e-6,
    max_memory: int | None = None,
    dtype: Any = np.float64,
    block_size: int | str = "auto",
    on_block: Callable[[int], None] = lambda rank: None,
) -> LowRankPreconditioner:
    """Precondition ``K + ridge I`` by randomly pivoted Cholesky.

    Parameters
    ----------
    operator : KernelOperator or ndarray of shape (n, n)
        ``K``; its diagonal and ``rank`` columns are computed.
    ridge : float or array-like of shape (n,), default=0.0
        Of the system, in the units of ``K``: one number, or one per row.
    rank : int or "auto", default="auto"
        Columns at most. "auto" stops when another column costs more than it saves
        (`RankRule`), at n/20 or a few hundred at most.
    seed : int, default=0
        Of the pivots.
    columns : int, default=16
        Right-hand sides that will be solved together, for "auto".
    rtol : float, default=1e-6
        Of the solve, for "auto".
    max_memory : int, optional
        Bytes for the factor.
    dtype : {float64, float32}
        Of the factor. float32 halves memory, but its rounding, times the largest
        eigenvalue over the shift, is noise in every iteration: for small n only.
    block_size : int or "auto", default="auto"
        Rows of the blocks of ``K - F F^T`` that are kept besides, 0 for its diagonal
        alone. "auto": n/20, up to 2,048 and three tenths of ``max_memory``, where rows
        given F are not independent: data in few dimensions, or in clusters.
    on_block : callable
        Called with the rank after each block of columns.

    Returns
    -------
    LowRankPreconditioner

    Raises
    ------
    InputError
        For a bad ridge or rank.
    IndefiniteError
        If a diagonal entry is negative.

    Notes
    -----
    Algorithm 2.2 of [1]_: pivots are drawn in blocks in proportion to what is left of
    the diagonal, and accepted one by one by rejection, which gives the pivots of
    sequential sampling at the speed of matrix products. The rest of ``P`` is the
    ridge plus what is left of the diagonal, or of blocks of close rows (in the spirit
    of [2]_): 8,000 clustered rows in 3 dimensions take 14 iterations in the place of
    61. Cost: ``n rank`` entries and ``5 n rank^2`` flops; memory ``n rank`` numbers;
    for blocks see `fastntk.solvers.preconditioners.local`.

    References
    ----------
    .. [1] E. Epperly, J. Tropp, R. Webber, "Embrace rejection: kernel matrix
       approximation by accelerated randomly pivoted Cholesky", 2024, arXiv 2410.03969.
    .. [2] S. Zhao, T. Xu, H. Huang, E. Chow, Y. Xi, "An adaptive factorized Nystrom
       preconditioner for regularized kernel matrices", SIAM J. Sci. Comput. 46 (2024).

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import rpcholesky
    >>> x = np.linspace(0, 1, 200)[:, None]
    >>> kernel = np.exp(-20 * (x - x.T) ** 2)
    >>> preconditioner = rpcholesky(kernel, ridge=1e-6, rank=15)
    >>> preconditioner.rank, preconditioner.tail < 1e-3
    (15, True)
    """
    known = as_operator(operator)
    n = known.shape[0]
    ridge = as_ridge(ridge, n, 0)
    kind = np.dtype(check_dtype(dtype) or np.float64)
    max_memory = check_max_memory(max_memory)
    check_function(on_block, "on_block", "of the rank so far")
    rows = _block_rows(block_size, n, max_memory)
    rule = None
    if is_one_of(rank, ("auto",)):
        limit = largest_rank(n, kind.itemsize, max_memory)
        rule = rule_for(known, typical(ridge), columns, rtol)
    else:
        limit = min(check_count(rank, "rank", 0), n)
    rng = as_generator(seed)
    growing = _Factor(known, limit, rng, kind, on_block)
    room = max_memory is not None and rows > 0
    growing.grow(int((1 - BLOCK_SHARE) * limit) if room else limit, rule)
    blocks = local_blocks(known, growing.factor, growing.left, ridge, rows, rng)
    if blocks is None:
        growing.grow(limit, rule)
    return from_factor(
        growing.factor, ridge, growing.left, "rpcholesky", growing.pivots, blocks
    )


def _block_rows(wanted: int | str, n: int, max_memory: int | None) -> int:
    """Return the most rows of a block, 0 for none."""
    if not is_one_of(wanted, ("auto",)):
        return check_count(wanted, "block_size", 0)
    if max_memory is None:
        return n // 20
    return min(n // 20, int(BLOCK_SHARE * max_memory / (4 * n)))


class _Factor:
    """F, column by column."""

    def __init__(
        self,
        operator: KernelOperator,
        limit: int,
        rng: np.random.Generator,
        kind: np.dtype[Any],
        on_block: Callable[[int], None],
    ) -> None:
        self._operator, self._rng, self._on_block = operator, rng, on_block
        self.left = _diagonal(operator)
        n, trace = len(self.left), float(self.left.sum())
        self._floor = max(EXHAUSTED, 10 * rounding_unit(operator)) * trace
        # memory is zeroed by the system as it is touched: unused columns cost nothing
        self._columns = np.empty((n, limit), dtype=kind, order="F")
        self._rows = np.empty(limit, dtype=np.intp)
        self._width = int(np.clip(limit // 10, 10, 1000))
        self._rank, self._is_done = 0, False

    @property
    def factor(self) -> AnyArray:
        """F of shape (n, rank)."""
        return self._columns[:, : self._rank]

    @property
    def pivots(self) -> IntArray:
        """Rows of K that F was made of."""
        return self._rows[: self._rank]

    def grow(self, limit: int, rule: RankRule | None) -> None:
        """Add columns up to a rank, or until the rule or rounding says: enough."""
        n = len(self.left)
        while self._rank < limit and not self._is_done:
            total = float(self.left.sum())
            if total <= self._floor:
                return
            size, chances = min(self._width, n), self.left / total
            drawn = self._rng.choice(n, size=size, p=chances)
            rank = self._rank
            rows, lower = _accept(
                self._operator, self.factor, drawn, self._rng, limit - rank
            )
            if not len(rows):
                return  # what is left is rounding
            self._append(rows, lower)
            gained = (total - float(self.left.sum())) / len(rows)
            self._on_block(self._rank)
            if rule is not None:
                mean = float(self.left.mean())
                self._is_done = rule.is_enough(self._rank, mean, gained)

    def _append(self, rows: IntArray, lower: FloatArray) -> None:
        """Add the columns of some pivots; ``lower`` is the factor of their block."""
        kind, old = self._columns.dtype, self.factor
        fresh = columns_of(self._operator, slice(None), rows, kind)
        if self._rank:
            fresh -= old @ old[rows].T
        fresh = solve_triangular(
            lower.astype(kind), fresh.T, lower=True, check_finite=False
        ).T
        stop = self._rank + len(rows)
        self._columns[:, self._rank : stop] = fresh
        self._rows[self._rank : stop] = rows
        self.left -= np.einsum("ij,ij->i", fresh, fresh, dtype=np.float64)
        np.maximum(self.left, 0.0, out=self.left)
        self.left[rows] = 0.0
        self._rank = stop


def _accept(
    operator: KernelOperator,
    factor: FloatArray,
    drawn: IntArray,
    rng: np.random.Generator,
    most: int,
) -> tuple[IntArray, FloatArray]:
    """Return the drawn rows that are accepted, and the factor L of their block."""
    block = columns_of(operator, drawn, drawn)
    part = factor[drawn].astype(np.float64)
    block -= part @ part.T
    first = block.diagonal().copy()
    lower = np.zeros_like(block)
    accepted: list[int] = []
    for j in range(len(drawn)):
        pivot = float(block[j, j])
        if not rng.random() * first[j] < pivot or len(accepted) == most:
            continue
        lower[j:, j] = block[j:, j] / np.sqrt(pivot)
        block[j + 1 :, j + 1 :] -= np.outer(lower[j + 1 :, j], lower[j + 1 :, j])
        accepted.append(j)
    return drawn[accepted], lower[np.ix_(accepted, accepted)]


def _diagonal(operator: KernelOperator) -> FloatArray:
    """Return the diagonal in float64; refuse one that is negative."""
    diagonal = np.array(operator.diagonal(), dtype=np.float64)
    worst = int(diagonal.argmin())
    if diagonal[worst] < 0.0:
        vector = np.zeros(len(diagonal))
        vector[worst] = 1.0
        raise IndefiniteError(
            f"operator: found the quadratic form {diagonal[worst]:.3g} of unit vector "
            f"{worst} (a negative diagonal entry); expected a positive semi-definite "
            "matrix",
            vector,
        )
    return diagonal
