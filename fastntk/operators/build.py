"""`fastntk.operator`: checks, memory and cache of a kernel operator."""

import functools
from typing import Any

from fastntk._errors import InputError
from fastntk._resources import memory_told
from fastntk._shown import shown
from fastntk._typing import MatrixLike
from fastntk._validation import check_flag
from fastntk.calls.choose import by_tiles
from fastntk.operators.cache_options import check_cache, make_cache
from fastntk.operators.gram_operator import GramOperator
from fastntk.operators.layout import choose_layout
from fastntk.request.options import Options
from fastntk.request.progress import ProgressArg
from fastntk.request.request import Request
from fastntk.tiling.setup import prepare

__all__ = ["operator", "operator_of"]


@memory_told("operator")
def operator(
    net: Any,
    x1: MatrixLike,
    x2: MatrixLike | None = None,
    get: str = "ntk",
    *,
    dtype: Any = None,
    backend: str = "auto",
    threads: int | None = None,
    max_memory: int | float | str | None = None,
    cache: Any = "auto",
    collapse: bool = True,
    progress: ProgressArg = False,
    copy: bool = True,
) -> GramOperator:
    """Return a kernel matrix as a linear operator; the matrix is never held.

    Parameters
    ----------
    net : Network or Spec
        The network.
    x1 : array-like or CSR matrix of shape (n1, d)
        One row per sample; of rows on a GPU a copy is held in host memory.
    x2 : array-like or CSR matrix of shape (n2, d), optional
        The other side; None means ``x1``: a symmetric operator.
    get : {"ntk", "nngp"}, default="ntk"
        Which kernel.
    dtype : {"float32", "float64"}, optional
        Of the entries; products are float64 always. Default: that of the inputs.
    backend, threads
        As in `fastntk.gram`.
    max_memory : int or str, optional
        Bytes for everything but inputs and outputs: the copy of the inputs, packed
        vectors, workspaces, and the tiles that are kept.
    cache : {"auto", "ram", "none"} or path-like, default="auto"
        Which tiles are kept for the next product: "ram": as many as the budget has
        room for (without one: a quarter of the free memory), unless they are computed
        as fast as they are read. A folder: those that do not fit, in a file there that
        has no name and goes with the process. "auto": as "ram", and a file in the
        folder of temporary files if tiles cost much more to compute than to read.
    collapse : bool, default=True
        As in `fastntk.gram`.
    progress : bool or callable, default=False
        As in `fastntk.gram`, for every product.
    copy : bool, default=True
        Whether the operator keeps a copy of the rows, ``n d`` numbers, so that you may
        change yours; it counts as an input in ``max_memory``. False keeps the rows
        themselves: leave them as they are while the operator is in use.

    Returns
    -------
    GramOperator
        A `scipy.sparse.linalg.LinearOperator`, with ``diagonal()``, ``block(rows,
        cols)`` and ``shifted(ridge)``.

    Raises
    ------
    InputError, NetworkError, RangeError, NotSupportedError
        As for `fastntk.gram`.
    MemoryBudgetError
        If one vector can't be multiplied within ``max_memory``.
    StoreError
        If the folder of the cache is not there, or can't be written to.

    Notes
    -----
    Cost of a product: that of the tiles, half of them if ``x2`` is None, and 2 to 4
    flops per entry and column; up to 256 columns are multiplied in one walk over the
    tiles. Float32 tiles are multiplied with columns rounded to float32 (scaled, so
    that nothing leaves the range); sums of 64 products are float32, all others float64:
    errors are about 2e-7 of ``|K| |V|``, those of the entries themselves. With float64
    tiles everything is float64.

    Sums have a fixed order: results are the same to the last bit for every number of
    threads, and with or without a cache. A column that holds NaN gives NaN.

    An operator can be pickled: network, inputs and options are, tiles are not.

    Examples
    --------
    >>> import numpy as np
    >>> import fastntk
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(64), stax.Relu(), stax.Dense(1))
    >>> x = np.eye(3)
    >>> K = fastntk.operator(net, x)
    >>> np.allclose(K @ np.ones(3), fastntk.gram(net, x) @ np.ones(3))
    True
    """
    options = Options(
        dtype=dtype,
        backend=backend,
        threads=threads,
        max_memory=max_memory,
        progress=progress,
        collapse=collapse,
    )
    return operator_of(net, x1, x2, get, options, cache, copy=copy)


def operator_of(
    net: Any,
    x1: Any,
    x2: Any,
    get: str,
    options: Options,
    cache: Any = "auto",
    *,
    copy: bool = False,
) -> GramOperator:
    """Return the result of `operator` for options that are checked."""
    if not isinstance(get, str):
        raise InputError(
            f"get: found {shown(get)}; expected 'nngp' or 'ntk': an operator is one "
            "matrix. Make one operator for each kernel"
        )
    asked = Request.of(net, x1, x2, get, options)
    with by_tiles(asked, "operator") as request:
        setup = prepare(request)
        check_cache(cache)
        if check_flag(copy, "copy") and not asked.is_on_device:
            setup.own_rows(request)
        layout = choose_layout(setup)
        setup.prepare_rows()
        kept = make_cache(cache, layout)
        fixed = setup.options.replace(dtype=setup.dtype)
        again = functools.partial(
            operator_of, net, setup.x1, setup.x2, get, fixed, cache
        )
        return GramOperator(net, setup, layout, kept, again, progress=fixed.progress)
