"""A kernel matrix that is never held: products, blocks and the diagonal."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastntk._errors import InputError, NotSupportedError
from fastntk._resources import memory_told
from fastntk._typing import AnyArray, FloatArray, InputMatrix
from fastntk.backends.base import Worker
from fastntk.operators.anywhere import AnywhereOperator
from fastntk.operators.blocks import compute_block
from fastntk.operators.cache_options import memory_limit
from fastntk.operators.layout import Layout
from fastntk.operators.on_device import columns_anywhere, entry_flops, multiplier
from fastntk.operators.product_sink import ProductSink, WatchedWorker
from fastntk.operators.shifted import ShiftedOperator
from fastntk.operators.tile_cache import TileCache, TileSource
from fastntk.operators.vectors import Panels, as_columns, pack_columns
from fastntk.request.options import Options
from fastntk.request.placement import to_host
from fastntk.request.progress import ProgressArg, make_progress
from fastntk.tiling.driver import walk
from fastntk.tiling.setup import Setup

__all__ = ["GramOperator"]


class GramOperator(AnywhereOperator):
    """The kernel matrix of a network as a linear operator; made by `fastntk.operator`.

    Parameters
    ----------
    net : Network or Spec
        The network.
    setup : Setup
        The checked call, with its rows prepared.
    layout : Layout
        Tile plan, threads and memory.
    cache : TileCache, optional
        Keeps tiles between products.
    again : callable, optional
        Makes the same operator elsewhere, where a pickled one is read.
    progress : bool or callable, default=False
        As in `fastntk.operator`.

    Attributes
    ----------
    x1, x2 : ndarray or CSR matrix of shape (n1, d) and (n2, d)
        The inputs; ``x2`` is None if the matrix is symmetric.
    get : str
        "nngp" or "ntk".
    shape : tuple of int
        (n1, n2).
    dtype : numpy dtype
        float64, of products.
    tile_dtype : numpy dtype
        float32 or float64: of the entries of the matrix.
    is_symmetric : bool
        Whether ``x2`` is None.

    Notes
    -----
    Every product walks the tile plan. A tile of a symmetric matrix is computed once and
    used for both halves; products are summed in float64, in the order of the plan, so
    they are the same to the last bit for every number of threads, and with or without
    a cache. On a GPU (``backend="cuda"``) blocks are multiplied where they are, and no
    tile is kept. Columns may lie on a GPU, whatever the backend; the product is then an
    array there, also that of ``A.T``, ``A.shifted(ridge)``, ``A + B`` or ``2 * A``.
    """

    def __init__(
        self,
        net: Any,
        setup: Setup,
        layout: Layout,
        cache: TileCache | None = None,
        again: Callable[[], "GramOperator"] | None = None,
        *,
        progress: ProgressArg = False,
    ) -> None:
        self.net = net
        self.cache = cache
        self._setup, self._layout = setup, layout
        self._progress = progress
        self._again = again
        self._idle: list[Worker] = []
        self._multiply = multiplier(setup)
        super().__init__(dtype=np.dtype(np.float64), shape=setup.shape)

    def __reduce__(self) -> Any:
        if self._again is None:
            raise NotSupportedError(
                "this operator was not made by fastntk.operator and can't be pickled; "
                "pass network and rows, and make it where it is used"
            )
        return self._again, ()

    @property
    def x1(self) -> InputMatrix:
        """The rows."""
        return self._setup.x1

    @property
    def x2(self) -> InputMatrix | None:
        """The columns' rows; None if the matrix is symmetric."""
        return self._setup.x2

    @property
    def get(self) -> str:
        """Which kernel."""
        return self._setup.get[0]

    @property
    def options(self) -> Options:
        """How tiles are computed: what another operator of the same kind is given."""
        return self._setup.options.replace(dtype=self._setup.dtype)

    @property
    def tile_dtype(self) -> np.dtype[Any]:
        """Of the entries of the matrix."""
        return self._setup.dtype

    @property
    def is_symmetric(self) -> bool:
        """Whether the matrix is that of ``x1`` with itself."""
        return self._setup.x2 is None

    @property
    def flops_per_entry(self) -> float:
        """Cost of an entry that is computed, in flops of a matrix product."""
        return entry_flops(self._setup)

    def close(self) -> None:
        """Drop the tiles that are kept; the operator can still be used."""
        if self.cache is not None:
            self.cache.clear()

    @memory_told("diagonal")
    def diagonal(self) -> FloatArray:
        """Return the diagonal, exact from the variances.

        Returns
        -------
        ndarray of shape (n,)
            float64, in squared output units.

        Raises
        ------
        InputError
            If the matrix has two sides.
        """
        if not self.is_symmetric:
            raise InputError(
                f"diagonal: found a kernel of two sides, shape {self.shape}; expected "
                "a symmetric one. Leave x2 out, or use block(rows, cols)"
            )
        values: FloatArray = self._setup.rows1.diagonal(self.get).copy()
        return values

    @memory_told("block")
    def block(self, rows: Any, cols: Any) -> AnyArray:
        """Return some rows and columns of the matrix.

        Parameters
        ----------
        rows, cols : slice, sequence of int, or mask
            Which; negative numbers count from the end, repetitions are allowed.

        Returns
        -------
        ndarray of shape (len(rows), len(cols))
            In `tile_dtype`. Entries of a row with itself are those of `diagonal`.

        Raises
        ------
        InputError
            If a number is outside the matrix.

        Notes
        -----
        Cost: that of ``fastntk.gram`` of these rows.
        """
        return compute_block(self._setup, to_host(rows), to_host(cols))

    def shifted(self, ridge: Any) -> ShiftedOperator:
        """Return ``K + ridge I``.

        Parameters
        ----------
        ridge : float or array-like of shape (n,)
            Added to the diagonal; >= 0, in squared output units.

        Raises
        ------
        InputError
            If it is negative or not finite, or the matrix has two sides.
        """
        return ShiftedOperator(self, ridge)

    @columns_anywhere
    def matvec(self, x: Any) -> AnyArray:
        """Return ``K x``, float64 of the shape of ``x``: (n2,) or (n2, 1)."""
        vector = as_columns(x, self.shape[1], 1, "matvec")
        product = self._product(vector.reshape(-1, 1), is_transposed=False)
        return product.reshape(-1, *vector.shape[1:])

    @columns_anywhere
    def rmatvec(self, x: Any) -> AnyArray:
        """Return ``K^T x``, float64."""
        vector = as_columns(x, self.shape[0], 1, "rmatvec")
        product = self._product(vector.reshape(-1, 1), is_transposed=True)
        return product.reshape(-1, *vector.shape[1:])

    @columns_anywhere
    def matmat(self, X: Any) -> AnyArray:
        """Return ``K X`` for columns: float64 of shape (n1, columns).

        Parameters
        ----------
        X : array-like of shape (n2, columns)
            Real or complex; taken as float64.

        Returns
        -------
        ndarray of shape (n1, columns)
            float64 (complex128 for complex columns).

        Raises
        ------
        InputError
            If the shape or the dtype does not fit.
        KeyboardInterrupt
            After all threads ended; the operator can be used again.
        """
        columns = as_columns(X, self.shape[1], 2, "matmat")
        return self._product(columns, is_transposed=False)

    @columns_anywhere
    def rmatmat(self, X: Any) -> AnyArray:
        """Return ``K^T X``; see `matmat`."""
        columns = as_columns(X, self.shape[0], 2, "rmatmat")
        return self._product(columns, is_transposed=True)

    # what SciPy's own methods call
    _matvec, _matmat, _rmatvec, _rmatmat = matvec, matmat, rmatvec, rmatmat

    def _adjoint(self) -> Any:
        return self if self.is_symmetric else super()._adjoint()

    def _transpose(self) -> Any:
        return self if self.is_symmetric else super()._transpose()

    @memory_told("operator")
    def _product(self, x: AnyArray, *, is_transposed: bool) -> AnyArray:
        """Return the product with all columns, some of them at a time."""
        if x.dtype.kind == "c":
            parts = [np.ascontiguousarray(part) for part in (x.real, x.imag)]
            real, imag = (self._product(p, is_transposed=is_transposed) for p in parts)
            return real + 1j * imag
        out = np.zeros((self.shape[1 if is_transposed else 0], x.shape[1]))
        step = self._layout.columns()
        for start in range(0, x.shape[1], step):
            part = slice(start, min(start + step, x.shape[1]))
            if self._multiply is not None:
                bar = make_progress(self._progress, self.shape[0] * self.shape[1])
                out[:, part] = self._multiply(
                    x[:, part], is_transposed=is_transposed, progress=bar
                )
                continue
            if self.cache is not None and self._layout.budget is not None:
                self.cache.shrink(memory_limit(self._layout, part.stop - part.start))
            panels = pack_columns(x[:, part], self.tile_dtype)
            self._walk(panels, out[:, part], is_transposed)
            del panels  # before the next ones are made
        return out

    def _walk(self, panels: Panels, out: FloatArray, is_transposed: bool) -> None:
        """Add one product to ``out``."""
        setup, plan, threads = self._setup, self._layout.plan, self._layout.threads
        diagonal = setup.rows1.diagonal(self.get) if self.is_symmetric else None
        sink = ProductSink(
            panels,
            out,
            is_transposed=is_transposed and not self.is_symmetric,
            threads=threads,
        )
        taken: list[Worker] = []

        def new_worker() -> Worker:
            try:
                worker = self._idle.pop()
            except IndexError:
                worker = setup.new_worker(plan)
            taken.append(worker)
            source = TileSource(worker, self.cache, diagonal, plan.side, setup.dtype)
            return WatchedWorker(source, sink)

        bar = make_progress(self._progress, self.shape[0] * self.shape[1])
        walk(plan, new_worker, sink, threads=threads, progress=bar)
        self._idle += taken
