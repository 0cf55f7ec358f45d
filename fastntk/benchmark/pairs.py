"""Ratios of times: two programs next to each other, again and again."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from statistics import median

from fastntk.benchmark.timing import ENOUGH, PAUSE, Run, Times

__all__ = ["Pair", "filled", "in_pairs"]

LEAST = 0.1  # seconds of one timing: short calls are repeated and averaged
FEW = 3  # pairs at least, however long they take
MOST = 60  # pairs at most
PRECISE = 0.02  # standard error of the median ratio at which no more pairs are needed


@dataclass
class Pair:
    """Times of two programs, and the ratio of every neighbouring pair.

    A machine that becomes slower for a second slows both sides of a pair; their ratio
    stays, and its median leaves out the pairs in which that happened halfway.
    """

    ours: Times = field(default_factory=Times)
    theirs: Times = field(default_factory=Times)

    @property
    def ratios(self) -> list[float]:
        """Their time over the mean of ours before and after it."""
        around = zip(self.ours.seconds, self.ours.seconds[1:], strict=False)
        return [
            2.0 * theirs / (before + after)
            for theirs, (before, after) in zip(self.theirs.seconds, around, strict=True)
        ]

    @property
    def ratio(self) -> float:
        """The median of the ratios."""
        return median(self.ratios)

    @property
    def spread(self) -> float:
        """Half of the range between the quartiles of the ratios, over their median."""
        return Times(self.ratios).spread

    @property
    def error(self) -> float:
        """The standard error of the median, over it, as for a normal distribution."""
        return 1.858 * self.spread / math.sqrt(len(self.theirs.seconds))


def filled(run: Run, least: float = LEAST) -> Run:
    """Return a run that repeats another for ``least`` seconds, and returns the mean."""

    def repeated() -> float:
        found = [run()]
        while sum(found) < least:
            found.append(run())
        return sum(found) / len(found)

    return repeated


def in_pairs(
    ours: Run,
    theirs: Run,
    turns: int,
    *,
    pause: float = PAUSE,
    enough: float = ENOUGH,
) -> Pair:
    """Time two programs in turns: ours, theirs, ours, theirs, ..., ours.

    Parameters
    ----------
    ours, theirs : Run
    turns : int
        Pairs at least; more, up to 60, where the ratio is not known to 2 % by then.
    pause : float
        Seconds before every timing.
    enough : float
        Seconds after which no pair is added, if there are three; three times as many
        if more than three are asked for.

    Returns
    -------
    Pair

    Examples
    --------
    >>> pair = in_pairs(lambda: 1.0, lambda: 3.0, 5, pause=0.0)
    >>> pair.ratio, len(pair.ratios), pair.spread
    (3.0, 5, 0.0)
    """
    pair = Pair()
    sides = (pair.ours, filled(ours)), (pair.theirs, filled(theirs))
    began = time.perf_counter()
    limit = enough if turns <= FEW else 3 * enough
    _add(*sides[0], pause)
    for turn in range(MOST):
        spent = time.perf_counter() - began
        if turn >= FEW and (spent > limit or (turn >= turns and pair.error <= PRECISE)):
            break
        for side in sides[::-1]:
            _add(*side, pause)
    return pair


def _add(times: Times, run: Run, pause: float) -> None:
    time.sleep(pause)
    start = time.perf_counter()
    times.seconds.append(run())
    times.spent += time.perf_counter() - start
