"""Solves that end when their time does, and say how far they came."""

import time
from typing import Any

import numpy as np

import fastntk
from bench.cuda.inputs import rows
from bench.nets import build
from fastntk import stax
from fastntk.solvers import Status

__all__ = ["Deadline", "solve"]

ENDING = 6.0  # iterations: what the last residual takes at most, in float64
SLOWER = 1.5  # of the longest so far, which may have computed such a residual
D, RIDGE, RTOL = 20, 1e-2, 1e-6  # features; of the mean diagonal; of the residual


class Deadline:
    """A callback that stops a solve so early that its last residual fits.

    Parameters
    ----------
    seconds : float
        From now until the end.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._last: float | None = None
        self._first = 0.0
        self.gaps: list[float] = []

    def __call__(self, step: Any) -> bool:
        """Return whether to stop after an iteration."""
        now = time.monotonic()
        if self._last is None:
            self._first = step.seconds
        else:
            self.gaps.append(now - self._last)
        self._last = now
        return now + self._ending() >= self._end

    def _ending(self) -> float:
        """Return the seconds that the end of the solve may take."""
        gaps = self.gaps or [self._first]
        return max(ENDING * float(np.median(gaps)), SLOWER * max(gaps))

    @property
    def iteration(self) -> float | None:
        """The median seconds from iteration to iteration; None where there is one."""
        return float(np.median(self.gaps)) if self.gaps else None


def solve(
    n: int, asked: float, seconds: float, backend: str = "cuda"
) -> dict[str, Any]:
    """Solve with the NTK of ReLU layers, d=20, and stop when time is up.

    Parameters
    ----------
    n : int
        Rows.
    asked : float
        Seconds that it may take.
    seconds : float
        Seconds that are left to it.
    backend : str
        Of `fastntk.solve`.

    Returns
    -------
    dict
        ``holds`` is None where time was up earlier than asked.
    """
    start = time.perf_counter()
    deadline = Deadline(seconds)
    net, x = build(stax, "relu-3", D), rows(n, D)
    y = np.sin(x[:, 0]) + 0.1 * np.random.default_rng(3).standard_normal(n)
    ridge = RIDGE * float(fastntk.diagonal(net, x[:1000]).mean())
    preparing = time.perf_counter() - start
    options: dict[str, Any] = {"backend": backend, "method": "cg", "strict": False}
    start = time.perf_counter()
    result = fastntk.solve(
        net, x, y, ridge=ridge, rtol=RTOL, callback=deadline, **options
    )
    took = time.perf_counter() - start
    found: dict[str, Any] = {
        "asked": f"<= {asked:.0f} s",
        "seconds": took,
        "holds": bool(took <= asked and result.status.is_success),
        "status": str(result.status),
        "residual": result.largest_residual,
        "iterations": result.iterations,
        "seconds_per_iteration": deadline.iteration,
        "rank": result.rank,
        "notes": list(result.notes),
        "preparing_s": preparing,
        "parts": {name: float(part) for name, part in result.seconds.items()},
    }
    if result.status is Status.STOPPED:
        found["holds"] = None if took < asked else False
        found["note"] = (
            f"not finished in the {seconds:.0f} s that were left; residual "
            f"{result.largest_residual:.2g} after {result.iterations} iterations"
        )
    return found
