"""A whole network as one function of the angle.

In a positively homogeneous network (two-slope activations, no bias in the covariance)
every correlation depends on the angle ``theta`` between two rows alone, and

    ``S = r1 r2 F(theta)``,  ``T = r1 r2 F(theta) + G(theta)``,  ``r = |x| / sqrt(d)``

(``G`` is there only if the tangent has a constant of its own). ``F`` and ``G`` are
analytic, so a Chebyshev series of low degree replaces all layers: 23 terms at depth 3,
62 at depth 50 for 1e-12. The series is fitted to the exact recursion, refused if its
tail does not decay, and its error is measured between the nodes.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from fastntk._typing import FloatArray
from fastntk.kernels.abi import SERIES_ACCUMULATE, SERIES_SCALED, SERIES_STEP
from fastntk.program.ops import Op, Program

__all__ = ["Collapsed", "collapse", "is_homogeneous"]

HOMOGENEOUS_OPS = {"abrelu", "affine", "add", "copy", "mask"}
TOLERANCE = {"float64": 1e-13, "float32": 3e-8}  # of all terms left out together
MAX_NODES = 512
MIN_ENTRIES = 1 << 16  # smaller matrices do not repay the fit
# slots: complement, 2 t, two of the recurrence, then one per kernel
COMPLEMENT, TWICE_T, UPPER, LOWER, FIRST_OUTPUT = range(5)

Recursion = Callable[[FloatArray, float], dict[str, FloatArray]]
"""Exact kernels of pairs at angles theta, of rows with a given mean square."""


@dataclasses.dataclass(frozen=True)
class Collapsed(Program):
    """A program whose ops are series in the angle.

    Attributes
    ----------
    source : Program
        The network's own steps.
    scales : tuple of float
        Per kernel, the size of F that the series is divided by: it lives in the row
        tables, in float64, so that deep networks stay in the range of float32.
    error : float
        Largest error between the nodes, relative to the kernel's largest value.
    """

    source: Program = dataclasses.field(kw_only=True)
    scales: tuple[float, ...] = dataclasses.field(kw_only=True)
    error: float = dataclasses.field(kw_only=True)

    @property
    def n_slots(self) -> int:
        """Four of the series, and one per kernel."""
        return FIRST_OUTPUT + len(self.get)

    def ints_of(self, op: Op) -> tuple[int, ...]:
        """Return the slots, table and flags of an op."""
        if op.name == "angle":
            return (COMPLEMENT, -1, TWICE_T, -1, 0, 0)
        return (op.stream, TWICE_T, UPPER, LOWER, op.table, op.flags)

    def row_scales(self, variance: FloatArray) -> FloatArray:
        """Return the row tables, shape (kernels, n)."""
        roots = np.sqrt(np.array(self.scales))
        tables: FloatArray = roots[:, None] * np.sqrt(variance)
        return tables

    def output_of(self, name: str) -> tuple[int, int, int]:
        """Return slot, scale table and kind of an output: scaled already."""
        return FIRST_OUTPUT + self.get.index(name), 0, 2


def is_homogeneous(program: Program) -> bool:
    """Return whether every correlation depends on the angle alone."""
    return all(
        op.name in HOMOGENEOUS_OPS
        and not (op.name == "affine" and op.row_coefs[1] > 0.0)
        for op in program.ops
    )


def collapse(
    program: Program, recursion: Recursion, dtype: np.dtype[np.floating]
) -> Collapsed | None:
    """Fit the series of a homogeneous program.

    Parameters
    ----------
    program : Program
        The network's steps.
    recursion : callable
        The exact kernels at given angles, in float64.
    dtype : numpy dtype
        Compute dtype; it decides where the series ends.

    Returns
    -------
    Collapsed or None
        None if a series does not converge, or costs more than the program.
    """
    tolerance = TOLERANCE[dtype.name]
    ops = [Op("angle", "angle between rows", COMPLEMENT)]
    error, scales = 0.0, []
    for k, name in enumerate(program.get):
        parts = _fit(recursion, name, tolerance)
        if parts is None:
            return None
        f, g, fit_error = parts
        error = max(error, fit_error)
        scales.append(float(np.abs(f).max(initial=0.0)) or 1.0)
        for flags, series in (
            (SERIES_SCALED, f / scales[k]),
            (SERIES_ACCUMULATE, g),
        ):
            if series.size:
                label = f"{name}, degree {series.size - 1}"
                coefs = _padded(series)
                slot = FIRST_OUTPUT + k
                op = Op("series", label, slot, flags=flags, coefs=coefs, table=k)
                ops.append(op)
    result = Collapsed(
        tuple(ops),
        program.get,
        1,
        len(scales),
        0,
        program.n_features,
        source=program,
        scales=tuple(scales),
        error=error,
    )
    return result if result.flops < program.flops else None


def _padded(series: FloatArray) -> tuple[float, ...]:
    """Return the number of blocks, then the coefficients, filled up with zeros."""
    n_blocks = -(-(series.size - 1) // SERIES_STEP)
    fill = 1 + n_blocks * SERIES_STEP - series.size
    return (float(n_blocks), *series.tolist(), *([0.0] * fill))


def _fit(
    recursion: Recursion, name: str, tolerance: float
) -> tuple[FloatArray, FloatArray, float] | None:
    """Return Chebyshev coefficients of F and G (empty if zero), and the error.

    Each against its own size: at large rows the kernel is F, at small ones G.
    """
    n = 16
    while n <= MAX_NODES:
        nodes = np.pi * (np.arange(n) + 0.5) / n
        values = _split(recursion, name, np.pi * (np.cos(nodes) + 1) / 2)
        sizes = [float(np.abs(v).max()) for v in values]
        if not np.isfinite(sizes).all() or sizes[0] == 0.0:
            return None
        series = [_coefficients(v, nodes) for v in values]
        tails = [np.abs(c[-n // 4 :]).max() for c in series]
        limits = [tolerance * size for size in sizes]
        if all(tail <= limit / 4 for tail, limit in zip(tails, limits, strict=True)):
            f, g = (_chopped(c, x) for c, x in zip(series, limits, strict=True))
            error = _error(recursion, name, (f, g), sizes, n)
            return (f, g, error) if error <= 10 * tolerance else None
        n *= 2
    return None


def _split(
    recursion: Recursion, name: str, theta: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return F and G at angles: from rows so large, and so small, that one is left."""
    large, small = 2.0**200, 2.0**-200
    f = recursion(theta, large)[name] / large
    g = recursion(theta, small)[name]
    is_zero = np.abs(g).max() <= 2 * small * np.abs(f).max()
    return f, np.zeros_like(g) if is_zero else g


def _coefficients(values: FloatArray, nodes: FloatArray) -> FloatArray:
    """Return the Chebyshev coefficients of values at ``cos(nodes)``."""
    n = len(nodes)
    coefs: FloatArray = 2 / n * np.cos(np.outer(np.arange(n), nodes)) @ values
    coefs[0] /= 2
    return coefs


def _chopped(series: FloatArray, limit: float) -> FloatArray:
    """Leave out the coefficients whose sum stays below the limit."""
    tail = np.cumsum(np.abs(series[::-1]))[::-1]
    return series[: int(np.count_nonzero(tail > limit))]


def _error(
    recursion: Recursion,
    name: str,
    series: tuple[FloatArray, FloatArray],
    sizes: list[float],
    n: int,
) -> float:
    """Return the largest relative error of both series halfway between the nodes."""
    points = np.pi * np.arange(n + 1) / n
    exact = _split(recursion, name, np.pi * (np.cos(points) + 1) / 2)
    chebval = np.polynomial.chebyshev.chebval
    return max(
        float(np.abs(chebval(np.cos(points), c) - v).max()) / size if size else 0.0
        for c, v, size in zip(series, exact, sizes, strict=True)
        if c.size
    )
