"""Timing in turns: repeats, their median and spread, and what timing itself costs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from fastntk.benchmark.machine import OthersShare

__all__ = ["Run", "Times", "in_turns", "looped", "stopwatch", "timer_cost"]

Run = Callable[[], float]
"""Does some work once and returns the seconds it took."""

PAUSE = 0.05  # seconds between two runs
BLAS_PAUSE = 0.3  # after one that used BLAS threads: these spin for a while
ENOUGH = 5.0  # seconds of one run's repeats
MANY = 4  # repeats from which quartiles say something


@dataclass
class Times:
    """Seconds of repeated runs, and what share of the machine others took meanwhile.

    ``spent`` is the wall time of all runs together, loops included.
    """

    seconds: list[float] = field(default_factory=list)
    others: float = 0.0
    spent: float = 0.0

    @property
    def best(self) -> float:
        """The shortest: noise only adds time."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """The median: what a user sees."""
        return median(self.seconds)

    @property
    def spread(self) -> float:
        """Half of the range between the quartiles, as a share of the median.

        Half of the whole range if there are fewer than four; 0 for a single one.

        Examples
        --------
        >>> round(Times([1.0, 1.1, 1.2]).spread, 3)
        0.091
        """
        ordered = sorted(self.seconds)
        cut = len(ordered) // 4 if len(ordered) >= MANY else 0
        low, high = ordered[cut], ordered[-1 - cut]
        return (high - low) / (2.0 * self.median)

    def as_dict(self) -> dict[str, Any]:
        """Return all of it for JSON."""
        return {
            "seconds": self.seconds,
            "median_s": self.median,
            "best_s": self.best,
            "spread": self.spread,
            "others_share": self.others,
        }


def stopwatch(call: Callable[[], object]) -> Run:
    """Return a run that times ``call`` and drops its result outside the time."""

    def run() -> float:
        start = time.perf_counter()
        result = call()
        seconds = time.perf_counter() - start
        del result
        return seconds

    return run


def looped(call: Callable[[], object], target: float = 0.02) -> Run:
    """Return a run that repeats a short ``call`` and gives the mean time of one.

    ``call`` is run up to three times to find how often it fits into ``target`` seconds.
    """
    once = math.inf
    for _ in range(3):
        once = min(once, max(stopwatch(call)(), 1e-7))
        if once > target:
            return stopwatch(call)
    loops = max(1, min(10_000, round(target / once)))

    def run() -> float:
        start = time.perf_counter()
        for _ in range(loops):
            call()
        return (time.perf_counter() - start) / loops

    return run


def in_turns(
    runs: Mapping[str, Run],
    repeats: int,
    *,
    at_most: Mapping[str, int] | None = None,
    pause: float = PAUSE,
    enough: float = ENOUGH,
) -> dict[str, Times]:
    """Time runs in turns, so that a busy moment strikes all of them alike.

    Parameters
    ----------
    runs : mapping of str to Run
        By name.
    repeats : int
        Turns.
    at_most : mapping of str to int, optional
        Fewer turns for some.
    pause : float
        Seconds before every run.
    enough : float
        Seconds after which a run is not repeated any more, if it was done twice.

    Returns
    -------
    dict of str to Times
    """
    limits = at_most or {}
    times = {name: Times() for name in runs}
    share = OthersShare()
    for turn in range(repeats):
        for name, run in runs.items():
            is_enough = turn >= 2 and times[name].spent > enough
            if turn < limits.get(name, repeats) and not is_enough:
                time.sleep(pause)
                start = time.perf_counter()
                times[name].seconds.append(run())
                times[name].spent += time.perf_counter() - start
    others = share()
    for found in times.values():
        found.others = others
    return times


def timer_cost(repeats: int = 2000) -> float:
    """Return the seconds that a stopwatch adds to what it times."""
    run = stopwatch(lambda: None)
    return median(run() for _ in range(repeats))
