"""The columns that a product multiplies, packed in panels of the tiles' dtype."""

import dataclasses
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import AnyArray, FloatArray
from fastntk._validation import to_array
from fastntk.kernels.vector.chosen import GROUP_ROWS, panel_width

__all__ = ["MAX_COLUMNS", "Panels", "as_columns", "grouped", "pack_columns", "padded"]

MAX_COLUMNS = 256  # multiplied in one walk; the tiles are then a small part of the work
HEADROOM = -7  # 2^-7: sums of 64 products stay below the largest entry of a tile


@dataclasses.dataclass(frozen=True)
class Panels:
    """Columns, ready to be multiplied.

    Attributes
    ----------
    values : ndarray
        Flat, in the dtype of the tiles: item ``(row, column)`` is at ``((column //
        width) n + row) width + column % width``.
    scales : ndarray of shape (n_columns,)
        Powers of two by which products must be multiplied.
    width : int
        Columns of a panel.
    n : int
        Rows.
    """

    values: FloatArray
    scales: FloatArray
    width: int
    n: int

    @property
    def n_columns(self) -> int:
        """Columns, without padding."""
        return self.scales.size


def grouped(n_columns: int) -> int:
    """Return the columns of whole groups, in which they are multiplied."""
    return -(-n_columns // GROUP_ROWS) * GROUP_ROWS


def padded(n_columns: int, width: int) -> int:
    """Return the columns of whole half panels, in which rows are multiplied."""
    half = width // 2
    return -(-n_columns // half) * half


def as_columns(x: Any, n: int, ndim: int, what: str) -> AnyArray:
    """Return vectors to multiply as an array of ``n`` rows.

    Raises
    ------
    InputError
        If the rank, the number of rows or the dtype does not fit.
    """
    array = to_array(x, what)
    shapes = f"({n},) or ({n}, 1)" if ndim == 1 else f"({n}, columns)"
    fits = array.ndim == ndim or (ndim == 1 and array.shape == (n, 1))
    if not fits or array.shape[0] != n:
        raise InputError(
            f"{what}: found shape {array.shape}; expected {shapes}, one entry for each "
            "row of the other side"
        )
    if array.dtype.kind not in "fiubc":
        raise InputError(
            f"{what}: found dtype {array.dtype}; expected real or complex numbers"
        )
    return array


def pack_columns(x: AnyArray, dtype: np.dtype[Any]) -> Panels:
    """Return columns as panels, padded with columns of zeros.

    For float32 every column is scaled by a power of two, so that neither it nor its
    products leave the range; the relative rounding of an entry is then 6e-8 of the
    column's largest.
    """
    n, n_columns = x.shape
    width = panel_width(dtype)
    n_panels = -(-n_columns // width)
    scales: FloatArray = np.ones(n_columns)
    if dtype == np.float32:
        scales = _scales(x)
    elif n_columns == width and x.dtype == dtype and x.flags.c_contiguous:
        return Panels(x.reshape(-1), scales, width, n)
    panels = np.zeros((n_panels, n, width), dtype)
    for k in range(n_panels):
        columns = slice(k * width, min((k + 1) * width, n_columns))
        goal = panels[k, :, : columns.stop - columns.start]
        np.divide(x[:, columns], scales[columns], out=goal, casting="same_kind")
    return Panels(panels.reshape(-1), scales, width, n)


def _scales(x: AnyArray) -> FloatArray:
    """Return a power of two for every column, near its largest entry."""
    with np.errstate(invalid="ignore"):
        high, low = x.max(axis=0, initial=0), x.min(axis=0, initial=0)
        largest = np.maximum(high.astype(np.float64), -low.astype(np.float64))
    usable = np.isfinite(largest) & (largest > 0)
    exponents = np.frexp(np.where(usable, largest, 1.0))[1] - HEADROOM
    scales: FloatArray = np.ldexp(1.0, np.clip(exponents, -1000, 1000))
    return scales
