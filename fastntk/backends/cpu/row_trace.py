"""What the variance pass notes down: ranges, zeros, and how steep the network is."""

import math
from typing import Any, NoReturn

import numpy as np

from fastntk._errors import RangeError
from fastntk._typing import FloatArray
from fastntk._warnings import warn
from fastntk.kernels.abi import UNIT_VARIANCE
from fastntk.kernels.rows.ops import ROW_OPS
from fastntk.program import Op, Program
from fastntk.program.ops import ZERO_ROW_OPS, split_output
from fastntk.spec import END

__all__ = ["RowTrace"]

# ops that may magnify small angles
CURVED_OPS = {
    *("erf", "sign", "exp", "sin", "cos", "gaussian", "gelu", "gabor"),
    *("mehler", "expansion", "rectified", "host"),
}
# ops whose pair bodies multiply row tables by each other
TABLE_OPS = {"exp", "sin", "cos", "gaussian", "gabor", "gelu", "erf", "host"}
UNIT_TOLERANCE = 1e-6
TINY = float(np.finfo(np.float64).smallest_normal)
FEW = 16


class RowTrace:
    """Kept by the variance pass over all blocks of rows.

    Attributes
    ----------
    has_zero_variance : bool
        Some row has no variance where a tangent would need its angle.
    steepness : float
        Largest ``d theta' / d theta`` at ``theta = 0``, over all rows, of the angle at
        any depth, times the steepness of erf's derivative there; 1 for networks
        of piecewise linear activations.
    """

    def __init__(self, program: Program) -> None:
        n_ops = len(program.ops)
        self.labels = [op.layer for op in program.ops]
        self._names = [op.name for op in program.ops]
        self.low = {name: np.full(n_ops, np.inf) for name in ("nngp", "ntk")}
        self.high = {name: np.zeros(n_ops) for name in ("nngp", "ntk")}
        self.extent = np.zeros(n_ops)
        self.steepness = 1.0
        self.has_zero_variance = False
        self._is_curved = any(op.name in CURVED_OPS for op in program.ops)
        self._before: tuple[FloatArray, FloatArray] = np.zeros(0), np.zeros(0)
        self._units: dict[str, tuple[float, float]] = {}
        self._n_streams = program.n_streams
        self._gains = np.ones((program.n_streams, 0))

    def begin(self, n: int) -> None:
        """Start with a block of ``n`` rows."""
        if self._is_curved:
            self._gains = np.ones((self._n_streams, n))

    def before(self, op: Op, q: FloatArray, t: FloatArray, q2: FloatArray) -> None:
        """Look at the variances and tangents that an op meets."""
        if op.name in ZERO_ROW_OPS:
            self.has_zero_variance |= bool((q == 0).any())
        if op.flags & UNIT_VARIANCE and q.size:
            low, high = self._units.get(op.layer, (np.inf, 0.0))
            self._units[op.layer] = (min(low, q.min()), max(high, q.max()))
        met = np.minimum(q, q2) if op.name == "multiply" else q.copy()
        self._before = met, t.copy()
        if not self._is_curved:
            return
        gain = self._gains[op.stream]
        if op.name == "copy":
            self._gains[op.other] = gain
        elif op.name == "sign":
            gain[q > 0] = np.inf
        elif op.name == "erf":
            self._note(gain * np.sqrt(1 + 4 * op.row_coefs[1] ** 2 * q))
        elif op.name == "affine":
            w2, b2 = op.row_coefs[:2]
            gain *= np.sqrt(_ratio(w2 * q, w2 * q + b2))
        elif op.name in ("add", "multiply"):
            self._join(op.name, gain, self._gains[op.other], q, q2)

    @staticmethod
    def _join(
        name: str, gain: FloatArray, other: FloatArray, q: FloatArray, q2: FloatArray
    ) -> None:
        """Join the gains of two branches."""
        if name == "add":
            gain[:] = np.sqrt(_ratio(q * gain**2 + q2 * other**2, q + q2))
        else:
            gain[:] = np.hypot(gain, other)

    def _curve(self, op: Op, q: FloatArray, t: FloatArray) -> None:
        """Multiply by ``d theta' / d theta = sqrt(q E[phi'^2] / E[phi^2])`` at 0."""
        gain = self._gains[op.stream]
        if op.name in CURVED_OPS - {"sign"}:
            old_q, old_t = self._before
            gain *= np.sqrt(_ratio(old_q * _ratio(t, old_t), q))
        np.nan_to_num(gain, copy=False, nan=0.0, posinf=np.inf)
        self._note(gain)

    def _note(self, gain: FloatArray) -> None:
        self.steepness = max(self.steepness, float(np.nan_to_num(gain).max()))

    def after(
        self, k: int, op: Op, q: FloatArray, t: FloatArray, tables: FloatArray
    ) -> None:
        """Check and note the variances that op ``k`` leaves, and its tables."""
        if self._is_curved:
            self._curve(op, q, t)
        if op.name in TABLE_OPS and tables.size:
            self.extent[k] = max(self.extent[k], _extent(op, tables))
        if np.count_nonzero(q) < q.size:
            is_lost = ((self._before[0] > 0) & (q == 0)).any()
            if is_lost and not _makes_zeros(op):
                self._refuse(k, "nngp", "underflows")
        for name, values in (("nngp", q), ("ntk", t)):
            low, high, is_finite = _range(values)
            if not is_finite or low < TINY:
                self._refuse(k, name, "underflows" if low < TINY else "overflows")
            if low <= high:
                self.low[name][k] = min(self.low[name][k], low)
                self.high[name][k] = max(self.high[name][k], high)

    def _refuse(self, k: int, name: str, flow: str) -> NoReturn:
        remedy = _remedy(np.dtype(np.float64), k)
        if self._names[k] == "gaussian" and flow == "overflows":
            remedy = (
                "exp(b u^2) has a second moment only while 4 b E[u^2] < 1: choose a "
                "smaller b, or a smaller W_std before it"
            )
        raise RangeError(
            f"{self.labels[k]}: the {name} diagonal {flow} float64; {remedy}"
        )

    def warn(self) -> None:
        """Tell of layers that hold for variance 1, and met another."""
        for layer, (low, high) in self._units.items():
            if max(1 - low, high - 1) > UNIT_TOLERANCE:
                warn(
                    f"{layer}: found variances from {low:.4g} to {high:.4g}; its "
                    "kernel rho**degree holds for variance 1. Normalise the rows, or "
                    "use the same polynomial as stax.Polynomial, exact for any"
                )

    def check(self, program: Program, dtype: np.dtype[Any]) -> None:
        """Raise `RangeError` if a kernel asked for ends outside the dtype's range."""
        ends = {op.other: k for k, op in enumerate(program.ops) if op.name == "copy"}
        limits = np.finfo(dtype)
        small, large = float(limits.smallest_normal), float(limits.max)
        for k in map(int, np.flatnonzero(self.extent > np.sqrt(large) / 4)):
            raise RangeError(
                f"{self.labels[k]}: products of its row factors reach "
                f"{self.extent[k] ** 2:.3g} inside the network, outside the range of "
                f"{dtype.name}; {_remedy(dtype, k)}"
            )
        for output in program.get:
            name, place = split_output(output)
            last = ends[program.stream_of(place)] + 1 if place != END else None
            outside = ((self.low[name] < small) | (self.high[name] > large))[:last]
            if not outside.size or not outside[-1]:
                continue
            inside = np.flatnonzero(~outside)
            k = int(inside[-1]) + 1 if inside.size else 0
            value = self.low[name][k]
            value = value if value < small else self.high[name][k]
            raise RangeError(
                f"{self.labels[k]}: the {name} diagonal reaches {value:.3g}, outside "
                f"the range of {dtype.name} ({small:.3g} to {large:.3g}); "
                f"{_remedy(dtype, k)}"
            )


