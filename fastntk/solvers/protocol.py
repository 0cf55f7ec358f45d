"""What a solver knows of a matrix: five members, and nothing of networks."""

from typing import Any, Protocol, runtime_checkable

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import is_traced, shown
from fastntk._typing import AnyArray, FloatArray
from fastntk._validation import check_flag, is_frame, to_array
from fastntk.request.placement import to_host

__all__ = [
    "DenseOperator",
    "KernelOperator",
    "as_operator",
    "columns_of",
    "dense_matrix",
    "finite",
    "product",
    "rounding_unit",
]


@runtime_checkable
class KernelOperator(Protocol):
    """A symmetric positive semi-definite matrix that may never be formed.

    `fastntk.operator` returns one; so is `DenseOperator`, and anything else with these
    members.

    Attributes
    ----------
    shape : tuple of int
        (n, n).
    dtype : dtype
        In which entries are computed: its rounding is what they are good for. If
        products have another one, ``tile_dtype`` is that of entries.
    """

    @property
    def shape(self) -> tuple[int, int]:
        """(n, n)."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """In which products, or entries, are computed."""
        ...

    def matmat(self, columns: AnyArray, /) -> AnyArray:
        """Return ``K V`` for ``V`` of shape (n, s)."""
        ...

    def diagonal(self) -> AnyArray:
        """Return ``K_ii``, shape (n,)."""
        ...

    def block(self, rows: Any, cols: Any, /) -> AnyArray:
        """Return ``K[rows][:, cols]``; slices or arrays of indices."""
        ...


class DenseOperator:
    """A matrix in memory as a `KernelOperator`.

    Parameters
    ----------
    matrix : array-like of shape (n, n)
        Symmetric, float32 or float64 (others are promoted).
    copy : bool, default=True
        Whether the matrix is copied, n^2 numbers, so that you may change it. False
        shares your memory where the dtype allows, for solvers to overwrite if asked:
        leave it as it is while the operator is in use.

    Raises
    ------
    InputError
        If it is not a finite square matrix.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import DenseOperator
    >>> operator = DenseOperator(np.diag([1.0, 2.0, 3.0]))
    >>> operator.matmat(np.ones((3, 1))).ravel()
    array([1., 2., 3.])
    >>> operator.block(slice(1, 3), [2])
    array([[0.],
           [3.]])
    """

    def __init__(self, matrix: Any, *, copy: bool = True) -> None:
        array = to_array(matrix, "matrix")
        if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
            raise InputError(
                f"matrix: found shape {array.shape}; expected (n, n), a kernel matrix "
                "of the training rows with themselves"
            )
        if array.dtype.kind not in "fiub":
            raise InputError(
                f"matrix: found dtype {array.dtype}; expected real numbers"
            )
        kind = np.float32 if array.dtype in (np.float32, np.float16) else np.float64
        is_copy = check_flag(copy, "copy") or None
        self.matrix: FloatArray = np.array(array, kind, copy=is_copy)
        if not np.isfinite(self.matrix.sum()):
            if not np.isfinite(self.matrix).all():
                raise InputError("matrix: found NaN or infinity; expected numbers")
        self.shape: tuple[int, int] = (len(array), len(array))
        self.dtype: np.dtype[Any] = self.matrix.dtype

    def matmat(self, columns: AnyArray, /) -> FloatArray:
        """Return ``K V``."""
        result: FloatArray = self.matrix @ np.asarray(columns, dtype=self.dtype)
        return result

    def diagonal(self) -> FloatArray:
        """Return a copy of the diagonal."""
        result: FloatArray = self.matrix.diagonal().copy()
        return result

    def block(self, rows: Any, cols: Any, /) -> FloatArray:
        """Return a copy of a block."""
        result: FloatArray = self.matrix[rows][:, cols].copy()
        return result

    def __repr__(self) -> str:
        return f"DenseOperator({self.shape[0]} x {self.shape[1]}, {self.dtype})"


def as_operator(operator: Any) -> KernelOperator:
    """Return an operator as it is, or a matrix as an operator.

    Raises
    ------
    InputError
        If it is neither, or not square.
    """
    operator = to_host(operator)
    if isinstance(operator, np.ndarray | list) or is_frame(operator):
        return DenseOperator(operator, copy=False)
    members = ("shape", "dtype", "matmat", "diagonal", "block")
    missing = [name for name in members if not hasattr(operator, name)]
    if is_traced(operator):
        raise InputError(f"operator: found {shown(operator)}; expected a matrix")
    if missing:
        raise InputError(
            f"operator: found a {type(operator).__name__} without "
            f"{', '.join(missing)}; expected a matrix, or what fastntk.operator returns"
        )
    found: KernelOperator = operator
    n1, n2 = found.shape
    if n1 != n2 or n1 < 1:
        raise InputError(
            f"operator: found shape ({n1}, {n2}); expected (n, n). Leave x2 out: a "
            "system is solved for the rows of one side"
        )
    return found


def dense_matrix(operator: Any, *, overwrite: bool = False) -> FloatArray:
    """Return a Fortran-ordered float64 matrix; a copy unless ``overwrite``."""
    overwrite = check_flag(overwrite, "overwrite")
    if isinstance(operator, DenseOperator):
        found: Any = operator.matrix
        if overwrite and found.dtype == np.float64 and found.flags.writeable:
            if found.flags.f_contiguous or found.flags.c_contiguous:
                result: FloatArray = found if found.flags.f_contiguous else found.T
                return result
        return np.array(found, dtype=np.float64, order="F")
    everything = slice(None)
    block = operator.block(everything, everything)
    return finite(np.asarray(block.T, dtype=np.float64, order="F"))


def rounding_unit(operator: KernelOperator) -> float:
    """Return the rounding unit of an operator's entries.

    Entries may be computed in another dtype than products: ``tile_dtype``, if it has.
    """
    kind = getattr(operator, "tile_dtype", operator.dtype)
    return float(np.finfo(np.dtype(kind)).eps)


def product(
    operator: KernelOperator, columns: FloatArray, shift: float | FloatArray
) -> FloatArray:
    """Return ``(K + shift I) V`` in float64.

    The shift is a number, or an array of shape (n, 1) or (1, s).

    Raises
    ------
    InputError
        If the product has the wrong shape, or a NaN or infinity.
    """
    raw = operator.matmat(columns)
    result = np.asarray(raw, dtype=np.float64)
    if result.shape != columns.shape:
        raise InputError(
            f"operator.matmat: found shape {result.shape} for columns of shape "
            f"{columns.shape}; expected the same"
        )
    if not np.isfinite(result).all():
        raise InputError(
            "operator.matmat: found NaN or infinity in a product; expected numbers. "
            "Does the kernel leave the range of its dtype?"
        )
    if np.any(shift):
        if result is raw and not result.flags.writeable:
            result = result.copy()
        result += shift * columns
    return result


def columns_of(
    operator: KernelOperator, rows: Any, cols: Any, kind: Any = np.float64
) -> FloatArray:
    """Return ``K[rows][:, cols]`` as a Fortran-ordered array of a dtype."""
    result: FloatArray = np.asarray(operator.block(rows, cols), dtype=kind, order="F")
    return finite(result)


def finite(block: FloatArray) -> FloatArray:
    """Return entries of a matrix as they are; raise `InputError` for NaN, infinity."""
    if np.isfinite(block.sum()) or np.isfinite(block).all():
        return block
    raise InputError(
        "operator.block: found NaN or infinity; expected numbers. Does the kernel "
        "leave the range of its dtype?"
    )
