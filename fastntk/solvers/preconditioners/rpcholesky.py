"""Accelerated randomly pivoted Cholesky: columns of ``K`` at rows far apart."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from fastntk._errors import IndefiniteError
from fastntk._typing import FloatArray, IntArray
from fastntk.solvers.checks import check_count, check_ridge
from fastntk.solvers.preconditioners.base import LowRankPreconditioner, from_factor
from fastntk.solvers.preconditioners.rank import RankRule, largest_rank, rule_for
from fastntk.solvers.protocol import (
    KernelOperator,
    as_operator,
    columns_of,
    rounding_unit,
)

__all__ = ["rpcholesky"]

EXHAUSTED = 1e-12  # of the trace: what is left is rounding


def rpcholesky(
    operator: Any,
    ridge: float = 0.0,
    rank: int | str = "auto",
    *,
    seed: int = 0,
    columns: int = 16,
    rtol: float = 1e-6,
    max_memory: int | None = None,
    dtype: Any = np.float64,
    on_block: Callable[[int], None] = lambda rank: None,
) -> LowRankPreconditioner:
    """Precondition ``K + ridge I`` by randomly pivoted Cholesky.

    Parameters
    ----------
    operator : KernelOperator or ndarray of shape (n, n)
        ``K``; its diagonal and ``rank`` columns are computed.
    ridge : float, default=0.0
        Of the system, in the units of ``K``.
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
    ridge plus what is left of the diagonal. Cost: ``n rank`` entries and ``5 n rank^2``
    flops; memory ``n rank`` numbers.

    References
    ----------
    .. [1] E. Epperly, J. Tropp, R. Webber, "Embrace rejection: kernel matrix
       approximation by accelerated randomly pivoted Cholesky", 2024, arXiv 2410.03969.

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
    ridge = check_ridge(ridge)
    n = known.shape[0]
    kind = np.dtype(dtype)
    rule = None
    if rank == "auto":
        limit = largest_rank(n, kind.itemsize, max_memory)
        rule = rule_for(known, ridge, columns, rtol)
    else:
        limit = min(check_count(rank, "rank", 0), n)
    factor, left, pivots = _factorise(
        known, limit, rule, np.random.default_rng(seed), kind, on_block
    )
    return from_factor(factor, ridge, left, "rpcholesky", pivots)


def _factorise(
    operator: KernelOperator,
    limit: int,
    rule: RankRule | None,
    rng: np.random.Generator,
    kind: np.dtype[Any],
    on_block: Callable[[int], None],
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Return F of shape (n, rank), what is left of the diagonal, and the pivots."""
    left = _diagonal(operator)
    n, trace = len(left), float(left.sum())
    floor = max(EXHAUSTED, 10 * rounding_unit(operator)) * trace
    # an array is zeroed by the system as it is touched: unused columns cost nothing
    factor = np.empty((n, limit), dtype=kind, order="F")
    pivots = np.empty(limit, dtype=np.intp)
    rank, width = 0, int(np.clip(limit // 10, 10, 1000))
    while rank < limit and (total := float(left.sum())) > floor:
        drawn = rng.choice(n, size=min(width, n), p=left / total)
        rows, lower = _accept(operator, factor[:, :rank], drawn, rng, limit - rank)
        if not len(rows):
            break  # what is left is rounding
        fresh = columns_of(operator, slice(None), rows, kind)
        if rank:
            fresh -= factor[:, :rank] @ factor[rows, :rank].T
        lower = lower.astype(kind)
        fresh = solve_triangular(lower, fresh.T, lower=True, check_finite=False).T
        stop = rank + len(rows)
        factor[:, rank:stop] = fresh
        pivots[rank:stop] = rows
        left -= np.einsum("ij,ij->i", fresh, fresh, dtype=np.float64)
        np.maximum(left, 0.0, out=left)
        left[rows] = 0.0
        gained = (total - float(left.sum())) / len(rows)
        rank = stop
        on_block(rank)
        if rule is not None and rule.is_enough(rank, float(left.mean()), gained):
            break
    return factor[:, :rank], left, pivots[:rank]


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
