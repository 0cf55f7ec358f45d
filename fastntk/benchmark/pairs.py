"""Ratios of times: pairs of programs in rounds, until the best times are confirmed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median

from fastntk.benchmark.timing import ENOUGH, PAUSE, Run, Times

__all__ = ["Pair", "in_rounds"]

LEAST = 0.1  # seconds of one turn: short programs are repeated
SHORT = 0.01  # seconds of one timing: it is the mean of programs that are shorter
FEW = 3  # rounds at least, however long they take
MOST = 60  # rounds at most
LIMIT = 6 * ENOUGH  # seconds of a pair after which no round is added
CONFIRMED = 4  # so many timings have to come near the best
NEAR = 0.02  # of the best


@dataclass
class Pair:
    """Times of two programs that took turns.

    Noise only adds time, and here in two ways: other programs for moments, and hosts of
    virtual machines that let two cores share one for seconds. The best of many turns
    is what both programs take on a machine of their own, and it is the figure that the
    next run finds again.
    """

    ours: Times = field(default_factory=Times)
    theirs: Times = field(default_factory=Times)
    ratios: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """Their best time over ours."""
        return self.theirs.best / self.ours.best

    @property
    def spread(self) -> float:
        """Half of the range between the quartiles of the rounds' ratios, relative."""
        return Times(self.ratios).spread

    @property
    def spent(self) -> float:
        """Seconds that all timings took."""
        return self.ours.spent + self.theirs.spent

    @property
    def is_confirmed(self) -> bool:
        """Whether the best times of both came about several times."""
        return all(_is_confirmed(times.seconds) for times in (self.ours, self.theirs))

    def add(self, ours: Run, theirs: Run, pause: float) -> None:
        """Time both once more."""
        found = [
            _turn(times, run, pause)
            for times, run in ((self.ours, ours), (self.theirs, theirs))
        ]
        self.ratios.append(found[1] / found[0])


def in_rounds(
    runs: Mapping[str, tuple[Run, Run]],
    rounds: int,
    *,
    pause: float = PAUSE,
    limit: float = LIMIT,
) -> dict[str, Pair]:
    """Time pairs of programs in rounds: ours and theirs, of one pair after the other.

    Parameters
    ----------
    runs : mapping of str to (Run, Run)
        Ours and theirs, by name.
    rounds : int
        Rounds at least, if time allows.
    pause : float
        Seconds before every turn.
    limit : float
        Seconds after which a pair is not timed again, if it was in three rounds.

    Returns
    -------
    dict of str to Pair

    Notes
    -----
    A pair rests when four timings of either program lie within 2 % of its best, else
    after 60 rounds or when its time is over. As all pairs take turns, each sees the
    machine over the time of all of them.

    Examples
    --------
    >>> pair = in_rounds({"a": (lambda: 1.0, lambda: 3.0)}, 5, pause=0.0)["a"]
    >>> pair.ratio, len(pair.ratios), pair.spread
    (3.0, 5, 0.0)
    """
    pairs = {name: Pair() for name in runs}
    for turn in range(MOST):
        going = [name for name in runs if _goes_on(pairs[name], turn, rounds, limit)]
        for name in going:
            pairs[name].add(*runs[name], pause)
        if not going:
            break
    return pairs


def _goes_on(pair: Pair, turn: int, rounds: int, limit: float) -> bool:
    if turn < min(FEW, rounds):
        return True
    if len(pair.ratios) < turn or pair.spent > limit:  # it rests, or has to
        return False
    return turn < rounds or not pair.is_confirmed


def _is_confirmed(seconds: list[float]) -> bool:
    if len(seconds) < CONFIRMED:
        return False
    ordered = sorted(seconds)
    return ordered[CONFIRMED - 1] <= (1.0 + NEAR) * ordered[0]


def _turn(times: Times, run: Run, pause: float) -> float:
    """Time a program, a short one again and again; return the median."""
    time.sleep(pause)
    start = time.perf_counter()
    found, spent = [], 0.0
    while spent < LEAST:
        some = [run()]
        while sum(some) < SHORT:
            some.append(run())
        found.append(sum(some) / len(some))
        spent += sum(some)
    times.seconds += found
    times.spent += time.perf_counter() - start
    return median(found)
