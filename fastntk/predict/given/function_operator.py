"""Products with the kernel of any kernel function, some rows at a time."""

from typing import Any

import numpy as np

from fastntk._typing import AnyArray, FloatArray
from fastntk.predict.given.checks import as_real
from fastntk.predict.given.sources import KernelSource

__all__ = ["FunctionOperator", "kernel_operator"]

_ENTRIES = 1 << 24  # of a block: 128 MiB


class FunctionOperator:
    """The kernel matrix of a function ``(x1, x2, get)``, computed anew in each product.

    Parameters
    ----------
    source : KernelSource
        The function.
    x : array-like of shape (n, ...)
        Rows, which can be taken by index arrays.
    get : {"nngp", "ntk"}
        Which kernel.
    kwargs : dict
        Further arguments of the function.
    """

    def __init__(
        self, source: KernelSource, x: Any, get: str, kwargs: dict[str, Any]
    ) -> None:
        self._source, self._x, self._get = source, x, get
        self._kwargs = kwargs
        n = int(np.shape(x)[0])
        self.shape: tuple[int, int] = (n, n)
        self.dtype: np.dtype[Any] = np.dtype(np.float64)

    def matmat(self, columns: AnyArray, /) -> FloatArray:
        """Return ``K V`` in float64."""
        n = self.shape[0]
        result = np.empty((n, columns.shape[1]))
        step = max(1, _ENTRIES // n)
        for start in range(0, n, step):
            rows = slice(start, start + step)
            result[rows] = self._kernel(self._x[rows], self._x) @ columns
        return result

    def diagonal(self) -> FloatArray:
        """Return the variances."""
        return self._source.diagonal(self._x, self._get, **self._kwargs)

    def block(self, rows: Any, cols: Any, /) -> FloatArray:
        """Return some rows and columns."""
        return self._kernel(self._x[rows], self._x[cols])

    def _kernel(self, x1: Any, x2: Any) -> FloatArray:
        found = self._source(x1, x2, (self._get,), "x_train", **self._kwargs)
        return np.asarray(as_real(found[self._get], "x_train"), dtype=np.float64)


def kernel_operator(
    source: KernelSource, x: Any, get: str, kwargs: dict[str, Any], max_memory: Any
) -> Any:
    """Return the kernel of training rows as an operator.

    That of a network is `fastntk.operator`, in float64; other functions are called
    block by block.
    """
    network = source.network
    if network is not None and not kwargs and np.ndim(x) == 2:
        from fastntk.operators import operator
        from fastntk.program.one_run import is_one_run
        from fastntk.spec import as_spec

        if is_one_run(as_spec(network)):
            how: dict[str, Any] = {"dtype": np.float64, "max_memory": max_memory}
            return operator(network, x, get=get, copy=False, **how)  # kept already
    return FunctionOperator(source, x, get, kwargs)
