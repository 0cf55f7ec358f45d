"""Symmetric Gram matrices against NumPy's product and against other libraries."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.data import spread_rows
from bench.figures.record import AT_LEAST, AT_MOST, Row, figure
from bench.figures.session import (
    AGREE_WITHIN,
    Array,
    Run,
    Session,
    Times,
    deviation,
    in_turns,
    stopwatch,
    timings,
)
from bench.nets import scikit_ntk_scale


@dataclass(frozen=True)
class Case:
    """One network on one input, and what is asked of it."""

    net: str
    n: int
    d: int
    dtype: str
    faster: float
    library: str = "neural-tangents"
    product: float | None = None

    def title(self, n: int) -> str:
        """Return the case in words."""
        kind, depth = self.net.split("-")[:2]
        return f"{kind} L={depth}, d={self.d}, n={n:,}, {self.dtype}"


def _runs(session: Session, net: Any, x: Array, out: Array) -> dict[str, Run]:
    """Return ours and NumPy's product, each with a fresh and a reused output."""
    return {
        "ours": stopwatch(lambda: session.gram(net, x)),
        "product": stopwatch(lambda: x @ x.T),
        "ours_out": stopwatch(lambda: session.gram(net, x, out=out)),
        "product_out": stopwatch(lambda: np.matmul(x, x.T, out=out)),
    }


def _details(times: dict[str, Times], n: int) -> dict[str, Any]:
    per_entry = {name: 1e9 * t.best / n**2 for name, t in times.items()}
    return {**timings(times), "ns_per_entry": per_entry}


def _against_product(
    case: Case, title: str, times: dict[str, Times], details: dict[str, Any]
) -> Iterator[Row]:
    for suffix, how in (("", "fresh output"), ("_out", "reused output")):
        ours, product = times[f"ours{suffix}"], times[f"product{suffix}"]
        yield Row(
            title,
            case.product,
            AT_MOST,
            ours.best / product.best,
            "x",
            f"time of NumPy X @ X.T, {how}",
            ours.best,
            product.best,
            details=details,
        )


def measure(session: Session, case: Case) -> Iterator[Row]:
    """Time one case in turns with NumPy and the rival, and compare the results."""
    n = session.n(case.n)
    x = spread_rows(n, case.d, case.dtype)
    net = session.net(case.net, case.d)
    out = np.zeros((n, n), case.dtype)
    runs = _runs(session, net, x, out)
    agree = theirs = None
    with session.rival(case.library, case.dtype) as rival:
        if rival is not None:
            rival.prepare(case.net, x)
            runs["rival"] = rival.seconds
            scale = scikit_ntk_scale(10) if case.library == "scikit-ntk" else 1.0
            agree = deviation(session.gram(net, x), rival.result(), scale)
        session.gram(net, x, out=out)
        session.quiet()
        times = in_turns(runs, session.repeats, {"rival": session.rival_repeats})
    details = _details(times, n)
    if "rival" in times:
        theirs = times["rival"].best
    ours = times["ours"].best
    title = case.title(n)
    yield from _against_product(case, title, times, details)
    yield Row(
        title,
        case.faster,
        AT_LEAST,
        math.nan if theirs is None else theirs / ours,
        "x",
        f"faster than {case.library}",
        ours,
        theirs,
        agree,
        AGREE_WITHIN[case.dtype],
        details,
    )


@figure("relu-3-d784")
def relu_3_d784(session: Session) -> Iterator[Row]:
    """A whole 3-layer kernel for the price of its matrix product."""
    for dtype, faster in (("float64", 5.0), ("float32", 9.0)):
        case = Case("relu-3", 10_000, 784, dtype, faster, product=1.1)
        yield from measure(session, case)


@figure("relu-3-d20")
def relu_3_d20(session: Session) -> Iterator[Row]:
    """Few features: the layers are the whole cost."""
    for dtype, faster in (("float64", 15.0), ("float32", 33.0)):
        yield from measure(session, Case("relu-3", 4_000, 20, dtype, faster))


@figure("relu-10-d20")
def relu_10_d20(session: Session) -> Iterator[Row]:
    """Ten layers with a bias."""
    for dtype, faster in (("float64", 26.0), ("float32", 55.0)):
        yield from measure(session, Case("relu-10", 4_000, 20, dtype, faster))


@figure("erf-3-d784")
def erf_3_d784(session: Session) -> Iterator[Row]:
    """The other closed form."""
    for dtype, faster in (("float64", 5.0), ("float32", 8.0)):
        yield from measure(session, Case("erf-3", 4_000, 784, dtype, faster))


@figure("gelu-3-d20")
def gelu_3_d20(session: Session) -> Iterator[Row]:
    """A closed form of many terms."""
    yield from measure(session, Case("gelu-3", 3_000, 20, "float64", 35.0))


@figure("sin-3-d20")
def sin_3_d20(session: Session) -> Iterator[Row]:
    """A closed form of exponentials."""
    yield from measure(session, Case("sin-3", 3_000, 20, "float64", 12.0))


@figure("scikit-ntk-10-d20")
def scikit_ntk_10_d20(session: Session) -> Iterator[Row]:
    """scikit-ntk's own function: its convention of the bias, ten layers."""
    case = Case("jacot-10", 4_000, 20, "float64", 80.0, "scikit-ntk")
    yield from measure(session, case)
