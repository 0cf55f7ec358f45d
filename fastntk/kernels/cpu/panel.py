"""Where op bodies find their numbers: strips of a panel, row tables.

See `fastntk.kernels.abi` for the layout.
"""

from __future__ import annotations

from fastntk._jit import like, scalar, strip
from fastntk._typing import Pointer, Scalar, Strip
from fastntk.kernels.abi import (
    COLS_STEP,
    COLS_STRIDE,
    PANEL_COLS,
    PANEL_ROWS,
    ROWS_STRIDE,
)

__all__ = ["clear", "col", "has_near", "is_double", "near_limit", "row", "slot"]


@scalar
def slot(slots: Pointer, dims: Pointer, k: int, i: int) -> Strip:
    """Return slot ``k`` of panel row ``i``."""
    n = dims[PANEL_COLS]
    return strip(slots, (k * dims[PANEL_ROWS] + i) * n, n)


@scalar
def col(cols: Pointer, dims: Pointer, table: int, i: int) -> Strip:
    """Return a column table at panel row ``i``."""
    start = table * dims[COLS_STRIDE] + i * dims[COLS_STEP]
    return strip(cols, start, dims[PANEL_COLS])


@scalar
def row(rows: Pointer, dims: Pointer, table: int, i: int) -> Scalar:
    """Return a row table's number for panel row ``i``."""
    return rows[table * dims[ROWS_STRIDE] + i]


@scalar
def clear(x: Strip) -> None:
    """Fill a strip with zeros."""
    for j in range(len(x)):
        x[j] = like(x[j], 0.0)


@scalar
def is_double(x: Scalar) -> bool:
    """Return whether this is float64 (known when compiled)."""
    one = like(x, 1.0)
    return bool(one + like(x, 1e-12) > one)


@scalar
def near_limit(x: Scalar) -> Scalar:
    """Return the complement below which differences take over, by the dtype of ``x``.

    There the rounding of a complement, an ulp of 1, would show in the angle.
    """
    return like(x, 0.002) if is_double(x) else like(x, 0.05)


@scalar
def has_near(x: Strip) -> bool:
    """Return whether a strip has a pair close to +-1."""
    n = 0
    limit = near_limit(x[0])
    for j in range(len(x)):
        n += 1 if abs(x[j]) < limit else 0
    return n > 0
