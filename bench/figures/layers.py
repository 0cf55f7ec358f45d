"""What one more layer costs: ns per entry of a Dense and its activation."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from bench.data import spread_rows
from bench.figures.record import AT_MOST, Row, figure
from bench.figures.session import Session, in_turns, stopwatch, timings
from bench.nets import LAYER_W_STD, alternating

SHALLOW, DEEP = 2, 10
N, D = 4_000, 20


@figure("layers")
def layers(session: Session) -> Iterator[Row]:
    """Time of ten layers less that of two, per layer and entry."""
    for dtype in ("float64", "float32"):
        for activation in LAYER_W_STD:
            yield _layer(session, activation, dtype)


def _layer(session: Session, activation: str, dtype: str) -> Row:
    from fastntk import stax

    n = session.n(N)
    x, out = spread_rows(n, D, dtype), np.zeros((n, n), dtype)
    runs = {
        str(depth): stopwatch(
            partial(session.gram, alternating(stax, activation, depth), x, out=out)
        )
        for depth in (SHALLOW, DEEP)
    }
    for run in runs.values():
        run()
    session.quiet()
    times = in_turns(runs, session.repeats)
    spent = times[str(DEEP)].best - times[str(SHALLOW)].best
    return Row(
        f"Dense and {activation}, d={D}, n={n:,}, {dtype}",
        None,
        AT_MOST,
        1e9 * spent / (DEEP - SHALLOW) / n**2,
        "ns",
        f"per entry and layer, {session.threads} threads",
        times[str(DEEP)].best,
        details=timings(times),
    )
