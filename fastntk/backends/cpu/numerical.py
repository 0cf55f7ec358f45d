"""Activations without a closed form: how many terms their series need for these rows.

A program's `numerical` ops say which activation, not how it is computed. The variances
at each of them follow from those of the inputs; with their range known, an op becomes
an `expansion`, with coefficients for that range, or a `host` op where a series would
be too long or an activation has kinks.
"""

import dataclasses
import math
from typing import Any

import numpy as np

from fastntk._typing import FloatArray
from fastntk.backends.cpu.one_norm import ONE_NORM
from fastntk.backends.cpu.rows import row_pass
from fastntk.program import Op, Program
from fastntk.program.ops import padded

__all__ = ["is_numerical", "specialise", "variance_grid"]

GRID = 129  # variances between the smallest and the largest that are looked at
STEP = 1.0 / 32.0  # ends of a range of log q: equal ranges find their coefficients
MARGIN = 0.01  # of a range, for variances between those of the grid
# numbers of terms to choose from, where pairs are not near
LEVELS = (8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 192, 256, 384, 512, 768, 1024)
FAR = 0.97  # |rho| up to which the rounding of rho' does not show in the angle
LAST_BITS = {np.dtype(np.float64): 2e-16, np.dtype(np.float32): 3e-8}
TOLERANCE = {np.dtype(np.float64): 0.0, np.dtype(np.float32): 1e-7}


def is_numerical(op: Op) -> bool:
    """Return whether an op came from an activation without a closed form."""
    return op.name == "expansion" or (op.name == "host" and hasattr(op.payload, "dual"))


def specialise(
    program: Program,
    variances: tuple[FloatArray, ...],
    dtype: np.dtype[Any],
    tolerance: float = np.inf,
) -> Program:
    """Return the program with coefficients for rows of these variances.

    Parameters
    ----------
    program : Program
        The steps; returned as it is if none is numerical.
    variances : tuple of ndarray
        Mean squares of the rows of both sides.
    dtype : numpy dtype
        Compute dtype; float32 needs fewer terms.
    tolerance : float, optional
        Largest error of one activation, below what its layer asks for.

    Returns
    -------
    Program
        Without `numerical` ops.
    """
    if not program.has_numerical_ops:
        return program
    grid = variance_grid(variances, dtype)
    ops: list[Op] = []
    for op in program.ops:
        known = op
        if op.name == "numerical":
            q = _variances_before(program, ops, op.stream, grid)
            known = _chosen(op, q, min(tolerance, _tolerance(op, dtype)), dtype)
        n_tables = sum(o.n_tables for o in ops)
        ops.append(dataclasses.replace(known, table=n_tables))
    return _with_ops(program, ops)


def variance_grid(
    variances: tuple[FloatArray, ...], dtype: np.dtype[Any]
) -> FloatArray:
    """Return mean squares that stand for those of all rows."""
    positive = [v[np.isfinite(v) & (v > 0)] for v in variances]
    ends = [end for v in positive if v.size for end in (v.min(), v.max())]
    zeros = [0.0] * any(bool((v == 0).any()) for v in variances)
    if not ends:
        return np.array(zeros or [1.0])
    low, high = float(min(ends)), float(max(ends))
    if high - low <= ONE_NORM[dtype] * high:
        return np.array([*zeros, (low + high) / 2])
    return np.array([*zeros, *np.geomspace(low, high, GRID)])


def _variances_before(
    program: Program, ops: list[Op], stream: int, grid: FloatArray
) -> FloatArray:
    """Return the variances of a stream after some ops."""
    _, state = row_pass(_with_ops(program, ops), grid)
    q: FloatArray = state[stream, 0]
    return q


def _with_ops(program: Program, ops: list[Op]) -> Program:
    n_tables = sum(op.n_tables for op in ops) + program.n_output_tables
    return dataclasses.replace(program, ops=tuple(ops), n_tables=n_tables)


def _tolerance(op: Op, dtype: np.dtype[Any]) -> float:
    """Return what the layer asks for, as far as the dtype shows it."""
    return float(max(op.payload.tol, TOLERANCE[dtype]))


def _chosen(op: Op, q: FloatArray, tolerance: float, dtype: np.dtype[Any]) -> Op:
    """Return what a numerical op becomes for variances ``q``."""
    series = op.payload.expand(*_range(q), tolerance)
    if series is None:
        return dataclasses.replace(op, name="host", payload=op.payload.host)
    n, m = series.n_terms, len(series.cheb)
    numbers = (n, m, series.u_lo, series.u_hi, *series.zero)
    return dataclasses.replace(
        op,
        name="expansion",
        coefs=(float(padded(n)), *_shortcuts(series, dtype)),
        row_coefs=(*map(float, numbers), *series.cheb.ravel().tolist()),
        payload=series,
    )


def _shortcuts(series: Any, dtype: np.dtype[Any]) -> list[float]:
    """Return how many terms are enough where no ``|rho|`` is above a limit.

    What the terms from n on add to the kernels is at most ``z^n sum_(k >= n) a_k^2``,
    and the same of the derivative, over the largest tail of any row (Cauchy-Schwarz).
    """
    n_rows = 1 if series.u_lo == series.u_hi else GRID
    at = np.linspace(-1.0, 1.0, n_rows) if n_rows > 1 else np.zeros(1)
    a = np.polynomial.chebyshev.chebval(at, series.cheb[:, : series.n_terms])
    squares = a**2 / (a**2).sum(axis=0)
    slopes = squares * np.arange(series.n_terms)[:, None]
    slopes /= np.maximum(slopes.sum(axis=0), np.finfo(np.float64).tiny)
    tails = [np.cumsum(s[::-1], axis=0)[::-1].max(axis=1) for s in (squares, slopes)]
    found: list[float] = []
    for n in LEVELS:
        if n >= series.n_terms:
            break
        with np.errstate(divide="ignore"):
            value = (LAST_BITS[dtype] / tails[0][n]) ** (1.0 / n)
            slope = (LAST_BITS[dtype] / tails[1][n]) ** (1.0 / (n - 1))
        found += [min(value, slope, FAR), float(n)]
    found += [FAR, float(padded(series.n_terms))]
    return [float(len(found) // 2), *found]


def _range(q: FloatArray) -> tuple[float, float]:
    """Return the ends of a range that holds all positive variances."""
    positive = q[np.isfinite(q) & (q > 0)]
    if not positive.size:
        return 1.0, 1.0
    low, high = float(positive.min()), float(positive.max())
    if high - low <= 1e-12 * high:
        return math.sqrt(low * high), math.sqrt(low * high)
    margin = MARGIN * math.log(high / low)
    first = math.floor((math.log(low) - margin) / STEP) * STEP
    last = math.ceil((math.log(high) + margin) / STEP) * STEP
    return math.exp(first), math.exp(last)
