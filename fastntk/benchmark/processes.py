"""Figures that need a fresh process: the first call, and peak memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

from fastntk._errors import FastntkError
from fastntk.benchmark.settings import Settings

__all__ = ["first_call", "memory_use"]

FIRST_ROWS = 500  # of the Gram matrix that a new process computes first
REPEATS = 3


def _ask(what: str, settings: Settings, n: int, **variables: str) -> dict[str, Any]:
    """Run a probe and return its answer, with the time at which it was started."""
    problem = {
        "net": settings.net.to_json(),
        "n": n,
        "d": settings.d,
        "dtype": settings.dtype,
        "get": settings.get,
        "threads": settings.threads,
    }
    root = str(Path(__file__).resolve().parents[2])  # holds the package
    path = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH", "")]))
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "fastntk.benchmark.probe", what],
        input=json.dumps(problem),
        env={**os.environ, "PYTHONPATH": path, **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise FastntkError(f"a new process for the figure {what!r} failed: {last}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return {**answer, "started": started}


def first_call(settings: Settings) -> dict[str, Any]:
    """Return how long a new process takes to its first Gram matrix, of 500 rows.

    Returns
    -------
    dict
        ``rows``; ``import_s``: start of Python to the rows, ``first_s``: the first
        call, ``second_s``: the next one, all with compiled kernels in their cache, each
        the median of three processes. ``compile_s``: the first call with an empty
        cache, if asked for.
    """
    n = min(FIRST_ROWS, settings.n)
    _ask("first", settings, n)  # fills the cache
    found = [_ask("first", settings, n) for _ in range(REPEATS)]
    answer: dict[str, Any] = {
        "rows": n,
        "import_s": median(a["imported"] - a["started"] for a in found),
        "first_s": median(a["first_s"] for a in found),
        "second_s": median(a["second_s"] for a in found),
        "compile_s": None,
    }
    if settings.cold:
        with tempfile.TemporaryDirectory(prefix="fastntk-bench-") as empty:
            cold = _ask("first", settings, n, NUMBA_CACHE_DIR=empty)
        answer["compile_s"] = cold["first_s"]
    return answer


def memory_use(settings: Settings) -> dict[str, Any]:
    """Return the peak resident memory of a process with one Gram matrix, in bytes.

    Returns
    -------
    dict
        ``peak``, ``grown`` (by the call; None where the system doesn't say), ``result``
        and ``inputs``, and ``over``: what it took besides the result.
    """
    found = _ask("memory", settings, settings.n)
    found.pop("started")
    grown = found["grown"]
    found["over"] = None if grown is None else grown - found["result"]
    return found
