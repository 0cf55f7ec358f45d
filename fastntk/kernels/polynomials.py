"""The polynomials of `fastntk.kernels.coefficients`, one generic name each.

In compiled code and in plain Python alike, the dtype of the argument picks the float32
or the float64 version.
"""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import overload, register_jitable

from fastntk.kernels.coefficients import (
    ASIN_32,
    ASIN_64,
    EXCESS_32,
    EXCESS_64,
    SINC_32,
    SINC_64,
)

__all__ = ["arc_excess", "asin_ratio", "sinc_deficit"]


@register_jitable(inline="always")
def _horner6(x, c0, c1, c2, c3, c4, c5):
    return c0 + x * (c1 + x * (c2 + x * (c3 + x * (c4 + x * c5))))


def _asin_64(r):
    c = ASIN_64
    low = _horner6(r, c[0], c[1], c[2], c[3], c[4], c[5])
    mid = _horner6(r, c[6], c[7], c[8], c[9], c[10], c[11])
    top = _horner6(r, c[12], c[13], c[14], c[15], c[16], c[17])
    r2 = r * r
    r6 = r2 * r2 * r2
    return low + r6 * (mid + r6 * top)


def _asin_32(r):
    c = ASIN_32
    low = _horner6(r, c[0], c[1], c[2], c[3], c[4], c[5])
    r2 = r * r
    return low + r2 * r2 * r2 * (c[6] + r * (c[7] + r * c[8]))


def _excess_64(r):
    c = EXCESS_64
    low = _horner6(r, c[0], c[1], c[2], c[3], c[4], c[5])
    mid = _horner6(r, c[6], c[7], c[8], c[9], c[10], c[11])
    top = _horner6(r, c[12], c[13], c[14], c[15], c[16], c[17])
    r2 = r * r
    r6 = r2 * r2 * r2
    return low + r6 * (mid + r6 * top)


def _excess_32(r):
    c = EXCESS_32
    low = _horner6(r, c[0], c[1], c[2], c[3], c[4], c[5])
    r2 = r * r
    return low + r2 * r2 * r2 * (c[6] + r * c[7])


def _sinc_64(x2):
    c = SINC_64
    low = _horner6(x2, c[0], c[1], c[2], c[3], c[4], c[5])
    y = x2 * x2
    return low + y * y * y * (
        c[6] + x2 * (c[7] + x2 * (c[8] + x2 * (c[9] + x2 * c[10])))
    )


def _sinc_32(x2):
    c = SINC_32
    return _horner6(x2, c[0], c[1], c[2], c[3], c[4], c[5])


def _is_single(x: Any) -> bool:
    return x == types.float32


def asin_ratio(r):
    """Return ``asin(s)/s`` at ``s = sqrt(r/2)``; so ``theta = sqrt(2 r) * this``."""
    return _asin_32(r) if r.dtype == "f4" else _asin_64(r)


def arc_excess(r):
    """Return ``(2/pi)(sin t - t cos t)/(r sqrt(2 r))`` at ``cos t = 1 - r``."""
    return _excess_32(r) if r.dtype == "f4" else _excess_64(r)


def sinc_deficit(x2):
    """Return ``(1 - sin(x)/x)/x^2`` at ``x = sqrt(x2)``."""
    return _sinc_32(x2) if x2.dtype == "f4" else _sinc_64(x2)


_asin_32_jit, _asin_64_jit = register_jitable(_asin_32), register_jitable(_asin_64)
_excess_32_jit, _excess_64_jit = (
    register_jitable(_excess_32),
    register_jitable(_excess_64),
)
_sinc_32_jit, _sinc_64_jit = register_jitable(_sinc_32), register_jitable(_sinc_64)


@overload(asin_ratio, inline="always")
def _asin_overload(r):
    return _asin_32 if _is_single(r) else _asin_64


@overload(arc_excess, inline="always")
def _excess_overload(r):
    return _excess_32 if _is_single(r) else _excess_64


@overload(sinc_deficit, inline="always")
def _sinc_overload(x2):
    return _sinc_32 if _is_single(x2) else _sinc_64
