"""Threads, odd shapes, memory layouts and crowded rows: no slow path."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from bench.data import cone_rows, duplicate_rows, spread_rows
from bench.figures.record import AT_LEAST, AT_MOST, Row, figure
from bench.figures.session import (
    Array,
    Session,
    Times,
    in_turns,
    looped,
    stopwatch,
    timings,
)

DTYPES = ("float64", "float32")
NEAR_LINEAR = 0.85  # of the number of threads
NO_SLOWER = 1.3
CROWDED = 3.0


def _call(session: Session, net: Any, x: Array, **options: Any) -> Callable[[], Array]:
    return lambda: session.gram(net, x, **options)


def _row(
    case: str,
    times: dict[str, Times],
    runs: tuple[str, str],
    asked: float,
    against: str,
    per: dict[str, int] | None = None,
) -> Row:
    """Return the ratio of two timed runs as a row; ``per`` divides each time."""
    name, base = runs
    per = per or {}
    ours = times[name].best / per.get(name, 1)
    theirs = times[base].best / per.get(base, 1)
    return Row(
        case,
        asked,
        AT_MOST,
        ours / theirs,
        "x",
        against,
        times[name].best,
        times[base].best,
        details=timings(times),
    )


@figure("threads")
def threads(session: Session) -> Iterator[Row]:
    """Speed-up of k threads over one, for every k up to the cores there are."""
    for net_name, n, d in (("relu-3", 6_000, 784), ("relu-10", 4_000, 20)):
        for dtype in DTYPES:
            yield from _thread_rows(session, net_name, session.n(n), d, dtype)


def _thread_rows(
    session: Session, net_name: str, n: int, d: int, dtype: str
) -> Iterator[Row]:
    x, net = spread_rows(n, d, dtype), session.net(net_name, d)
    out = np.zeros((n, n), dtype)

    counts = range(1, session.threads + 1)
    runs = {
        str(k): stopwatch(_call(session, net, x, threads=k, out=out)) for k in counts
    }
    for run in runs.values():
        run()
    session.quiet()
    times = in_turns(runs, session.repeats)
    for k in counts[1:]:
        yield Row(
            f"{net_name}, d={d}, n={n:,}, {dtype}",
            NEAR_LINEAR * k,
            AT_LEAST,
            times["1"].best / times[str(k)].best,
            "x",
            f"faster with {k} threads than with one",
            times[str(k)].best,
            times["1"].best,
            details=timings(times),
        )


@figure("odd-sizes")
def odd_sizes(session: Session) -> Iterator[Row]:
    """Sizes that fill no tile or vector against the nearest round ones."""
    for dtype in DTYPES:
        net = session.net("relu-3", 20)
        sizes = (1, 7, 8, 1001, 1024)
        xs = {n: spread_rows(n, 20, dtype) for n in sizes}
        runs = {str(n): looped(_call(session, net, x)) for n, x in xs.items()}
        session.quiet()
        times = in_turns(runs, session.repeats)
        per = {"1001": 1001**2, "1024": 1024**2}
        for n, base, what in ((1, 8, "call"), (7, 8, "call"), (1001, 1024, "entry")):
            yield _row(
                f"relu-3, d=20, n={n}, {dtype}",
                times,
                (str(n), str(base)),
                NO_SLOWER,
                f"time per {what} of n={base}",
                per if what == "entry" else None,
            )


@figure("few-features")
def few_features(session: Session) -> Iterator[Row]:
    """One and three features against twenty."""
    n = session.n(4_000)
    for dtype in DTYPES:
        runs = {}
        for d in (1, 3, 20):
            x, net = spread_rows(n, d, dtype), session.net("relu-3", d)
            runs[str(d)] = stopwatch(_call(session, net, x))
        yield from _compared(
            session,
            runs,
            "20",
            NO_SLOWER,
            f"relu-3, n={n:,}, {dtype}, d=",
            "time of d=20",
        )


def _compared(
    session: Session,
    runs: dict[str, Any],
    base: str,
    asked: float,
    case: str,
    against: str,
) -> Iterator[Row]:
    """Warm up, time in turns, and yield every run but ``base`` against ``base``."""
    for run in runs.values():
        run()
    session.quiet()
    times = in_turns(runs, session.repeats)
    for name in runs:
        if name != base:
            yield _row(case + name, times, (name, base), asked, against)


def _layouts(x: Array) -> dict[str, Array]:
    """Return the same rows in other memory layouts."""
    wide = np.zeros((2 * x.shape[0], 2 * x.shape[1]), x.dtype)
    wide[::2, ::2] = x
    read_only = x.copy()
    read_only.flags.writeable = False
    return {
        "contiguous": x,
        "Fortran-ordered": np.asfortranarray(x),
        "strided": wide[::2, ::2],
        "read-only": read_only,
    }


@figure("layouts")
def layouts(session: Session) -> Iterator[Row]:
    """Fortran-ordered, strided and mixed-precision inputs against contiguous ones."""
    n, d = session.n(4_000), 784
    net = session.net("relu-3", d)
    for dtype in DTYPES:
        runs = {
            name: stopwatch(_call(session, net, x))
            for name, x in _layouts(spread_rows(n, d, dtype)).items()
        }
        if dtype == "float64":
            single = spread_rows(n, d, "float32")
            runs["float32 in, float64 out"] = stopwatch(
                _call(session, net, single, dtype=np.float64)
            )
        yield from _compared(
            session,
            runs,
            "contiguous",
            NO_SLOWER,
            f"relu-3, d={d}, n={n:,}, {dtype}, ",
            "time of a contiguous input",
        )


@figure("crowded")
def crowded(session: Session) -> Iterator[Row]:
    """Rows in a narrow cone, and half of them duplicates, against spread rows."""
    makers: dict[str, Callable[..., Array]] = {
        "spread": spread_rows,
        "cone of 0.01 rad": cone_rows,
        "half duplicates": duplicate_rows,
    }
    for net_name, d in (("relu-3", 784), ("relu-3", 20), ("erf-3", 784)):
        n, net = session.n(4_000), session.net(net_name, d)
        for dtype in DTYPES:
            runs = {}
            for name, make in makers.items():
                x = make(n, d, dtype)
                runs[name] = stopwatch(_call(session, net, x))
            yield from _compared(
                session,
                runs,
                "spread",
                CROWDED,
                f"{net_name}, d={d}, n={n:,}, {dtype}, ",
                "time of spread rows",
            )
