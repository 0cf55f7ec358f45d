"""What one more layer costs: ns per entry of a Dense and its activation."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from bench.blocks import BLOCKS, Block, repeated
from bench.data import spread_rows
from bench.figures.record import AT_MOST, Row, figure
from bench.figures.session import Session, in_turns, stopwatch, timings

SHALLOW, DEEP = 2, 10
N, D = 4_000, 20


@figure("layers")
def layers(session: Session) -> Iterator[Row]:
    """Time of ten blocks less that of two, per block and entry."""
    for dtype in ("float64", "float32"):
        for block in BLOCKS:
            yield _layer(session, block, dtype)


def _layer(session: Session, block: Block, dtype: str) -> Row:
    from fastntk import stax

    n = session.n(block.n or N)
    x, out = spread_rows(n, D, dtype), np.zeros((n, n), dtype)
    if block.has_zero_row:
        x[0] = 0.0
    runs = {
        str(depth): stopwatch(
            partial(
                session.gram, repeated(stax, block, depth), x, out=out, collapse=False
            )
        )
        for depth in (SHALLOW, DEEP)
    }
    for run in runs.values():
        run()
    session.quiet()
    times = in_turns(runs, session.repeats)
    spent = times[str(DEEP)].best - times[str(SHALLOW)].best
    return Row(
        f"{block.title}, d={D}, n={n:,}, {dtype}",
        None,
        AT_MOST,
        1e9 * spent / (DEEP - SHALLOW) / n**2,
        "ns",
        f"per entry and layer, {session.threads} threads",
        times[str(DEEP)].best,
        details=timings(times),
    )
