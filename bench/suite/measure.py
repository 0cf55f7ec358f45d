"""What the benchmarks share: ratios of times, new processes, absent features."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import fastntk


def needs(*names: str) -> None:
    """Leave a benchmark out of commits whose ``fastntk`` does not have these names."""
    for name in names:
        found: Any = fastntk
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is None:
            raise NotImplementedError(f"fastntk.{name} is not there yet")


def seconds(call: Callable[[], object]) -> float:
    """Return the time of one call."""
    start = time.perf_counter()
    result = call()
    spent = time.perf_counter() - start
    del result
    return spent


def best_of(call: Callable[[], object], repeats: int = 5) -> float:
    """Return the shortest time of a few calls in seconds."""
    return min(seconds(call) for _ in range(repeats))


def ratio(
    ours: Callable[[], object], other: Callable[[], object], repeats: int = 5
) -> float:
    """Return the best time of one call over that of another, in turns, warmed up."""
    ours(), other()
    pairs = [(seconds(ours), seconds(other)) for _ in range(repeats)]
    mine, theirs = zip(*pairs, strict=True)
    return float(min(mine) / min(theirs))


def printed(program: str, *arguments: str, **variables: str) -> float:
    """Run a program in a new process and return the number that it prints last."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        check=True,
        capture_output=True,
        cwd=tempfile.gettempdir(),
        env={**os.environ, **variables},
        text=True,
    )
    return float(done.stdout.split()[-1])
