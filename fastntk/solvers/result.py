"""The record of a solve: the solution, how good it is, and what it cost."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastntk._errors import ConvergenceError
from fastntk._typing import FloatArray, IntArray
from fastntk.solvers.ridges import Ridge, described
from fastntk.solvers.status import Status

__all__ = ["SolveInterrupted", "SolveResult", "in_bytes", "joined"]

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


class SolveInterrupted(KeyboardInterrupt):
    """Ctrl-C during a solve; nothing is lost.

    Attributes
    ----------
    result : SolveResult
        What had been reached, with `Status.INTERRUPTED` and true residuals of the last
        check.
    """

    def __init__(self, message: str, result: "SolveResult") -> None:
        super().__init__(message)
        self.result = result

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with the result."""
        return type(self), (*self.args, self.result)


@dataclasses.dataclass(frozen=True, eq=False)
class SolveResult:
    """What a solver returns.

    Attributes
    ----------
    x : ndarray of shape (n, n_outputs) or (n,)
        The solution, shaped like the targets. For "falkon" (n_centers, n_outputs).
    status : Status
        How it ended; ``str(status)`` is a sentence.
    method : str
        "cholesky", "eigh", "pinv", "cg", "falkon" or "askotch".
    reason : str
        Why this method.
    residuals : ndarray of shape (n_outputs,)
        True relative residuals ``|b - (K + ridge I) x| / |b|`` per column, from a
        product with the matrix in float64 (0 for a column of zeros).
    rtol : float
        What was asked.
    ridge : float or ndarray of shape (n,) or (1, n_outputs)
        What was added to the diagonal.
    iterations : int
        Products with the matrix in an iteration; 0 for a factorisation.
    seconds : mapping of str to float
        Wall time by phase.
    jitter : float
        What had to be added to the diagonal besides the ridge; 0 almost always.
    cutoff : float or None
        Eigenvalues up to here were taken for zero (pinv), or None.
    rank : int or None
        Rank of the preconditioner, or directions kept by pinv.
    peak_memory : int
        Largest resident memory of the process during the solve, in bytes.
    notes : tuple of str
        Whatever else was decided on the way.
    centers : ndarray of shape (n_centers,) or (n_centers, d), CSR matrix, or None
        Which training rows are the centres, or centres of one's own (falkon).
    details : mapping
        Numbers of one method: see its docstring.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import cholesky
    >>> print(cholesky(np.eye(3), np.ones(3), ridge=3.0))  # doctest: +ELLIPSIS
    cholesky: converged, largest residual 0 (rtol 1e-06), ... s
    """

    x: FloatArray
    status: Status
    method: str
    residuals: FloatArray
    rtol: float
    ridge: Ridge = 0.0
    iterations: int = 0
    seconds: Mapping[str, float] = dataclasses.field(default_factory=dict)
    jitter: float = 0.0
    cutoff: float | None = None
    rank: int | None = None
    peak_memory: int = 0
    reason: str = ""
    notes: tuple[str, ...] = ()
    centers: Any = None
    details: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def is_success(self) -> bool:
        """Whether x is what was asked for."""
        return self.status.is_success

    @property
    def total_seconds(self) -> float:
        """Wall time of all phases."""
        return float(sum(self.seconds.values()))

    @property
    def largest_residual(self) -> float:
        """The worst relative residual of all columns."""
        return float(np.max(self.residuals, initial=0.0))

    def require_success(self) -> "SolveResult":
        """Return this result, or raise if it is not what was asked for.

        Raises
        ------
        ConvergenceError
            With this result as its ``result``.
        """
        if self.is_success:
            return self
        raise ConvergenceError(
            f"{self.method}: {self.status.advice(self.method)}. Found a largest "
            f"relative residual of {self.largest_residual:.3g} after "
            f"{self.iterations} iterations; expected "
            f"{self.rtol:.3g}. The unfinished solution is in the error's .result",
            self,
        )

    def facts(self) -> dict[str, Any]:
        """Return how it went as plain numbers and words, for JSON."""
        return {
            "summary": str(self),
            "method": self.method,
            "reason": self.reason,
            "status": self.status.name,
            "residuals": [float(r) for r in self.residuals],
            "rtol": self.rtol,
            "iterations": self.iterations,
            "jitter": self.jitter,
            "cutoff": self.cutoff,
            "rank": self.rank,
            "seconds": {name: round(s, 4) for name, s in self.seconds.items()},
            "peak_memory": self.peak_memory,
            "notes": list(self.notes),
        }

    def replace(self, **changes: Any) -> "SolveResult":
        """Return a copy with other values."""
        return dataclasses.replace(self, **changes)

    def __str__(self) -> str:
        words = self.status.name.lower().replace("_", " ")
        parts = [
            f"{self.method}: {words}",
            f"largest residual {self.largest_residual:.3g} (rtol {self.rtol:.3g})",
        ]
        if self.iterations:
            parts.append(f"{self.iterations} iterations")
        if self.rank is not None:
            parts.append(f"rank {self.rank}")
        if self.jitter:
            parts.append(f"jitter {self.jitter:.3g}")
        return ", ".join([*parts, f"{self.total_seconds:.3g} s"])

    def __repr__(self) -> str:
        lines = [f"SolveResult: {self}"]
        lines.append(
            f"  status       {self.status.name}: {self.status.advice(self.method)}"
        )
        if self.reason:
            lines.append(f"  method       {self.method}: {self.reason}")
        phases = ", ".join(f"{name} {s:.3g}" for name, s in self.seconds.items())
        lines.append(f"  seconds      {phases or '-'}")
        lines.append(f"  ridge        {described(self.ridge)}")
        if self.cutoff is not None:
            lines.append(f"  cut-off      {self.cutoff:.3g}")
        lines.append(f"  peak memory  {in_bytes(self.peak_memory)}")
        lines.extend(f"  note         {note}" for note in self.notes)
        shape = " x ".join(map(str, self.x.shape))
        lines.append(f"  x            {shape} {self.x.dtype}")
        return "\n".join(lines)


def in_bytes(amount: float) -> str:
    """Return an amount of memory in words.

    Examples
    --------
    >>> from fastntk.solvers.result import in_bytes
    >>> in_bytes(3 * 2**30)
    '3.0 GiB'
    """
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def joined(
    parts: Sequence[tuple[IntArray, SolveResult]], ridges: FloatArray
) -> SolveResult:
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
