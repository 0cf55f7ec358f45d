"""Activations without a closed form, and networks as one function of the angle."""

import math
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from bench.data import spread_rows
from bench.figures.record import AT_LEAST, AT_MOST, Row, figure
from bench.figures.session import (
    Array,
    Session,
    Times,
    deviation,
    in_turns,
    stopwatch,
    timings,
)
from bench.nets import B_STD, W_STD

D = 20
SAMPLE = 32  # rows whose entries are compared with quadrature


def varied_rows(n: int, dtype: str = "float64", seed: int = 7) -> Array:
    """Return rows whose variances after the first Dense span 0.1 to 10."""
    rng = np.random.default_rng([seed, n])
    rows = spread_rows(n, D, seed=seed)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    q = np.exp(rng.uniform(math.log(0.1), math.log(10.0), n))
    squares = D * np.maximum(q - B_STD**2, 0.0) / W_STD**2
    return np.asarray(rows * np.sqrt(squares)[:, None], dtype)


def unit_rows(n: int, dtype: str, seed: int = 8) -> Array:
    """Return rows of norm ``sqrt(d)``."""
    rows = spread_rows(n, D, seed=seed)
    rows *= np.sqrt(D) / np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows, dtype)


def _sampled_error(session: Session, x: Array) -> float:
    """Return the largest error of 1,024 entries against quadrature in the plane."""
    from fastntk import stax

    step = max(1, len(x) // SAMPLE)
    few = x[::step][:SAMPLE]
    layer = stax.Elementwise(np.tanh, method="quadrature")
    dense = stax.Dense(512, W_std=W_STD, b_std=B_STD)
    exact = session.gram(stax.serial(*[dense, layer] * 3, dense), few)
    return deviation(session.gram(session.net("tanh-3", D), few), exact)


def _ratio(
    title: str, asked: float, times: dict[str, Times], what: str, **more: Any
) -> Row:
    ours, other = times["ours"].best, times["other"].best
    return Row(
        title,
        asked,
        AT_MOST,
        ours / other,
        "x",
        what,
        ours,
        other,
        details=timings(times),
        **more,
    )


@figure("tanh-3-d20")
def tanh(session: Session) -> Iterator[Row]:
    """Any norms, and equal norms, beside our own ReLU network."""
    n = session.n(4_000)
    out = np.zeros((n, n))
    tanh_net, relu = session.net("tanh-3", D), session.net("relu-3", D)
    for rows, asked, how in (
        (varied_rows(n), 15.0, "variances 0.1 to 10"),
        (unit_rows(n, "float64"), 1.5, "rows of one norm"),
    ):
        session.gram(tanh_net, rows, out=out)
        session.quiet()
        runs = {
            "ours": stopwatch(partial(session.gram, tanh_net, rows, out=out)),
            "other": stopwatch(
                partial(session.gram, relu, rows, out=out, collapse=False)
            ),
        }
        times = in_turns(runs, session.repeats)
        error = _sampled_error(session, rows)
        title = f"tanh L=3, d={D}, n={n:,}, float64, {how}"
        yield _ratio(title, asked, times, "time of relu L=3, layer by layer")
        yield Row(title, 1e-12, AT_MOST, error, "", "error of 1,024 sampled entries")


@figure("tanh-3-rival")
def tanh_rival(session: Session) -> Iterator[Row]:
    """neural-tangents' 2-D quadrature of 25 nodes, and its error."""
    n = session.n(256)
    for rows, asked, how in (
        (varied_rows(n), 1_000.0, "variances 0.1 to 10"),
        (unit_rows(n, "float64"), 10_000.0, "rows of one norm"),
    ):
        yield _against_rival(session, "tanh-3", rows, asked, how, 4_000)


@figure("collapse-d20")
def collapse(session: Session) -> Iterator[Row]:
    """Rows of one norm: depth for free."""
    for dtype, asked in (("float64", 70.0), ("float32", 140.0)):
        x = unit_rows(session.n(4_000), dtype)
        yield _against_rival(session, "relu-10", x, asked, "rows of one norm")
    x = unit_rows(session.n(4_000), "float64")
    yield _against_rival(session, "relu-100", x, 600.0, "rows of one norm", rival_n=800)
    out = np.zeros((len(x), len(x)))
    deep, shallow = session.net("relu-100", D), session.net("relu-3", D)
    session.gram(deep, x, out=out)
    session.gram(shallow, x, out=out)
    session.quiet()
    runs = {
        "ours": stopwatch(lambda: session.gram(deep, x, out=out)),
        "other": stopwatch(lambda: session.gram(shallow, x, out=out)),
    }
    times = in_turns(runs, session.repeats)
    title = f"relu L=100, d={D}, n={len(x):,}, float64, rows of one norm"
    yield _ratio(title, 1.2, times, "time of L=3, collapsed too")


def _against_rival(
    session: Session,
    name: str,
    x: Array,
    asked: float,
    how: str,
    ours_n: int = 0,
    rival_n: int = 0,
) -> Row:
    """Compare times per entry; the rival may get fewer rows, we may get more."""
    net, dtype = session.net(name, D), x.dtype.name
    few = x[:rival_n] if rival_n else x
    many = x
    if ours_n:
        make = unit_rows if how.endswith("norm") else varied_rows
        many = make(session.n(ours_n), dtype)
    session.gram(net, many)
    theirs = agree = None
    details: dict[str, Any] = {"rows": len(many), "rows of the rival": len(few)}
    with session.rival("neural-tangents", dtype) as rival:
        runs = {"ours": stopwatch(lambda: session.gram(net, many))}
        if rival is not None:
            rival.prepare(name, few)
            runs["rival"] = rival.seconds
            agree = deviation(session.gram(net, few), rival.result())
        session.quiet()
        times = in_turns(runs, session.repeats, {"rival": session.rival_repeats})
    ours = times["ours"].best / len(many) ** 2
    if "rival" in times:
        theirs = times["rival"].best / len(few) ** 2
    kind, depth = name.split("-")
    # what the rival's quadrature is off by is shown, not judged
    within = math.inf if kind == "tanh" else 2e-3 if dtype == "float32" else 1e-6
    return Row(
        f"{kind} L={depth}, d={D}, n={len(many):,}, {dtype}, {how}",
        asked,
        AT_LEAST,
        math.nan if theirs is None else theirs / ours,
        "x",
        "faster than neural-tangents, per entry",
        ours,
        theirs,
        agree,
        within,
        {**details, **timings(times)},
    )
