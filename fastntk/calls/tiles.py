"""Tiles one after the other, for libraries that want blocks instead of a matrix."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from fastntk._resources import memory_told
from fastntk._typing import GetArg, MatrixLike
from fastntk._validation import check_flag, owned
from fastntk.calls.choose import choose
from fastntk.request.options import Options
from fastntk.request.request import Request

__all__ = ["tiles"]

T = TypeVar("T")


@memory_told("tiles")
def tiles(
    net: Any,
    x1: MatrixLike,
    x2: MatrixLike | None = None,
    get: GetArg = "ntk",
    *,
    dtype: Any = None,
    backend: str = "auto",
    threads: int | None = None,
    max_memory: int | float | str | None = None,
    collapse: bool = True,
    outputs: str | Sequence[str] | None = None,
    copy: bool = True,
) -> Iterator[tuple[slice, slice, Any]]:
    """Yield the kernel matrix block by block; it is never held as a whole.

    Parameters
    ----------
    net, x1, x2, get, dtype, backend, threads
        As in `fastntk.gram`.
    max_memory : int or str, optional
        Bytes for the copy of the inputs and all blocks alive at once, in host memory.
    collapse : bool, default=True
        As in `fastntk.gram`.
    outputs : str or sequence of str, optional
        As in `fastntk.gram`: each block is then a dictionary by place.
    copy : bool, default=True
        Whether the iterator keeps a copy of rows in host memory, so that you may change
        yours between two blocks; it counts as an input in ``max_memory``. False keeps
        the rows themselves: leave them as they are until the last block.

    Yields
    ------
    rows, cols : slice
        Where the block lies.
    block : ndarray, or a named tuple of these
        Yours to keep or change. With ``x2=None`` each block below the diagonal is
        computed once and followed by its mirror image, so the blocks cover the matrix.

    Raises
    ------
    InputError, NetworkError, RangeError, MemoryBudgetError, NotSupportedError
        As for `fastntk.gram`, at the call, before the first block. NotSupportedError
        also for networks that are evaluated on whole matrices: with layers made by a
        user, or inputs with positions.

    Notes
    -----
    Up to ``2 * threads`` tiles are computed ahead. The order is that of the plan for
    every thread count. Closing the iterator stops the threads.

    Examples
    --------
    >>> import numpy as np
    >>> import fastntk
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(64), stax.Relu(), stax.Dense(1))
    >>> x = np.eye(3)
    >>> trace = 0.0
    >>> for rows, cols, block in fastntk.tiles(net, x):
    ...     if rows == cols:
    ...         trace += np.trace(block)
    >>> bool(np.isclose(trace, np.trace(fastntk.gram(net, x))))
    True
    """
    options = Options(
        dtype=dtype,
        backend=backend,
        threads=threads,
        max_memory=max_memory,
        collapse=collapse,
    )
    request = Request.of(net, x1, x2, get, options, outputs)
    if check_flag(copy, "copy") and not request.is_on_device:
        first = owned(request.x1)
        second = first if x2 is x1 else owned(request.x2)
        request = request.replace(x1=first, x2=second)
    return _told(choose(request).tiles(request))


def _told(blocks: Iterator[T]) -> Iterator[T]:
    """Yield blocks as they are; where memory runs out, say so in our words."""
    with memory_told("tiles"):
        yield from blocks
