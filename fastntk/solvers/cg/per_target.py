"""Conjugate gradients for one ridge per target: one ridge after the other."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fastntk._typing import FloatArray, IntArray
from fastntk.solvers.cg.settings import CGStep
from fastntk.solvers.result import SolveInterrupted, SolveResult, joined
from fastntk.solvers.ridges import same_ridges
from fastntk.solvers.status import Status

__all__ = ["cg_by_target", "part_of"]

Part = tuple[IntArray, SolveResult]
Solve = Callable[[FloatArray, float, Mapping[str, Any]], SolveResult]


def cg_by_target(
    solve: Solve, b: FloatArray, ridges: FloatArray, options: Mapping[str, Any]
) -> SolveResult:
    """Iterate on the columns of each different ridge.

    Parameters
    ----------
    solve : callable
        ``solve(columns, ridge, options)``.
    b : ndarray of shape (n, k)
        Right-hand sides.
    ridges : ndarray of shape (1, k)
        One for each.
    options : mapping
        As for `fastntk.solvers.block_cg`. Each ridge has a checkpoint of its own:
        ``solve.npz`` becomes ``solve-1.npz``, ``solve-2.npz``, ...

    Returns
    -------
    SolveResult
        After an interrupt, or where the callback says stop, columns that were not begun
        are 0.
    """
    told = _Told(options["callback"], b)
    parts: list[Part] = []
    for number, (ridge, columns) in enumerate(same_ridges(ridges), start=1):
        told.begin(columns)
        own = {
            "checkpoint": part_of(options["checkpoint"], number),
            "callback": told if told.callback else None,
        }
        try:
            result = solve(b[:, columns], ridge, {**options, **own})
        except SolveInterrupted as stop:
            parts.append((columns, stop.result))
            whole = _completed(parts, b, ridges, Status.INTERRUPTED)
            raise SolveInterrupted(str(stop), whole) from stop
        parts.append((columns, result))
        told.end(columns, result)
        if told.is_stopped:
            return _completed(parts, b, ridges, Status.STOPPED)
    return joined(parts, ridges)


class _Told:
    """The callback of the user, who is told of all columns."""

    def __init__(self, callback: Callable[[CGStep], Any] | None, b: FloatArray) -> None:
        self.callback = callback
        self.is_stopped = False
        self._levels = _untouched(b)
        self._columns: IntArray = np.arange(0)
        self._iterations, self._seconds = 0, 0.0

    def begin(self, columns: IntArray) -> None:
        """Say which columns are at work."""
        self._columns = columns

    def end(self, columns: IntArray, result: SolveResult) -> None:
        """Note what was reached."""
        self._levels[columns] = result.residuals
        self._iterations += result.iterations
        self._seconds += result.total_seconds

    def __call__(self, step: CGStep) -> Any:
        """Pass a step on."""
        assert self.callback is not None
        self._levels[self._columns] = step.residuals
        found = self.callback(
            CGStep(
                self._iterations + step.iteration,
                self._levels.copy(),
                self._seconds + step.seconds,
            )
        )
        self.is_stopped = found is True
        return found


def _untouched(b: FloatArray) -> FloatArray:
    """Return the relative residuals of columns that are not begun."""
    return np.asarray(b.any(axis=0), dtype=np.float64)


def _completed(
    parts: list[Part], b: FloatArray, ridges: FloatArray, status: Status
) -> SolveResult:
    """Return one result of all columns, those that were not begun included."""
    begun = np.concatenate([columns for columns, _ in parts])
    rest = np.setdiff1d(np.arange(b.shape[1]), begun)
    if len(rest):
        first = parts[0][1]
        empty = first.replace(
            x=np.zeros((len(b), len(rest))),
            residuals=_untouched(b[:, rest]),
            status=status,
            iterations=0,
            seconds={},
            notes=(),
            details=dict(first.details) | {"products": 0, "cycles": 0},
        )
        parts = [*parts, (rest, empty)]
    return joined(parts, ridges)


def part_of(checkpoint: Any, number: int) -> Any:
    """Return the file of one of several solves."""
    if checkpoint is None:
        return None
    path = Path(checkpoint)
    return path.with_name(f"{path.stem}-{number}{path.suffix}")
