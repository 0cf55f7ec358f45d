"""What happens to one tile of complements: program, kernel values, mirror image.

i = row, j = column of the tile; a panel is a few rows by one strip of columns, small
enough that all its slots stay in the L1 cache while every op of the program runs.
"""

from __future__ import annotations

from fastntk._jit import call_op, cpu_kernel, like, scalar
from fastntk._typing import AnyArray, Scalar, Strip
from fastntk.kernels.abi import PANEL_COLS, PANEL_ROWS
from fastntk.kernels.formulas.pairs import correlation
from fastntk.kernels.vector.chosen import (
    TRANSPOSE_BYTES,
    stream_square,
    stream_vector,
    transpose_square,
)

__all__ = [
    "copy_block",
    "mirror_block",
    "run_program",
    "run_segment",
    "symmetrise_block",
]


@scalar
def _copy(target: Strip, source: Strip) -> None:
    for j in range(len(target)):
        target[j] = source[j]


@scalar
def _load(
    panel: Strip,
    block: AnyArray,
    i0: int,
    j0: int,
    n_rows: int,
    n_cols: int,
    n_slots: int,
) -> None:
    """Put complements into slot 0 and clear the tangent slot beside it."""
    for i in range(n_rows):
        source = block[i0 + i, j0 : j0 + n_cols]
        _copy(panel[i * n_cols : (i + 1) * n_cols], source)
    if n_slots > 1:
        tau = panel[n_rows * n_cols : 2 * n_rows * n_cols]
        for j in range(n_rows * n_cols):
            tau[j] = like(tau[j], 0.0)


@scalar
def _store_nngp(target: Strip, x: Strip, scale: Scalar, scales: Strip) -> None:
    for j in range(len(target)):
        target[j] = (correlation(x[j]) * scale) * scales[j]


@scalar
def _store_ntk(target: Strip, tau: Strip, scale: Scalar, scales: Strip) -> None:
    for j in range(len(target)):
        target[j] = (tau[j] * scale) * scales[j]


@scalar
def _store(
    target: AnyArray,
    panel: Strip,
    rows: Strip,
    cols: Strip,
    dims: AnyArray,
    first: int,
    i0: int,
    j0: int,
    slot: int,
    table: int,
    kind: int,
) -> None:
    """Scale one slot by its row tables (kind 2: as it is) and write it to the tile.

    The tile is the rows from ``first`` of ``target``.
    """
    n_rows, n_cols = dims[PANEL_ROWS], dims[PANEL_COLS]
    scales = cols[table * dims[3] + j0 : table * dims[3] + j0 + n_cols]
    for i in range(n_rows):
        source = panel[(slot * n_rows + i) * n_cols : (slot * n_rows + i + 1) * n_cols]
        goal = target[first + i0 + i, j0 : j0 + n_cols]
        scale = rows[table * dims[2] + i0 + i]
        if kind == 0:
            _store_nngp(goal, source, scale, scales)
        elif kind == 1:
            _store_ntk(goal, source, scale, scales)
        else:
            _copy(goal, source)


@cpu_kernel
def run_program(
    block: AnyArray,
    second: AnyArray,
    more: AnyArray,
    rows: Strip,
    cols: Strip,
    dims: AnyArray,
    addresses: AnyArray,
    ints: AnyArray,
    coefs: AnyArray,
    constants: AnyArray,
    panel: Strip,
    shape: AnyArray,
    outputs: AnyArray,
    lower: bool,
) -> None:
    """Run all ops on a tile of complements, panel by panel, and store in place.

    ``shape`` is (panel rows, panel columns, slots); ``outputs`` has a row (slot, table,
    kind) per output: the first goes back to ``block``, the next to ``second``, all
    others to ``more``, one below the other.
    ``lower``: skip panels wholly above the diagonal.
    """
    n1, n2 = block.shape
    for j0 in range(0, n2, shape[1]):
        n_cols = min(shape[1], n2 - j0)
        for i0 in range(0, n1, shape[0]):
            n_rows = min(shape[0], n1 - i0)
            if lower and j0 > i0 + n_rows - 1:
                continue
            dims[PANEL_ROWS], dims[PANEL_COLS] = n_rows, n_cols
            _load(panel, block, i0, j0, n_rows, n_cols, shape[2])
            for k in range(len(addresses)):
                call_op(
                    addresses[k],
                    panel,
                    rows[i0:],
                    cols[j0:],
                    dims,
                    ints[k],
                    coefs[k],
                    constants,
                )
            for k in range(len(outputs)):
                target, first = block, 0
                if k == 1:
                    target = second
                elif k > 1:
                    target, first = more, (k - 2) * n1
                slot, table, kind = outputs[k, 0], outputs[k, 1], outputs[k, 2]
                place = (first, i0, j0)
                _store(target, panel, rows, cols, dims, *place, slot, table, kind)


