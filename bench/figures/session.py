"""What all figures share: options, rivals' processes, timing in turns, comparison."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import nets
from bench.machine import OthersShare, wait_for_quiet
from bench.rivals.client import Rival

Run = Callable[[], float]
Array = NDArray[Any]
AGREE_WITHIN = {"float64": 1e-6, "float32": 2e-3}  # rivals' own noise, at duplicates
PAUSE = 0.3  # seconds: until the BLAS threads of the last run have stopped spinning


@dataclass
class Times:
    """Seconds of repeated runs, and what share of the machine others took meanwhile."""

    seconds: list[float] = field(default_factory=list)
    others: float = 0.0

    @property
    def best(self) -> float:
        """Return the shortest."""
        return min(self.seconds)

    @property
    def median(self) -> float:
        """Return the median."""
        return median(self.seconds)


def stopwatch(call: Callable[[], object]) -> Run:
    """Return a run that times ``call`` and drops its result outside the time."""

    def run() -> float:
        start = time.perf_counter()
        result = call()
        seconds = time.perf_counter() - start
        del result
        return seconds

    return run


def looped(call: Callable[[], object], target: float = 0.05) -> Run:
    """Return a run that repeats a short ``call`` and gives the mean time of one."""
    once = max(min(stopwatch(call)() for _ in range(3)), 1e-7)
    loops = max(1, min(10_000, round(target / once)))

    def run() -> float:
        start = time.perf_counter()
        for _ in range(loops):
            call()
        return (time.perf_counter() - start) / loops

    return run


def in_turns(
    runs: dict[str, Run], repeats: int, at_most: dict[str, int] | None = None
) -> dict[str, Times]:
    """Time the runs in turns, so that a busy moment strikes all of them alike."""
    limits = at_most or {}
    times = {name: Times() for name in runs}
    share = OthersShare()
    for turn in range(repeats):
        for name, run in runs.items():
            if turn < limits.get(name, repeats):
                time.sleep(PAUSE)
                times[name].seconds.append(run())
    others = share()
    for found in times.values():
        found.others = others
    return times


def timings(times: dict[str, Times]) -> dict[str, Any]:
    """Return all that was timed, for a row's details."""
    return {
        "seconds": {name: t.seconds for name, t in times.items()},
        "median_s": {name: t.median for name, t in times.items()},
        "others_share": max(t.others for t in times.values()),
    }


def deviation(ours: Array, theirs: Array, scale: float = 1.0) -> float:
    """Return the largest ``|ours - theirs/scale|`` relative to sqrt(Kii Kjj)."""
    root = np.sqrt(np.abs(np.diagonal(ours)).astype(np.float64))
    worst = 0.0
    for start in range(0, len(ours), 500):
        rows = slice(start, start + 500)
        gap = np.abs(ours[rows] - np.asarray(theirs[rows], np.float64) / scale)
        worst = max(worst, float(np.max(gap / np.outer(root[rows], root))))
    return worst


@dataclass
class Session:
    """Options of one run of the figures.

    Parameters
    ----------
    rivals_env : Path or None
        The rivals' virtual environment; None leaves their rows "not measured".
    threads : int
        Threads for every library.
    repeats : int
        Turns of ours and NumPy; rivals take ``rival_repeats``.
    scale : float
        Shrinks every ``n`` for a trial of the program itself.
    """

    rivals_env: Path | None
    threads: int
    repeats: int = 7
    rival_repeats: int = 3
    scale: float = 1.0

    def n(self, n: int) -> int:
        """Return ``n`` rows, or fewer in a trial run."""
        return max(8, round(n * self.scale))

    def net(self, name: str, n_features: int) -> Any:
        """Return one of the measured networks in our own vocabulary."""
        from fastntk import stax

        return nets.build(stax, name, n_features)

    def gram(self, net: Any, x: Array, **options: Any) -> Array:
        """Return our symmetric NTK Gram matrix."""
        import fastntk

        threads = options.pop("threads", self.threads)
        return np.asarray(fastntk.gram(net, x, get="ntk", threads=threads, **options))

    @contextmanager
    def rival(self, library: str, dtype: str) -> Iterator[Rival | None]:
        """Hold a rival's process open, or give None when there is no environment."""
        if self.rivals_env is None:
            yield None
            return
        x64 = dtype == "float64"
        with Rival(self.rivals_env, library, self.threads, x64) as process:
            yield process

    def quiet(self) -> float:
        """Wait until the machine is quiet; return the share others still take."""
        return wait_for_quiet()
