"""Peak memory, import time and time to the first result, each in fresh processes."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

from bench.figures.record import AT_MOST, Row, figure
from bench.figures.session import Session
from bench.machine import ROOT
from bench.rivals.client import pinned, worker_environment

MIB = 2**20
HEAVY = ("numba", "llvmlite", "scipy", "sklearn")
IMPORT = (
    "import time; start = time.perf_counter(); import {0}; "
    "print(time.perf_counter() - start)"
)


def _run(arguments: list[str], threads: int, **variables: str) -> str:
    """Run our own Python in a fresh process and return what it prints."""
    command = pinned([sys.executable, *arguments], threads)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    done = subprocess.run(
        command,
        check=False,
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        msg = f"{' '.join(arguments)} failed:\n{done.stderr[-2000:]}"
        raise RuntimeError(msg)
    return done.stdout


def _probe(session: Session, what: str, **options: Any) -> dict[str, Any]:
    variables = options.pop("variables", {})
    arguments = ["-m", "bench.figures.probe", what, "--threads", str(session.threads)]
    for name, value in options.items():
        arguments += [f"--{name}", str(value)]
    answer: dict[str, Any] = json.loads(_run(arguments, session.threads, **variables))
    return answer


@figure("memory")
def memory(session: Session) -> Iterator[Row]:
    """Peak memory over output + one copy of the inputs, at most 64 MiB."""
    cases = (
        ("relu-3", 10_000, 784, "float64", "contiguous"),
        ("relu-3", 10_000, 784, "float32", "contiguous"),
        ("relu-10", 4_000, 20, "float64", "contiguous"),
        ("erf-3", 4_000, 784, "float64", "contiguous"),
        ("relu-3", 10_000, 784, "float64", "strided"),
    )
    for net, n_full, d, dtype, layout in cases:
        n = session.n(n_full)
        seen = _probe(session, "memory", net=net, n=n, d=d, dtype=dtype, layout=layout)
        over = seen["grown"] - seen["output"] - seen["inputs"]
        yield Row(
            f"{net}, d={d}, n={n:,}, {dtype}, {layout}",
            64.0,
            AT_MOST,
            over / MIB,
            "MiB",
            "peak memory over output + one copy of the inputs",
            details=seen,
        )


@figure("import")
def import_time(session: Session) -> Iterator[Row]:
    """``import fastntk`` against ``import numpy``, and what it loads."""
    seconds: dict[str, list[float]] = {"fastntk": [], "numpy": []}
    session.quiet()
    for turn in range(2 * session.repeats + 2):
        for name, found in seconds.items():
            printed = float(_run(["-c", IMPORT.format(name)], session.threads))
            if turn:  # the first fills the file cache
                found.append(printed)
    ours, theirs = median(seconds["fastntk"]), median(seconds["numpy"])
    yield Row(
        "import fastntk",
        1.3,
        AT_MOST,
        ours / theirs,
        "x",
        "time of import numpy (medians)",
        ours,
        theirs,
        details={"seconds": seconds},
    )
    listing = "import sys, fastntk; from fastntk import stax; print(*sys.modules)"
    loaded = set(_run(["-c", listing], session.threads).split())
    heavy = sorted(loaded & set(HEAVY))
    yield Row(
        "import fastntk; from fastntk import stax",
        0.0,
        AT_MOST,
        float(len(heavy)),
        "modules",
        "of " + ", ".join(HEAVY) + " loaded",
        details={"loaded": heavy},
    )


def _start_to_first(session: Session, **options: Any) -> float:
    """Return seconds from starting a process to its first Gram matrix."""
    start = time.monotonic()
    return float(_probe(session, "first", **options)["done"]) - start


@figure("first-result")
def first_result(session: Session) -> Iterator[Row]:
    """A new process to its first 500 x 500 Gram matrix, caches warm and cold."""
    for net, dtype in (
        ("relu-3", "float64"),
        ("relu-3", "float32"),
        ("erf-3", "float64"),
    ):
        _start_to_first(session, net=net, dtype=dtype)
        session.quiet()
        warm = [
            _start_to_first(session, net=net, dtype=dtype)
            for _ in range(session.rival_repeats)
        ]
        yield _seconds(
            f"{net}, 500 x 500, {dtype}", 1.5, warm, "new process, warm cache"
        )
    for net in ("relu-3", "erf-3"):
        cold = []
        for _ in range(session.rival_repeats):
            with tempfile.TemporaryDirectory() as empty:
                variables = {"NUMBA_CACHE_DIR": empty}
                cold.append(_start_to_first(session, net=net, variables=variables))
        limit = 15.0 if net == "relu-3" else None
        yield _seconds(f"{net}, 500 x 500, float64", limit, cold, "cold cache")


def _seconds(case: str, asked: float | None, seconds: list[float], against: str) -> Row:
    """Return a row whose figure is a time; the median of a few is judged."""
    return Row(
        case,
        asked,
        AT_MOST,
        median(seconds),
        "s",
        f"start to result, {against}",
        details={"seconds": seconds},
    )


@figure("warmup")
def warmup(session: Session) -> Iterator[Row]:
    """``python -m fastntk.warmup`` from an empty cache, and the process after it."""
    with tempfile.TemporaryDirectory() as empty:
        start = time.monotonic()
        _run(["-m", "fastntk.warmup"], session.threads, NUMBA_CACHE_DIR=empty)
        seconds = time.monotonic() - start
        yield Row(
            "python -m fastntk.warmup",
            None,
            AT_MOST,
            seconds,
            "s",
            "empty cache to everything compiled",
        )
        after = [
            _start_to_first(session, net=net, variables={"NUMBA_CACHE_DIR": empty})
            for net in ("relu-3", "erf-3")
        ]
        yield Row(
            "relu-3 and erf-3, 500 x 500, float64",
            1.5,
            AT_MOST,
            max(after),
            "s",
            "start to result, after warmup",
            details={"seconds": after},
        )


NEURAL_TANGENTS_FIRST = """
import time, sys
import jax
jax.config.update("jax_enable_x64", True)
from neural_tangents import stax
from bench.data import spread_rows
from bench.nets import build
kernel_fn = build(stax, "relu-3", 20)[2]
x = spread_rows(500, 20)
jax.jit(lambda x: kernel_fn(x, None, "ntk"))(x).block_until_ready()
print(time.monotonic())
"""
SCIKIT_NTK_FIRST = """
import time
from skntk import NeuralTangentKernel
from bench.data import spread_rows
NeuralTangentKernel(depth=3, bias=1.0)(spread_rows(500, 20))
print(time.monotonic())
"""


@figure("first-result-rivals")
def first_result_rivals(session: Session) -> Iterator[Row]:
    """The rivals' way to their first 500 x 500 Gram matrix (only shown)."""
    if session.rivals_env is None:
        return
    python = str(session.rivals_env / "bin" / "python")
    programs = {
        "neural-tangents": NEURAL_TANGENTS_FIRST,
        "scikit-ntk": SCIKIT_NTK_FIRST,
    }
    for name, program in programs.items():
        seconds = []
        for _ in range(session.rival_repeats + 1):
            start = time.monotonic()
            done = subprocess.run(
                pinned([python, "-c", program], session.threads),
                env=worker_environment(session.threads),
                capture_output=True,
                text=True,
                check=True,
            )
            seconds.append(float(done.stdout.split()[-1]) - start)
        case = f"{name}, ReLU L=3, 500 x 500, float64"
        yield _seconds(case, None, seconds[1:], "new process")
