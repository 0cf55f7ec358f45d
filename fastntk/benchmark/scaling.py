"""Times against rows, depth and threads, of fastntk and of its rivals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastntk.benchmark.cases import CASES
from fastntk.benchmark.rivals.compare import Comparison, open_rivals, try_prepare
from fastntk.benchmark.session import Session
from fastntk.benchmark.timing import Run, Times, looped, stopwatch
from fastntk.calls import gram
from fastntk.stax import Network

__all__ = ["against_depth", "against_size", "against_threads", "slope"]

OURS = "fastntk"
RIVAL_REPEATS = 3


def slope(points: list[dict[str, Any]], key: str) -> float | None:
    """Return the slope of seconds against ``key`` on log-log axes, by least squares.

    Examples
    --------
    >>> points = [{"n": n, "best_s": 1e-9 * n**2} for n in (10, 20, 40)]
    >>> round(slope(points, "n"), 6)
    2.0
    """
    if len(points) < 2:
        return None
    at = np.log([point[key] for point in points])
    seconds = np.log([point["best_s"] for point in points])
    return float(np.polyfit(at, seconds, 1)[0])


def against_size(bench: Session, rivals: list[Comparison]) -> list[dict[str, Any]]:
    """Return times of Gram matrices of an eighth to all of the rows, per library."""
    bench.stage("time against rows")
    s, (x, other, columns) = bench.settings, bench.arrays
    runs = {str(n): _our_run(bench, s.net, n) for n in s.sizes}
    times = bench.turns("time against rows", runs)
    series = [_series(OURS, "n", s.sizes, times)]
    for comparison in _able(rivals):
        found: dict[str, Times] = {}
        for n in s.sizes:
            arrays = x[:n], other[:2], columns[:n]
            if not try_prepare(comparison, comparison.net, arrays, s.get):
                break
            found |= _rival_times(bench, comparison, str(n))
        _rest(comparison)
        series.append(_series(comparison.library, "n", s.sizes, found))
    return series


def against_depth(bench: Session, rivals: list[Comparison]) -> list[dict[str, Any]]:
    """Return times of Gram matrices of networks of several depths, per library."""
    s = bench.settings
    if s.of_depth is None:
        return []
    bench.stage("time against depth")
    n, (x, other, columns) = s.depth_rows, bench.arrays
    nets = {depth: s.of_depth(depth) for depth in s.depths}
    runs = {str(depth): _our_run(bench, net, n) for depth, net in nets.items()}
    times = bench.turns("time against depth", runs)
    series = [_series(OURS, "depth", s.depths, times) | {"n": n}]
    for comparison in _able(rivals):
        if comparison.is_own_function:
            continue
        per_depth: dict[str, Times] = {}
        for depth, net in nets.items():
            arrays = x[:n], other[:2], columns[:n]
            if not try_prepare(comparison, net, arrays, s.get):
                break
            per_depth |= _rival_times(bench, comparison, str(depth))
        _rest(comparison)
        series.append(
            _series(comparison.library, "depth", s.depths, per_depth) | {"n": n}
        )
    return series


def against_threads(bench: Session, rivals: list[Comparison]) -> list[dict[str, Any]]:
    """Return times of the whole Gram matrix for 1, 2, ... threads, per library."""
    bench.stage("time against threads")
    s, x = bench.settings, bench.arrays[0]
    counts = tuple(range(1, s.threads + 1))
    out = np.zeros((s.n, s.n), s.kind)

    def call(threads: int) -> Callable[[], Any]:
        return lambda: gram(s.net, x, None, s.get, threads=threads, out=out)

    runs: dict[str, Run] = {str(k): stopwatch(call(k)) for k in counts}
    times = bench.turns("time against threads", runs)
    series = [_series(OURS, "threads", counts, times)]
    found: dict[str, dict[str, Times]] = {c.library: {} for c in _able(rivals)}
    for k in counts if found else ():
        with open_rivals(s, k) as again:
            for comparison in _able(again):
                library = comparison.library
                if library in found and try_prepare(
                    comparison, comparison.net, bench.arrays, s.get
                ):
                    found[library] |= _rival_times(bench, comparison, str(k))
    return series + [
        _series(library, "threads", counts, times) for library, times in found.items()
    ]


def _able(rivals: list[Comparison]) -> list[Comparison]:
    return [c for c in rivals if not c.unable]


def _rest(comparison: Comparison) -> None:
    assert comparison.rival is not None
    comparison.rival.rest()


def _our_run(bench: Session, net: Network, n: int) -> Run:
    s, x = bench.settings, bench.arrays[0][:n]
    call: Callable[[], Any] = lambda: gram(net, x, None, s.get, threads=s.threads)  # noqa: E731
    call()
    return looped(call)


def _rival_times(bench: Session, comparison: Comparison, name: str) -> dict[str, Times]:
    """Return a few times of a rival's Gram matrix, after its first."""
    rival = comparison.rival
    assert rival is not None
    rival.seconds(CASES[0])
    run: Run = lambda: rival.seconds(CASES[0])  # noqa: E731
    limits = {name: RIVAL_REPEATS}
    return bench.turns(f"{comparison.library}", {name: run}, at_most=limits)


def _series(
    library: str, key: str, values: tuple[int, ...], times: dict[str, Times]
) -> dict[str, Any]:
    """Return the points of one library, with the slope of their line."""
    points = [
        {key: value, **times[str(value)].as_dict()}
        for value in values
        if str(value) in times
    ]
    return {"library": library, "points": points, "slope": slope(points, key)}
