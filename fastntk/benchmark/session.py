"""What all stages of a benchmark share: rows, turns, and notes of the noise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastntk.benchmark.machine import wait_for_quiet
from fastntk.benchmark.noise import Noise
from fastntk.benchmark.settings import Settings
from fastntk.benchmark.timing import Run, Times, in_turns

__all__ = ["Session", "Tell"]

Tell = Callable[[str], None]


class Session:
    """The problem, and how runs of it are timed.

    Parameters
    ----------
    settings : Settings
        What to measure.
    tell : callable
        Called with a few words before every stage.
    noise : Noise
        Takes note of what disturbs.

    Attributes
    ----------
    arrays : tuple of ndarray
        Rows, rows of the other side, and the columns that products multiply.
    timed : float
        Seconds spent on measurements so far.
    """

    def __init__(self, settings: Settings, tell: Tell, noise: Noise) -> None:
        self.settings, self.noise, self.tell = settings, noise, tell
        self.timed = 0.0
        s = settings
        self.arrays = (
            s.rows(s.n),
            s.rows(s.n_cross, seed=1),
            np.random.default_rng(2).standard_normal((s.n, s.columns)),
        )

    def stage(self, words: str) -> None:
        """Say what comes, and wait until the machine is quiet."""
        self.tell(words)
        self.noise.waited(words, wait_for_quiet(patience=self.settings.patience))

    def turns(
        self, what: str, runs: dict[str, Run], **options: Any
    ) -> dict[str, Times]:
        """Time runs in turns and take note of the noise."""
        times = in_turns(runs, self.settings.repeats, **options)
        self.timed += sum(found.spent for found in times.values())
        self.noise.timed(what, times)
        return times
