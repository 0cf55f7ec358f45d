"""Known numbers for op bodies, on which a body is run that another process compiled.

One panel of one row, whose pairs and tables have all signs and sizes that a formula
tells apart. No op takes numbers in this order; what counts is that all of them read
inside the arrays, and that wrong machine code, such as that of another dtype, gives
something else.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from fastntk.kernels.abi import (
    COLS_STRIDE,
    FLAGS,
    N_DIMS,
    N_INTS,
    PANEL_COLS,
    PANEL_ROWS,
    RECTIFIED_TERMS,
    RHO,
    RHO_2,
    ROWS_STRIDE,
    TAU,
    TAU_2,
)
from fastntk.kernels.formulas.polynomials import constants

__all__ = ["known_panel"]

_COLS, _SLOTS, _TABLES = 64, 4, 8
_N_COEFS = 2 * RECTIFIED_TERMS


def known_panel(dtype: np.dtype[Any]) -> tuple[np.ndarray[Any, Any], ...]:
    """Return new slots, rows, cols, dims, ints, coefs and constants.

    There is room for machine code of the wider dtype, which reads and writes twice as
    far.
    """
    return tuple(part.copy() for part in _panel(dtype))


@functools.cache
def _panel(dtype: np.dtype[Any]) -> tuple[np.ndarray[Any, Any], ...]:
    dims, ints = np.zeros(N_DIMS, np.int64), np.zeros(N_INTS, np.int64)
    dims[PANEL_ROWS], dims[PANEL_COLS] = 1, _COLS
    dims[ROWS_STRIDE], dims[COLS_STRIDE] = 1, _COLS
    ints[RHO], ints[TAU], ints[RHO_2], ints[TAU_2] = range(4)
    ints[FLAGS] = 2  # the bias of affine; series adds to what is there
    slots = _spread(2 * _SLOTS * _COLS, 0.9, dtype)  # complements; both signs
    rows = np.abs(_spread(2 * _TABLES, 0.7, dtype)) + dtype.type(0.2)
    cols = np.abs(_spread(2 * _TABLES * _COLS, 0.6, dtype)) + dtype.type(0.3)
    cols[5] = 0.0  # a column of a row of zeros
    coefs = _spread(2 * _N_COEFS, 0.3, dtype)
    coefs[:2] = 2.0, 0.0  # terms of mehler, and no shorter series; blocks of series
    table = np.zeros(2 * len(constants(dtype)), dtype)
    table[: len(table) // 2] = constants(dtype)
    return slots, rows, cols, dims, ints, coefs, table


def _spread(n: int, size: float, dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Return numbers that fill [-size, size] without an order."""
    golden = 0.6180339887498949
    fractions = golden * np.arange(1, n + 1) % 1.0
    return np.asarray(size * (2.0 * fractions - 1.0), dtype)
