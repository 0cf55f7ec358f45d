"""The command line beside the API, reading files, and the benchmark beside itself."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bench.data import spread_rows
from bench.figures.record import AT_MOST, Row, figure
from bench.figures.session import Session
from bench.machine import ROOT
from bench.rivals.client import pinned

API = """
import sys
import numpy as np
import fastntk
from fastntk import stax

hidden = [stax.Dense(512, W_std=1.5, b_std=0.1), stax.Relu()]
net = stax.serial(*3 * hidden, stax.Dense(1, W_std=1.5, b_std=0.1))
x = np.load(sys.argv[1])
threads = int(sys.argv[3])
"""
SAVE = API + "np.save(sys.argv[2], fastntk.gram(net, x, threads=threads))\n"
MAP = (
    API
    + """
shape = (len(x), len(x))
out = np.lib.format.open_memmap(sys.argv[2], "w+", x.dtype, shape)
fastntk.gram(net, x, threads=threads, out=out)  # out is flushed
"""
)
CLI = ["-m", "fastntk.cli", "gram"]


def _seconds(arguments: list[str], threads: int) -> float:
    """Return the wall time of a process of our own Python."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    start = time.perf_counter()
    subprocess.run(
        pinned([sys.executable, *arguments], threads),
        env=environment,
        cwd=ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.perf_counter() - start


@figure("cli-overhead")
def cli_overhead(session: Session) -> Iterator[Row]:
    """``fastntk gram`` and a script of four lines, each a process, file to file."""
    n, k = session.n(10_000), session.threads
    for d in (784, 20):
        with tempfile.TemporaryDirectory(prefix="cli-") as folder:
            x, out = f"{folder}/X.npy", f"{folder}/K.npy"
            np.save(x, spread_rows(n, d))
            runs = {
                "cli": [*CLI, x, "--out", out, "--threads", str(k)],
                "save": ["-c", SAVE, x, out, str(k)],
                "map": ["-c", MAP, x, out, str(k)],
            }
            found: dict[str, list[float]] = {name: [] for name in runs}
            session.quiet()
            for turn in range(session.repeats + 1):
                for name, arguments in runs.items():
                    Path(out).unlink(missing_ok=True)
                    os.sync()  # what the last run left is not this one's work
                    seconds = _seconds(arguments, k)
                    if turn:
                        found[name].append(seconds)
        for name, words in (
            ("save", "np.save(path, gram(...))"),
            ("map", "gram(..., out=memory map)"),
        ):
            yield Row(
                f"fastntk gram, n={n:,}, d={d}, float64",
                1.05,
                AT_MOST,
                median(found["cli"]) / median(found[name]),
                "x",
                f"time of a script with {words}",
                median(found["cli"]),
                median(found[name]),
                details={"seconds": found},
            )


@figure("csv")
def csv(session: Session) -> Iterator[Row]:
    """A text file of 1e5 x 20 numbers with 17 digits."""
    from fastntk.cli.data.file import read_rows

    n, d = session.n(100_000), 20
    with tempfile.TemporaryDirectory(prefix="csv-") as folder:
        path = Path(folder) / "X.csv"
        rows = spread_rows(n, d)
        names = ",".join(f"x{i}" for i in range(d))
        np.savetxt(path, rows, delimiter=",", header=names, comments="", fmt="%.17g")
        for exclude, words in (([], "all columns"), (["x3"], "but one")):
            seconds = []
            session.quiet()
            for _ in range(session.rival_repeats):
                start = time.perf_counter()
                found = read_rows(path, exclude=exclude)
                seconds.append(time.perf_counter() - start)
            chosen = [i for i in range(d) if not (exclude and i == 3)]
            is_same = np.array_equal(found.values, rows[:, chosen])
            yield Row(
                f"{n:,} x {d} .csv, {words}",
                2.0,
                AT_MOST,
                median(seconds),
                "s",
                "to read it",
                agree=0.0 if is_same else 1.0,
                agree_within=0.0,
                details={"seconds": seconds},
            )


@figure("bench-twice")
def bench_twice(session: Session) -> Iterator[Row]:
    """Two runs of ``fastntk bench``: how far their ratios differ, and its overhead."""
    libraries = ["numpy"]
    rivals: list[str] = []
    if session.rivals_env is not None:
        libraries += ["neural-tangents", "scikit-ntk"]
        rivals = ["--rivals-env", str(session.rivals_env)]
    command = ["-m", "fastntk.cli", "bench", "--n", str(session.n(4_000))]
    command += ["--against", ",".join(libraries), *rivals]
    command += ["--threads", str(session.threads)]
    reports = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for i in range(2):
            path = f"{folder}/{i}.json"
            _seconds([*command, "--json", path], session.threads)
            reports.append(json.loads(Path(path).read_text()))
    first, second = ({_key(c): c["ratio"] for c in r["cases"]} for r in reports)
    for key, ratio in first.items():
        if key[0] == "fastntk":
            continue
        yield Row(
            f"{key[0]}, {key[1]}: {ratio:.1f}x and {second[key]:.1f}x",
            0.10,
            AT_MOST,
            abs(second[key] - ratio) / min(ratio, second[key]),
            "",
            "difference of the ratio of two runs",
            details={"ratios": [ratio, second[key]]},
        )
    yield from _overhead(reports[1]["overhead"])


def _overhead(own: dict[str, float]) -> Iterator[Row]:
    """Return what the program takes besides the work it measures."""
    yield Row(
        f"fastntk bench, {own['total_s']:.0f} s",
        None,
        AT_MOST,
        own["share"],
        "",
        "share of its time that is not measured work (pauses, preparation, waiting)",
        details=own,
    )
    yield Row(
        "a stopwatch of fastntk bench",
        None,
        AT_MOST,
        1e6 * own["stopwatch_s"],
        "us",
        "added to every timing",
    )


def _key(case: dict[str, Any]) -> tuple[str, str]:
    return case["library"], case["case"]
