"""Type aliases shared by the whole package; nothing here is needed at run time."""

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = [
    "AnyArray",
    "CSRMatrix",
    "Coefs",
    "FloatArray",
    "GetArg",
    "InputMatrix",
    "IntArray",
    "MatrixLike",
    "Pointer",
    "Scalar",
    "Strip",
]

AnyArray: TypeAlias = npt.NDArray[Any]
"""An array of any dtype."""

FloatArray: TypeAlias = npt.NDArray[np.floating[Any]]
"""An array of float32 or float64."""

IntArray: TypeAlias = npt.NDArray[np.integer[Any]]
"""An array of integers: index arrays of a sparse matrix."""

GetArg: TypeAlias = str | Sequence[str]
"""What ``get`` accepts: one name, or several (a named tuple comes back)."""


class CSRMatrix(Protocol):
    """What the package uses of ``scipy.sparse.csr_matrix`` and ``csr_array``."""

    data: AnyArray
    indices: IntArray
    indptr: IntArray
    has_canonical_format: bool

    @property
    def shape(self) -> tuple[int, int]: ...
    @property
    def dtype(self) -> np.dtype[Any]: ...
    @property
    def nnz(self) -> int: ...
    def __getitem__(self, key: Any) -> Any: ...
    def __matmul__(self, other: Any) -> Any: ...
    def astype(self, dtype: Any, copy: bool = True) -> "CSRMatrix": ...
    def copy(self) -> "CSRMatrix": ...
    def sum_duplicates(self) -> None: ...
    def tocsr(self) -> "CSRMatrix": ...
    def toarray(self) -> AnyArray: ...


InputMatrix: TypeAlias = AnyArray | CSRMatrix
"""Checked kernel inputs: shape (n, d), any real dtype, dense or CSR."""

MatrixLike: TypeAlias = npt.ArrayLike | CSRMatrix
"""Kernel inputs as a caller may give them."""

# --- what kernel bodies work on: NumPy's own types when the JIT is off ----------------

Scalar: TypeAlias = Any
"""One number of the compute dtype, float32 or float64."""

Strip: TypeAlias = Any
"""Contiguous 1-D view of numbers of the compute dtype."""

Pointer: TypeAlias = Any
"""C pointer that an op body is given, see `fastntk.kernels.abi`; else an array."""

Coefs: TypeAlias = tuple[Any, ...]
"""Polynomial coefficients, lowest degree first; the dtype decides how many."""
