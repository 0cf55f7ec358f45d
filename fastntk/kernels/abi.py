"""The one signature of every op, fixed so that ops can be called by address.

``op(slots, rows, cols, dims, ints, coefs, constants)`` with pointers to

``slots`` : compute dtype
    The panel: slot ``k`` of panel row ``i`` is the strip of ``dims[PANEL_COLS]`` items
    from ``(k * dims[PANEL_ROWS] + i) * dims[PANEL_COLS]``.
``rows``, ``cols`` : compute dtype
    Row tables at either side: table ``t`` of panel row ``i`` is
    ``rows[t * dims[ROWS_STRIDE] + i]``, and that of the columns of panel row ``i`` is
    the strip from ``t * dims[COLS_STRIDE] + i * dims[COLS_STEP]``. The step is 0 for
    fully connected networks; a convolution has one strip per pixel of the other image.
``dims`` : int64
    The five numbers above.
``ints``, ``coefs`` : int64, compute dtype
    The op's own row of the Program: slots, first table, flags; coefficients.
``constants`` : compute dtype
    Coefficients of the polynomials, see `fastntk.kernels.formulas.polynomials`.

A body comes in three kinds: ``forward`` (pairs, by address), ``row_forward`` (variances
and row tables, float64, `fastntk.kernels.rows.ops`) and ``vjp`` (reverse mode, same
signature as ``forward`` with the cotangent slots after the primal ones in ``ints``).
"""

from __future__ import annotations

PANEL_ROWS, PANEL_COLS, ROWS_STRIDE, COLS_STRIDE, COLS_STEP = range(5)
N_DIMS = 5

# ints: the slots of up to two operands (tangent slot -1: NNGP only), then the first
# row table, then flags
RHO, TAU, RHO_2, TAU_2, TABLE, FLAGS = range(6)
N_INTS = 6

# flags of several ops: no correlation that comes in is negative; of affine: there is a
# bias in the covariance, in the tangent; the tangent adds the new covariance (its own)
NON_NEGATIVE, AFFINE_RHO, AFFINE_TAU_CONSTANT, AFFINE_TAU_OUTPUT = 1, 2, 4, 8
# of series: times the row scales, added to what is there; terms per block
SERIES_SCALED, SERIES_ACCUMULATE = 1, 2
SERIES_STEP = 8

# of rectified: length of each of its two polynomials in coefs
RECTIFIED_TERMS = 26
# terms that a Hermite series takes at a time
SERIES_TERMS = 2
# of mehler: the layer's kernel holds for rows of variance 1 (a warning tells others)
UNIT_VARIANCE = 64