def _range(values: FloatArray) -> tuple[float, float, bool]:
    """Return the least and the largest positive number, and whether all are finite.

    Infinity and 0 if none is positive.
    """
    if values.size <= FEW:  # NumPy's calls would take longer than the numbers
        found = [value for value in values.tolist() if value > 0.0]
        low, high = min(found, default=math.inf), max(found, default=0.0)
        return low, high, all(map(math.isfinite, values.tolist()))
    low = float(values.min(where=values > 0.0, initial=math.inf))
    high = float(values.max(where=values > 0.0, initial=0.0))
    return low, high, bool(np.isfinite(values).all())


def _extent(op: Op, tables: FloatArray) -> float:
    """Return the largest factor that a pair body squares."""
    if op.name == "host":
        return float(np.sqrt(tables[0].max()))
    widest = float(np.abs(tables).max())
    if op.name == "erf":  # 1/u = 1 + 2 b^2 q
        widest = max(widest, float(tables[1].min()) ** -0.5)
    if op.name == "gelu":  # of which it takes the power 3/2
        widest = max(widest, float(tables[1].min()) ** -0.75)
    return widest


def _makes_zeros(op: Op) -> bool:
    """Return whether an op takes the variance of all rows, as a slope of 0 does."""
    if op.name == "host":
        return True
    q, t, s, q2, t2, s2 = np.ones((6, 1))
    tables, coefs = np.empty((op.n_tables, 1)), np.array(op.row_coefs or (0.0,))
    ROW_OPS[op.name](q, t, s, q2, t2, s2, tables, coefs)
    return bool(q[0] == 0)


def _ratio(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return ``a / b``, 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(b), where=b > 0)


def _remedy(dtype: np.dtype[Any], k: int) -> str:
    other = "use dtype='float64', or " if dtype == np.float32 else ""
    if k == 0:
        return f"{other}rescale the inputs or the first layer"
    return (
        f"{other}choose W_std so that variances neither grow nor shrink with depth "
        "(for Relu, W_std = sqrt(2))"
    )
