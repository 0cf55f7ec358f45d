"""Polynomials of the op bodies, and where their coefficients come from.

Coefficients are read at run time from the ``constants`` that every op gets: as
literals, LLVM would put one absolute address per use into the inner loop, which costs
as much as the arithmetic. A body reads a tuple of them once, before its loops; the
dtype decides how many there are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from fastntk._jit import JIT_ENABLED
from fastntk.kernels.abi import RECTIFIED_TERMS
from fastntk.kernels.formulas.coefficients import (
    ASIN_32,
    ASIN_64,
    DECAY_32,
    DECAY_64,
    EXCESS_32,
    EXCESS_64,
    SINC_32,
    SINC_64,
)

__all__ = [
    "asin_coefficients",
    "constants",
    "decay_coefficients",
    "excess_coefficients",
    "fall_terms",
    "polynomial",
    "sinc_coefficients",
    "slope_terms",
]

_TABLES = {
    "float64": (ASIN_64, EXCESS_64, SINC_64, DECAY_64),
    "float32": (ASIN_32, EXCESS_32, SINC_32, DECAY_32),
}
_ASIN, _EXCESS, _SINC, _DECAY = range(4)


def constants(dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Return all coefficients of a dtype, one polynomial after the other."""
    return np.array([c for part in _TABLES[dtype.name] for c in part], dtype)


def _span(name: str, which: int) -> tuple[int, int]:
    """Return where a polynomial starts among the constants, and its length."""
    parts = _TABLES[name]
    return sum(map(len, parts[:which])), len(parts[which])


def asin_coefficients(table: Any) -> Any:
    """Read ``asin(s)/s`` in ``r = 2 s^2``; ``theta = sqrt(2 r) * polynomial(r)``."""
    return _read(table, _ASIN)


def excess_coefficients(table: Any) -> Any:
    """Read ``(2/pi)(sin t - t cos t)/t^3`` in ``t^2``."""
    return _read(table, _EXCESS)


def sinc_coefficients(table: Any) -> Any:
    """Read ``(1 - sin(x)/x)/x^2`` in ``x^2``."""
    return _read(table, _SINC)


def decay_coefficients(table: Any) -> Any:
    """Read ``(1 - exp(-f))/f`` for ``|f| <= ln(2)/2``."""
    return _read(table, _DECAY)


def fall_terms(coefs: Any) -> Any:
    """Read the first polynomial of the op ``rectified`` from its own coefficients."""
    return tuple(coefs[:RECTIFIED_TERMS])


def slope_terms(coefs: Any) -> Any:
    """Read the second one."""
    return tuple(coefs[RECTIFIED_TERMS : 2 * RECTIFIED_TERMS])


def _read(table: Any, which: int) -> Any:
    start, length = _span(table.dtype.name, which)
    return tuple(table[start : start + length])


def polynomial(x: Any, c: Any) -> Any:
    """Return ``sum_k c[k] x^k`` for a tuple ``c``, by short Horner chains."""
    result: Any = _compiled_text(len(c))(x, c)
    return result


def _chain(first: int, last: int) -> str:
    """Return the text of a Horner chain over ``c[first:last]``."""
    text = f"c[{last - 1}]"
    for k in range(last - 2, first - 1, -1):
        text = f"(c[{k}] + x * {text})"
    return text


def _compiled_text(n: int) -> Any:
    """Return a function of ``(x, c)``: chains of six, joined by powers of ``x^6``.

    Three short chains side by side hide the latency of the fused multiply-add.
    """
    starts = list(range(0, n, 6))
    text = _chain(starts[-1], n)
    for k in reversed(starts[:-1]):
        text = f"({_chain(k, k + 6)} + (x * x * x) * (x * x * x) * {text})"
    return eval(f"lambda x, c: {text}")


def _reader(which: int) -> Any:
    """Return the overload that reads one polynomial through a pointer or an array."""

    def build(table):  # type: ignore[no-untyped-def]
        kind = getattr(table, "dtype", None)
        return _items("table", *_span(str(kind), which))

    return build


def _items(name: str, start: int, length: int) -> Any:
    """Return a function that reads a tuple of items of its argument."""
    items = ", ".join(f"{name}[{start + k}]" for k in range(length))
    return eval(f"lambda {name}: ({items},)")


if JIT_ENABLED:
    overload(asin_coefficients)(_reader(_ASIN))
    overload(excess_coefficients)(_reader(_EXCESS))
    overload(sinc_coefficients)(_reader(_SINC))
    overload(decay_coefficients)(_reader(_DECAY))
    overload(fall_terms)(lambda coefs: _items("coefs", 0, RECTIFIED_TERMS))
    overload(slope_terms)(lambda coefs: _items("coefs", *[RECTIFIED_TERMS] * 2))

    @overload(polynomial, jit_options={"forceinline": True})
    def _polynomial_overload(x, c):  # type: ignore[no-untyped-def]
        return _compiled_text(len(c)) if isinstance(c, types.BaseTuple) else None
