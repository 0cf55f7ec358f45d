"""What the machine allows: times that no kernel of n rows can be below."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from bench.data import spread_rows
from bench.figures.record import AT_MOST, Row, figure
from bench.figures.session import Array, Run, Session, in_turns, stopwatch, timings

N, D = 3_000, 20
STRIPS = 64
FRESH, REUSED = "fresh output", "reused output"


@figure("floors")
def floors(session: Session) -> Iterator[Row]:
    """Writing n x n numbers, a product, and a network of one linear layer."""
    for dtype in ("float64", "float32"):
        yield from _floors(session, dtype)


def _floors(session: Session, dtype: str) -> Iterator[Row]:
    n = session.n(N)
    x, out = spread_rows(n, D, dtype), np.zeros((n, n), dtype)
    with (
        ThreadPoolExecutor(session.threads) as pool,
        session.rival("neural-tangents", dtype) as rival,
    ):
        runs = _runs(session, pool, x, out)
        if rival is not None:
            rival.prepare("dense-1", x)
            runs["Dense alone in neural-tangents", FRESH] = rival.seconds
        for run in runs.values():
            run()
        session.quiet()
        named = {", ".join(key): run for key, run in runs.items()}
        times = in_turns(named, session.repeats)
    for name, found in times.items():
        yield Row(
            f"{name}, d={D}, n={n:,}, {dtype}",
            None,
            AT_MOST,
            1e9 * found.best / n**2,
            "ns",
            f"per entry, {session.threads} threads",
            found.best,
            details=timings(times),
        )


def _runs(
    session: Session, pool: ThreadPoolExecutor, x: Array, out: Array
) -> dict[tuple[str, str], Run]:
    from fastntk import stax

    dense = stax.Dense(1)
    return {
        ("ones written", FRESH): stopwatch(
            lambda: _fill(pool, np.empty(out.shape, out.dtype))
        ),
        ("ones written", REUSED): stopwatch(partial(_fill, pool, out)),
        ("NumPy X @ X.T", FRESH): stopwatch(lambda: x @ x.T),
        ("NumPy X @ X.T", REUSED): stopwatch(lambda: np.matmul(x, x.T, out=out)),
        ("Dense alone", FRESH): stopwatch(lambda: session.gram(dense, x)),
        ("Dense alone", REUSED): stopwatch(lambda: session.gram(dense, x, out=out)),
    }


def _fill(pool: ThreadPoolExecutor, out: Array) -> Array:
    """Write ones, in strips of rows on all threads."""
    list(pool.map(lambda strip: strip.fill(1.0), np.array_split(out, STRIPS)))
    return out
