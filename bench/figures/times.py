"""What 1,000 training times cost beside one, the factorisation included."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from bench.data import spread_rows
from bench.figures.record import AT_MOST, Row, figure
from bench.figures.session import Run, Session, in_turns, stopwatch, timings
from fastntk._resources import available_memory

N, D, N_OUTPUTS, N_TIMES = 2_000, 20, 10, 1_000
MEANS, VARIANCES, COVARIANCES = "means", "variances", "covariances"
TEST_ROWS = {
    MEANS: (0, 100, 1_000),
    VARIANCES: (10, 100, 200, 500, 1_000),
    COVARIANCES: (10, 100, 200, 500, 1_000),
}
REPEATS = 3


@dataclass(frozen=True)
class Problem:
    """A training set, and rows to predict."""

    net: Any
    x: Any
    y: Any
    x_new: Any

    def ask(self, kind: str, m: int, times: Any) -> Any:
        """Return a prediction for m rows (0: the training set) from nothing."""
        from fastntk import predict

        flow = predict.GradientFlow(self.net, self.x, self.y).at(times)
        rows = self.x_new[:m] if m else None
        if kind == MEANS:
            return flow.mean(rows)
        return flow.variance(rows) if kind == VARIANCES else flow.covariance(rows)


@figure("many-times")
def many_times(session: Session) -> Iterator[Row]:
    """Ratios of times; for covariances with what writing the numbers alone takes."""
    x = spread_rows(session.n(N), D)
    y = np.sin(x[:, :1] * np.arange(1, N_OUTPUTS + 1))
    most = max(max(rows) for rows in TEST_ROWS.values())
    problem = Problem(session.net("relu-3", D), x, y, spread_rows(most, D, seed=1))
    problem.ask(VARIANCES, 2, np.ones(2))
    for kind, sizes in TEST_ROWS.items():
        for m in sizes:
            if kind != COVARIANCES or 24 * N_TIMES * m * m < (available_memory() or 0):
                yield _row(session, problem, kind, m)


def _row(session: Session, problem: Problem, kind: str, m: int) -> Row:
    times = np.logspace(-1, 5, N_TIMES)
    runs: dict[str, Run] = {
        "one": stopwatch(partial(problem.ask, kind, m, 10.0)),
        "many": stopwatch(partial(problem.ask, kind, m, times)),
    }
    if kind == COVARIANCES:
        runs["writing"] = stopwatch(lambda: np.ones((N_TIMES, m, m)))
    session.quiet()
    found = in_turns(runs, min(REPEATS, session.repeats))
    one, many = found["one"].best, found["many"].best
    floor = (one + found["writing"].best) / one if kind == COVARIANCES else 1.0
    where = f"{m} test rows" if m else "the training rows"
    return Row(
        f"{kind} of {where}, {N_TIMES:,} times, n={len(problem.x):,}",
        1.5 if kind == MEANS or m <= 200 else None,
        AT_MOST,
        many / one,
        "x",
        f"one time; its result written besides: {floor:.2f} x",
        many,
        one,
        details=timings(found),
    )
