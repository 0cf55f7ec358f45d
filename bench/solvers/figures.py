"""The figures: what is asked of each, and how its measurements are judged."""

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

__all__ = ["FIGURES", "Row"]

Task = Callable[..., dict[str, Any]]
Rival = Callable[[Path, int, float, float], Any]
N = "100000"
RIVAL_MEMORY, RIVAL_SECONDS = 22.0, 900.0


@dataclasses.dataclass
class Row:
    """One promise beside one measurement."""

    case: str
    asked: str
    measured: str
    holds: bool
    details: dict[str, Any]
    figure: str = ""


Figure = Callable[[Task, Rival, Path], Iterator[Row]]


def direct(run: Task, rival: Rival, environment: Path) -> Iterator[Row]:
    """20,000 rows by Cholesky, float64."""
    found = run("solve", "cholesky", "gaussian", "20000")
    beyond = found["wall"] - found["seconds"]["kernel"]
    yield Row(
        "n = 20,000, d = 20, Cholesky",
        "Gram + 60 s, residual 1e-6",
        f"{found['seconds']['kernel']:.1f} s Gram + {beyond:.1f} s, "
        f"residual {found['residual']:.1e}, {found['peak_GiB']:.1f} GiB",
        beyond <= 60.0 and found["residual"] <= 1e-6,
        found,
    )


def _large(kind: str, run: Task) -> Iterator[Row]:
    one = run("solve", "cg", kind, N)
    yield Row(
        f"n = 100,000, {kind}, one right-hand side",
        "600 s, 4 GiB, float64 residual 1e-6",
        _words(one),
        one["wall"] <= 600.0 and one["peak_GiB"] <= 4.0 and one["residual"] <= 1e-6,
        one,
    )
    ten = run("solve", "cg", kind, N, "10")
    ratio = ten["wall"] / one["wall"]
    yield Row(
        f"n = 100,000, {kind}, 10 right-hand sides",
        "1.3x the time of one",
        f"{ratio:.2f}x: {_words(ten)}",
        ratio <= 1.3 and ten["residual"] <= 1e-6,
        ten,
    )


def _words(found: dict[str, Any]) -> str:
    return (
        f"{found['wall']:.0f} s, {found['peak_GiB']:.2f} GiB, residual "
        f"{found['residual']:.1e}, {found['iterations']} iterations, rank "
        f"{found['rank']}"
    )


def gaussian(run: Task, rival: Rival, environment: Path) -> Iterator[Row]:
    """100,000 Gaussian rows in 20 dimensions, by conjugate gradients."""
    yield from _large("gaussian", run)


def clustered(run: Task, rival: Rival, environment: Path) -> Iterator[Row]:
    """100,000 clustered rows in 3 dimensions, by conjugate gradients."""
    yield from _large("clustered", run)


def product(run: Task, rival: Rival, environment: Path) -> Iterator[Row]:
    """A product of the operator with 16 columns beside its tiles alone."""
    for dtype in ("float32", "float64"):
        found = run("product", N, "16", dtype)
        ratio = found["wall"] / found["bare"]
        yield Row(
            f"n = 100,000, 16 columns, {dtype}",
            "1.4x the bare tiles",
            f"{ratio:.2f}x: {found['wall']:.1f} s beside {found['bare']:.1f} s",
            ratio <= 1.4,
            found,
        )


def preconditioner(run: Task, rival: Rival, environment: Path) -> Iterator[Row]:
    """Iterations and time with and without a preconditioner of rank n/20."""
    for kind in ("digits", "clustered", "near-singular"):
        found = run("preconditioner", kind)
        helped, plain = found["rpcholesky"], found["none"]
        ratio = plain["iterations"] / helped["iterations"]
        holds = ratio >= 5.0 and helped["wall"] < plain["wall"]
        holds = holds and helped["residual"] <= 1e-6
        yield Row(
            f"{kind}, n = {helped['n']:,}, rank {helped['rank']}",
            "a fifth of the iterations, less time, same residual",
            f"{helped['iterations']} iterations in {helped['wall']:.1f} s beside "
            f"{plain['iterations']} ({plain['status']}) in {plain['wall']:.1f} s",
            holds,
            found,
        )


def ridgeless(run: Task, rival: Rival, environment: Path) -> Iterator[Row]:
    """5,000 rows, 500 of them duplicates, no ridge."""
    for method in ("auto", "cg", "pinv"):
        found = run("ridgeless", method)
        yield Row(
            f"n = 5,000 with 500 duplicates, method {method}",
            "residual 1e-8",
            f"{found['checked_residual']:.1e} in {found['wall']:.1f} s "
            f"({found['method']})",
            found["checked_residual"] <= 1e-8,
            found,
        )


def versus(run: Task, rival: Rival, environment: Path) -> Iterator[Row]:
    """The largest n that neural-tangents solves on this machine, beside ours."""
    best: Any = None
    for n in (10_000, 14_000, 20_000, 24_000, 28_000, 32_000, 36_000, 40_000):
        found = rival(environment, n, RIVAL_MEMORY, RIVAL_SECONDS)
        if found is None:
            break
        best = found
    if best is None:
        yield Row("largest n", "beside ours", "not measured", False, {})
        return
    seconds = best["seconds"]["all"]
    yield Row(
        "largest n, neural-tangents",
        "beside ours",
        f"{best['n']:,} rows in {seconds:.0f} s, {best['peak_GiB']:.1f} GiB; ours: "
        "100,000 and more, see the rows above",
        best["n"] < int(N),
        {"rival": best},
    )


FIGURES: dict[str, Figure] = {
    "direct": direct,
    "gaussian": gaussian,
    "clustered": clustered,
    "product": product,
    "preconditioner": preconditioner,
    "ridgeless": ridgeless,
    "versus": versus,
}
