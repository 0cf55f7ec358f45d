"""What the variance pass notes down: ranges, zeros, and how steep the network is."""

from typing import Any

import numpy as np

from fastntk._errors import RangeError
from fastntk._typing import FloatArray
from fastntk.program import Op, Program

__all__ = ["RowTrace"]

STEEP_OPS = {"erf", "sign"}


class RowTrace:
    """Kept by the variance pass over all blocks of rows.

    Attributes
    ----------
    has_zero_variance : bool
        Some row has no variance where a tangent would need its angle.
    steepness : float
        Largest ``d theta' / d theta`` at ``theta = 0``, over all rows, of the angle at
        any depth, times the steepness of erf's derivative there; 1 for networks
        without erf and sign.
    """

    def __init__(self, program: Program) -> None:
        n_ops = len(program.ops)
        self.labels = [op.layer for op in program.ops]
        self.low = {name: np.full(n_ops, np.inf) for name in ("nngp", "ntk")}
        self.high = {name: np.zeros(n_ops) for name in ("nngp", "ntk")}
        self.steepness = 1.0
        self.has_zero_variance = False
        self._is_steep = any(op.name in STEEP_OPS for op in program.ops)
        self._n_streams = program.n_streams
        self._gains = np.ones((program.n_streams, 0))

    def begin(self, n: int) -> None:
        """Start with a block of ``n`` rows."""
        if self._is_steep:
            self._gains = np.ones((self._n_streams, n))

    def before(self, op: Op, q: FloatArray, q2: FloatArray) -> None:
        """Look at the variances that an op meets."""
        if op.name == "mask":
            self.has_zero_variance |= bool((q == 0).any())
        if not self._is_steep:
            return
        gain = self._gains[op.stream]
        if op.name == "copy":
            self._gains[op.other] = gain
        elif op.name == "sign":
            gain[q > 0] = np.inf
        elif op.name == "erf":
            twice = 2 * op.row_coefs[1] ** 2 * q
            root = np.sqrt(1 + 2 * twice)
            self._note(gain * root)
            angle = np.arcsin(twice / (1 + twice))
            gain *= np.sqrt(_ratio(twice / root, angle))
        elif op.name == "affine":
            w2, b2 = op.row_coefs[:2]
            gain *= np.sqrt(_ratio(w2 * q, w2 * q + b2))
        elif op.name == "add":
            other = self._gains[op.other]
            gain[:] = np.sqrt(_ratio(q * gain**2 + q2 * other**2, q + q2))
        np.nan_to_num(gain, copy=False, nan=0.0, posinf=np.inf)
        self._note(gain)

    def _note(self, gain: FloatArray) -> None:
        self.steepness = max(self.steepness, float(np.nan_to_num(gain).max()))

    def after(self, k: int, q: FloatArray, t: FloatArray) -> None:
        """Check and note the variances that op ``k`` leaves."""
        tiny = np.finfo(np.float64).smallest_normal
        for name, values in (("nngp", q), ("ntk", t)):
            positive = values[values > 0]
            low, high = (
                (positive.min(), positive.max()) if positive.size else (1.0, 1.0)
            )
            if not np.isfinite(values).all() or low < tiny:
                flow = "underflows" if low < tiny else "overflows"
                raise RangeError(
                    f"{self.labels[k]}: the {name} diagonal {flow} float64; "
                    f"{_remedy(np.dtype(np.float64), k)}"
                )
            if positive.size:
                self.low[name][k] = min(self.low[name][k], low)
                self.high[name][k] = max(self.high[name][k], high)

    def check(self, names: tuple[str, ...], dtype: np.dtype[Any]) -> None:
        """Raise `RangeError` if a kernel asked for ends outside the dtype's range."""
        limits = np.finfo(dtype)
        small, large = float(limits.smallest_normal), float(limits.max)
        for name in names:
            outside = (self.low[name] < small) | (self.high[name] > large)
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
