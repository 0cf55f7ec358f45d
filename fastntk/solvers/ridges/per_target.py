"""One ridge per target: columns of the same ridge are solved for together."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from fastntk._typing import FloatArray, IntArray
from fastntk.solvers.result import SolveResult
from fastntk.solvers.status import Status

__all__ = ["by_ridge", "joined", "same_ridges"]

_WORST = (
    Status.INTERRUPTED,
    Status.STOPPED,
    Status.MAX_ITERATIONS,
    Status.STAGNATED,
    Status.INACCURATE,
    Status.APPROXIMATED,
    Status.LEAST_SQUARES,
    Status.CONVERGED,
)

Part = tuple[IntArray, SolveResult]


def same_ridges(ridges: FloatArray) -> Iterator[tuple[float, IntArray]]:
    """Yield each different ridge of shape (1, k), the largest first, and its columns.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers.ridges.per_target import same_ridges
    >>> [(r, list(map(int, c))) for r, c in same_ridges(np.array([[1.0, 2.0, 1.0]]))]
    [(2.0, [1]), (1.0, [0, 2])]
    """
    for value in np.unique(ridges)[::-1]:
        yield float(value), np.flatnonzero(ridges[0] == value)


def by_ridge(
    solve: Callable[[FloatArray, float], SolveResult], b: FloatArray, ridges: FloatArray
) -> SolveResult:
    """Solve for the columns of each different ridge, one ridge after the other.

    Parameters
    ----------
    solve : callable
        ``solve(columns, ridge)``.
    b : ndarray of shape (n, k)
        Right-hand sides.
    ridges : ndarray of shape (1, k)
        One for each.
    """
    parts = [(cols, solve(b[:, cols], value)) for value, cols in same_ridges(ridges)]
    return joined(parts, ridges)


def joined(parts: Sequence[Part], ridges: FloatArray) -> SolveResult:
    """Return the results of some columns each as one result of all columns.

    The status is the worst of them; iterations and seconds are summed up, and what a
    part kept for further targets (its factor, its preconditioner) is dropped.
    """
    first = parts[0][1]
    x = np.empty((len(first.x), ridges.shape[1]))
    residuals = np.empty(ridges.shape[1])
    seconds: dict[str, float] = {}
    for columns, part in parts:
        x[:, columns], residuals[columns] = part.x, part.residuals
        for phase, spent in part.seconds.items():
            seconds[phase] = seconds.get(phase, 0.0) + spent
    results = [part for _, part in parts]
    details = dict(first.details)
    for name in ("factor", "groups", "preconditioner", "history"):
        details.pop(name, None)
    for name in ("products", "cycles"):
        if name in details:
            details[name] = sum(part.details[name] for part in results)
    ranks = [part.rank for part in results if part.rank is not None]
    return first.replace(
        x=x,
        residuals=residuals,
        status=min((part.status for part in results), key=_WORST.index),
        ridge=ridges,
        iterations=sum(part.iterations for part in results),
        seconds=seconds,
        jitter=max(part.jitter for part in results),
        rank=min(ranks) if ranks else None,
        peak_memory=max(part.peak_memory for part in results),
        notes=tuple(dict.fromkeys(note for part in results for note in part.notes)),
        details=details,
    )
