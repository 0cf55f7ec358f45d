"""The loops of the other modules of this folder in Python, for runs without the JIT."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastntk.kernels.vector.ir import GROUP_ROWS, TRANSPOSE_BYTES, panel_width

__all__ = [
    "hermite_sums",
    "hermite_values",
    "least_size",
    "micro_distance",
    "micro_product",
    "stream_square",
    "stream_vector",
    "strided_product",
    "strided_product_half",
    "transpose_square",
]


def _slab(x: Any, start: int, depth: int, width: int, n: int) -> Any:
    """Return the (depth, n) slab of a packed panel."""
    return x[start : start + depth * width].reshape(depth, width)[:, :n]


def micro_product(  # noqa: D103 - see the module's docstring
    a: Any,
    a_start: int,
    b: Any,
    b_start: int,
    c: Any,
    c_start: int,
    c_stride: int,
    depth: int,
    width: int,
    is_first: bool,
) -> None:
    n = panel_width(c.dtype)  # width: items from one feature to the next
    left = np.stack([a[a_start + k * width :][:GROUP_ROWS] for k in range(depth)])
    right = np.stack([b[b_start + k * width :][:n] for k in range(depth)])
    product = left.T @ right
    for i in range(GROUP_ROWS):
        goal = c[c_start + i * c_stride :][:n]
        goal[:] = product[i] if is_first else goal + product[i]


def strided_product(  # noqa: D103
    a: Any,
    a_start: int,
    a_item: int,
    a_step: int,
    b: Any,
    b_start: int,
    b_step: int,
    c: Any,
    c_start: int,
    c_stride: int,
    depth: int,
    is_first: bool,
    *,
    part: int = 1,
) -> None:
    n, k = panel_width(a.dtype) // part, np.arange(depth)
    left = a[a_start + np.arange(GROUP_ROWS)[:, None] * a_item + k * a_step]
    right = b[b_start + k[:, None] * b_step + np.arange(n)]
    for i, row in enumerate(left @ right):
        goal = c[c_start + i * c_stride :][:n]
        goal[:] = row if is_first else goal + row


def strided_product_half(*arguments: Any) -> None:  # noqa: D103
    strided_product(*arguments, part=2)


def micro_distance(  # noqa: D103
    a: Any,
    a_start: int,
    b: Any,
    b_start: int,
    c: Any,
    depth: int,
    width: int,
    sign: Any,
) -> None:
    left = np.stack([a[a_start + k * width :][:GROUP_ROWS] for k in range(depth)])
    right = _slab(b, b_start, depth, width, width)
    for i in range(GROUP_ROWS):
        gap = left[:, i, None] - sign * right
        c[i * width : (i + 1) * width] = (gap * gap).sum(axis=0)


def transpose_square(  # noqa: D103
    a: Any, a_start: int, a_stride: int, b: Any, b_start: int, b_stride: int
) -> None:
    n = TRANSPOSE_BYTES // a.itemsize
    for i in range(n):
        for j in range(n):
            b[b_start + j * b_stride + i] = a[a_start + i * a_stride + j]


stream_square = transpose_square  # there are no caches to pass by


def stream_vector(a: Any, a_start: int, b: Any, b_start: int) -> None:  # noqa: D103
    n = TRANSPOSE_BYTES // a.itemsize
    b[b_start : b_start + n] = a[a_start : a_start + n]


def hermite_sums(  # noqa: D103
    x: Any,
    x_start: int,
    rows: Any,
    row_start: int,
    row_stride: int,
    cols: Any,
    col_start: int,
    col_stride: int,
    n_terms: int,
    out: Any,
    out_start: int,
    out_stride: int,
) -> None:
    r, c, rho = _terms(
        *(x, x_start, rows, row_start, row_stride),
        *(cols, col_start, col_stride, n_terms),
    )
    k, w = np.arange(n_terms)[:, None], r * c
    sign = np.copysign(1, x[x_start : x_start + rho.size])
    total = np.cumsum((w * np.where(k % 2, 1, sign))[::-1], axis=0)[::-1]
    sums = (
        ((r - c) ** 2).sum(axis=0),
        w[1::2].sum(axis=0),
        w[::2].sum(axis=0),
        (total[1:] * np.abs(rho) ** (k[1:] - 1)).sum(axis=0),
        (k[1:] * w[1:] * rho ** (k[1:] - 1)).sum(axis=0),
    )
    for m, values in enumerate(sums):
        start = out_start + m * out_stride
        out[start : start + rho.size] = values


def hermite_values(  # noqa: D103
    x: Any,
    x_start: int,
    rows: Any,
    row_start: int,
    row_stride: int,
    cols: Any,
    col_start: int,
    col_stride: int,
    n_terms: int,
    out: Any,
    out_start: int,
    out_stride: int,
) -> None:
    r, c, rho = _terms(
        *(x, x_start, rows, row_start, row_stride),
        *(cols, col_start, col_stride, n_terms),
    )
    k, w = np.arange(n_terms)[:, None], r * c
    out[out_start : out_start + rho.size] = (w * rho**k).sum(axis=0)
    start = out_start + out_stride
    slopes = (k[1:] * w[1:] * rho ** (k[1:] - 1)).sum(axis=0)
    out[start : start + rho.size] = slopes


def least_size(x: Any, x_start: int) -> Any:  # noqa: D103
    return np.abs(x[x_start : x_start + panel_width(x.dtype)]).min()


def _terms(
    x: Any,
    x_start: int,
    rows: Any,
    row_start: int,
    row_stride: int,
    cols: Any,
    col_start: int,
    col_stride: int,
    n_terms: int,
) -> tuple[Any, Any, Any]:
    """Return the tables of a row and of a panel's width of columns, and ``rho``."""
    width = panel_width(x.dtype)
    pairs = x[x_start : x_start + width]
    r = np.stack([rows[row_start + m * row_stride] for m in range(n_terms)])[:, None]
    c = np.stack([cols[col_start + m * col_stride :][:width] for m in range(n_terms)])
    return r, c, np.copysign(1 - np.abs(pairs), pairs)