@cpu_kernel
def run_segment(
    state: AnyArray,
    rows: Strip,
    cols: Strip,
    dims: AnyArray,
    addresses: AnyArray,
    ints: AnyArray,
    coefs: AnyArray,
    constants: AnyArray,
    panel: Strip,
    shape: AnyArray,
) -> None:
    """Run ops on all slots of a tile, ``state`` of shape (slots, n1, n2), in place."""
    n_slots, n1, n2 = state.shape
    for j0 in range(0, n2, shape[1]):
        n_cols = min(shape[1], n2 - j0)
        for i0 in range(0, n1, shape[0]):
            n_rows = min(shape[0], n1 - i0)
            dims[PANEL_ROWS], dims[PANEL_COLS] = n_rows, n_cols
            for k in range(n_slots):
                for i in range(n_rows):
                    start = (k * n_rows + i) * n_cols
                    _copy(
                        panel[start : start + n_cols],
                        state[k, i0 + i, j0 : j0 + n_cols],
                    )
            for k in range(len(addresses)):
                call_op(
                    addresses[k],
                    panel,
                    rows[i0:],
                    cols[j0:],
                    dims,
                    ints[k],
                    coefs[k],
                    constants,
                )
            for k in range(n_slots):
                for i in range(n_rows):
                    start = (k * n_rows + i) * n_cols
                    _copy(
                        state[k, i0 + i, j0 : j0 + n_cols],
                        panel[start : start + n_cols],
                    )


@cpu_kernel
def copy_block(block: AnyArray, target: Strip, stride: int, is_streamed: bool) -> None:
    """Write a tile to rows of ``stride`` items of a flat view.

    ``is_streamed``: the target and its rows are aligned to a vector, and large: write
    past the caches, which halves the traffic.
    """
    n1, n2 = block.shape
    side = TRANSPOSE_BYTES // block.itemsize
    flat = block.reshape(n1 * n2)
    for i in range(n1):
        first = 0
        if is_streamed:
            first = n2 // side * side
            for j in range(0, first, side):
                stream_vector(flat, i * n2 + j, target, i * stride + j)
        source, goal = block[i, first:], target[i * stride + first : i * stride + n2]
        for j in range(n2 - first):
            goal[j] = source[j]


@cpu_kernel
def mirror_block(
    block: AnyArray, target: Strip, stride: int, is_streamed: bool
) -> None:
    """Write the transpose of a tile to rows of ``stride`` items of a flat view."""
    n1, n2 = block.shape
    side = TRANSPOSE_BYTES // block.itemsize
    flat = block.reshape(n1 * n2)
    for j in range(0, n2, side):
        for i in range(0, n1, side):
            if i + side <= n1 and j + side <= n2:
                place = j * stride + i
                if is_streamed:
                    stream_square(flat, i * n2 + j, n2, target, place, stride)
                else:
                    transpose_square(flat, i * n2 + j, n2, target, place, stride)
                continue
            for q in range(j, min(j + side, n2)):
                for p in range(i, min(i + side, n1)):
                    target[q * stride + p] = block[p, q]


@cpu_kernel
def symmetrise_block(block: AnyArray, diagonal: AnyArray) -> None:
    """Write the diagonal, and copy what is below it to what is above."""
    for i in range(block.shape[0]):
        block[i, i] = diagonal[i]
        for j in range(i):
            block[j, i] = block[i, j]
