"""One run of a problem: what is told from the rows known, and what is measured."""

import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np

import fastntk
from bench.learning_curves.problems import PROBLEMS, Data, Problem
from fastntk import theory

__all__ = ["FACTORS", "Run", "Summary", "run_problem", "runs", "summary"]

FACTORS = (2, 4)  # sizes that are told and measured, in units of the rows known
_DRAWS = {2: 2, 4: 1}  # training sets measured, for each set of rows to test on


@dataclass(frozen=True)
class Run:
    """What was told and measured at the sizes of `FACTORS`."""

    problem: str
    half: str
    d: int
    noise: float | None
    n: int
    seed: int
    told: list[float]
    low: list[float | None]  # None where nothing is known
    high: list[float | None]
    is_told: list[bool]
    measured: list[float]

    def holds(self, i: int) -> bool:
        """Whether the measured error lies in the interval."""
        low, high = self.low[i], self.high[i]
        if low is None or high is None:
            return True
        return low <= self.measured[i] <= high


@dataclass(frozen=True)
class Summary:
    """Shares over runs, at one size or all."""

    n_runs: int
    drawn: float  # of the runs
    held: float  # of the intervals drawn
    width: float  # median over these of the upper end over the lower
    held_of_all: float


def run_problem(problem: Problem, seed: int) -> Run:
    """Make, tell and measure; the same seed gives the same run."""
    name = zlib.crc32(problem.name.encode())
    rng = np.random.default_rng([seed, name, problem.d, problem.n])
    data = problem.make(rng, problem)
    kernel = fastntk.gram(problem.net, data.x[data.known])
    ridge = problem.diag_reg * float(np.trace(kernel)) / len(kernel)
    spectrum = theory.decompose(kernel, data.y[data.known])
    sizes = [factor * len(kernel) for factor in FACTORS]
    curve = theory.learning_curve(spectrum, sizes, ridge)
    measured = _measured(problem, data, ridge, rng)
    ends = [
        [float(v) if np.isfinite(v) and v > 0.0 else None for v in end]
        for end in (curve.test_mse_low, curve.test_mse_high)
    ]
    return Run(
        problem=problem.name,
        half=problem.half,
        d=problem.d,
        noise=problem.noise,
        n=len(kernel),
        seed=seed,
        told=curve.test_mse.tolist(),
        low=ends[0],
        high=ends[1],
        is_told=np.asarray(curve.is_told).tolist(),
        measured=measured,
    )


def _measured(problem: Problem, data: Data, ridge: float, rng: Any) -> list[float]:
    """Return mean squared errors on rows that were not learned, for each size."""
    found: dict[int, list[float]] = {factor: [] for factor in FACTORS}
    for pool, test in data.pairs:
        kernel = fastntk.gram(problem.net, data.x[pool])
        cross = fastntk.gram(problem.net, data.x[test], data.x[pool])
        for factor in FACTORS:
            for draw in range(_DRAWS[factor]):
                order = rng.permutation(len(pool)) if draw else np.arange(len(pool))
                rows = order[: factor * problem.n]
                shifted = kernel[np.ix_(rows, rows)] + ridge * np.eye(len(rows))
                predicted = cross[:, rows] @ np.linalg.solve(
                    shifted, data.y[pool[rows]]
                )
                error = np.mean((predicted - data.y[test]) ** 2)
                found[factor].append(float(error))
    return [float(np.mean(found[factor])) for factor in FACTORS]


def runs(seeds: range, half: str | None = None) -> Any:
    """Yield the runs of all problems, or of one half."""
    for problem in PROBLEMS:
        if half in (None, problem.half):
            for seed in seeds:
                yield run_problem(problem, seed)


def summary(found: list[Run], places: tuple[int, ...] = (0, 1)) -> Summary:
    """Return shares over some runs, at the sizes of some places."""
    pairs = [(run, i) for run in found for i in places]
    drawn = [(run, i) for run, i in pairs if run.is_told[i]]
    widths = [(run.high[i] or 1.0) / (run.low[i] or 1.0) for run, i in drawn]
    return Summary(
        n_runs=len(found),
        drawn=len(drawn) / len(pairs),
        held=float(np.mean([run.holds(i) for run, i in drawn])),
        width=float(np.median(widths)),
        held_of_all=float(np.mean([run.holds(i) for run, i in pairs])),
    )
