"""A whole network as one function of the angle.

Where all rows have one norm, every kernel is a function ``F`` of the angle ``theta``
between two rows; and so it is, times ``(q1 q2)^(p/2)``, if the network is homogeneous
of degree ``p`` (`fastntk.program.degree`). For two-slope activations

    ``S = r1 r2 F(theta)``,  ``T = r1 r2 F(theta) + G(theta)``,  ``r = |x| / sqrt(d)``

(``G`` is there only if the tangent has a constant of its own). ``F`` and ``G`` are
smooth, so a Chebyshev series of low degree replaces all layers: 23 terms at depth 3
for 1e-12. Deep networks move at small angles: the variable is then bent, so that these
take more of its range (`Collapsed.bend`). The series is fitted to the exact recursion,
refused if its tail does not decay, and its error is measured between the nodes.
"""

import dataclasses
from collections.abc import Callable

import numpy as np

from fastntk._typing import FloatArray
from fastntk.kernels.abi import SERIES_ACCUMULATE, SERIES_SCALED, SERIES_STEP
from fastntk.program.ops import Op, Program

__all__ = ["MIN_FLOPS", "Collapsed", "collapse"]

TOLERANCE = {"float64": 1e-13, "float32": 3e-8}  # of all terms left out together
MAX_NODES = 512
MIN_FLOPS = 1 << 29  # of all layers and entries; less does not repay the fit
BENDS = (0.0, 1.0, 0.3, 0.1, 0.03)  # of the variable; 0: none
BEND_FLOPS = 12  # a division more
SMOOTH = 1e-9  # of the largest coefficient, the last ones of a smooth function
FEW_TERMS = 33  # a series of so few terms is not bent
WORSE = 1.2  # times the flops of the best one: bending further makes it worse still
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
    power : float
        Degree in the norm of a row; 0 if all rows have one norm.
    bend : float
        ``c`` of the variable ``2 w (1 + c)/(w + c) - 1``, ``w = theta/pi``; 0: ``2 w -
        1``.
    """

    source: Program = dataclasses.field(kw_only=True)
    scales: tuple[float, ...] = dataclasses.field(kw_only=True)
    error: float = dataclasses.field(kw_only=True)
    power: float = dataclasses.field(kw_only=True, default=1.0)
    bend: float = dataclasses.field(kw_only=True, default=0.0)

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
        tables: FloatArray = roots[:, None] * variance ** (self.power / 2)
        return tables

    def output_of(self, name: str) -> tuple[int, int, int]:
        """Return slot, scale table and kind of an output: scaled already."""
        return FIRST_OUTPUT + self.get.index(name), 0, 2

    def op_flops(self, op: Op) -> int:
        """Flops per entry of one op."""
        bent = BEND_FLOPS if op.name == "angle" and self.bend else 0
        return super().op_flops(op) + bent

    def __str__(self) -> str:
        norms = "of one norm" if self.power == 0.0 else f"of degree {self.power:g}"
        return (
            super().__str__() + f"\n  collapsed: {len(self.source.ops)} ops are one "
            f"function of the angle, for rows {norms}; error {self.error:.1e}"
        )


def collapse(
    program: Program,
    recursion: Recursion,
    dtype: np.dtype[np.floating],
    *,
    power: float = 1.0,
    has_constant: bool = True,
    variance: float = 1.0,
) -> Collapsed | None:
    """Fit the series of a program.

    Parameters
    ----------
    program : Program
        The network's steps.
    recursion : callable
        The exact kernels at given angles, in float64.
    dtype : numpy dtype
        Compute dtype; it decides where the series ends.
    power : float, default=1.0
        Degree of homogeneity; 0 if all rows have the mean square ``variance``.
    has_constant : bool, default=True
        The tangent may have a part ``G`` that is not of this degree.
    variance : float, default=1.0
        Mean square of the rows that the series is fitted at.

    Returns
    -------
    Collapsed or None
        None if a series does not converge, or costs more than the program.
    """
    fits = []
    for bend in BENDS:
        fit = _Fit(recursion, bend, power, variance, has_constant)
        parts = [fit.parts(name, TOLERANCE[dtype.name]) for name in program.get]
        found = [part for part in parts if part is not None]
        if len(found) == len(parts):
            fits.append(_assemble(program, found, power, bend))
            if max(max(f.size, g.size) for f, g, _ in found) <= FEW_TERMS:
                break
            if fits[-1].flops > WORSE * min(fit.flops for fit in fits):
                break
        elif bend == 0.0 and not fit.is_smooth(program.get[0]):
            break
    best = min(fits, key=lambda fit: fit.flops, default=None)
    is_worth_it = best is not None and (
        program.has_host_ops or best.flops < program.flops
    )
    return best if is_worth_it else None


def _assemble(
    program: Program,
    parts: list[tuple[FloatArray, FloatArray, float]],
    power: float,
    bend: float,
) -> Collapsed:
    """Write the series down as ops."""
    ops = [Op("angle", "angle between rows", COMPLEMENT, coefs=(bend,))]
    error, scales = 0.0, []
    for k, (name, (f, g, fit_error)) in enumerate(zip(program.get, parts, strict=True)):
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
    return Collapsed(
        tuple(ops),
        program.get,
        1,
        len(scales),
        0,
        program.n_features,
        source=program,
        scales=tuple(scales),
        error=error,
        power=power,
        bend=bend,
    )


def _padded(series: FloatArray) -> tuple[float, ...]:
    """Return the number of blocks, then the coefficients, filled up with zeros."""
    n_blocks = -(-(series.size - 1) // SERIES_STEP)
    fill = 1 + n_blocks * SERIES_STEP - series.size
    return (float(n_blocks), *series.tolist(), *([0.0] * fill))


@dataclasses.dataclass(frozen=True)
class _Fit:
    """What is fitted, and in which variable."""

    recursion: Recursion
    bend: float
    power: float
    variance: float
    has_constant: bool

    def parts(
        self, name: str, tolerance: float
    ) -> tuple[FloatArray, FloatArray, float] | None:
        """Return Chebyshev coefficients of F and G (empty if zero), and the error.

        Each against its own size: at large rows the kernel is F, at small ones G.
        """
        n = 16
        while n <= MAX_NODES:
            nodes = np.pi * (np.arange(n) + 0.5) / n
            values = self.split(name, nodes)
            sizes = [float(np.abs(v).max()) for v in values]
            if not np.isfinite(sizes).all() or sizes[0] == 0.0:
                return None
            series = [_coefficients(v, nodes) for v in values]
            tails = [np.abs(c[-n // 4 :]).max() for c in series]
            limits = [tolerance * size for size in sizes]
            if all(t <= limit / 4 for t, limit in zip(tails, limits, strict=True)):
                f, g = (_chopped(c, x) for c, x in zip(series, limits, strict=True))
                error = self._error(name, (f, g), sizes, n)
                return (f, g, error) if error <= 10 * tolerance else None
            n *= 2
        return None

    def is_smooth(self, name: str) -> bool:
        """Return whether coefficients fall fast: not so below a kink in the angle."""
        nodes = np.pi * (np.arange(MAX_NODES) + 0.5) / MAX_NODES
        size = np.abs(_coefficients(self.split(name, nodes)[0], nodes))
        return bool(size[-MAX_NODES // 8 :].max() < SMOOTH * size.max())

    def split(self, name: str, nodes: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return F and G where the variable is ``cos(nodes)``.

        From rows so large, and so small, that one of them is left.
        """
        w = (np.cos(nodes) + 1) / 2
        if self.bend:
            w = self.bend * w / (1 + self.bend - w)
        theta = np.pi * w
        if not self.has_constant:
            f = self.recursion(theta, self.variance)[name] / self.variance**self.power
            return f, np.zeros_like(f)
        large, small = 2.0**200, 2.0**-200
        f = self.recursion(theta, large)[name] / large
        g = self.recursion(theta, small)[name]
        is_zero = np.abs(g).max() <= 2 * small * np.abs(f).max()
        return f, np.zeros_like(g) if is_zero else g

    def _error(
        self,
        name: str,
        series: tuple[FloatArray, FloatArray],
        sizes: list[float],
        n: int,
    ) -> float:
        """Return the largest relative error of both, halfway between the nodes."""
        points = np.pi * np.arange(n + 1) / n
        exact = self.split(name, points)
        chebval = np.polynomial.chebyshev.chebval
        return max(
            float(np.abs(chebval(np.cos(points), c) - v).max()) / size if size else 0.0
            for c, v, size in zip(series, exact, sizes, strict=True)
            if c.size
        )


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
