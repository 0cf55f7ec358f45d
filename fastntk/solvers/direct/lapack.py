"""LAPACK without the interpreter lock, in calls that the caller can leave.

SciPy's wrappers hold the lock until LAPACK is done, so that Ctrl-C waits for it. Here
the same routines of the same library are called by address, through ctypes, which lets
the lock go, and by a thread that the caller can leave.
"""

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import cython_lapack

from fastntk._errors import ConvergenceError, MemoryBudgetError
from fastntk._typing import FloatArray, IntArray
from fastntk.solvers.direct.leavable import leavable

__all__ = [
    "eigenvalues",
    "eigh",
    "orthonormal",
    "pivoted_cholesky",
    "reciprocal_condition",
]

LARGEST = 32_766  # rows; beyond, the 2 n^2 numbers that dsyevd works on have no index


@functools.cache
def _routine(name: str) -> Callable[..., None]:
    """Return a routine of SciPy's LAPACK; all of its arguments are addresses."""
    capsule = cython_lapack.__pyx_capi__[name]
    name_of = ctypes.pythonapi.PyCapsule_GetName
    name_of.restype, name_of.argtypes = ctypes.c_char_p, [ctypes.py_object]
    address_of = ctypes.pythonapi.PyCapsule_GetPointer
    address_of.restype = ctypes.c_void_p
    address_of.argtypes = [ctypes.py_object, ctypes.c_char_p]
    signature = name_of(capsule)
    kinds = [ctypes.c_void_p] * (signature.count(b",") + 1)
    prototype = ctypes.CFUNCTYPE(None, *kinds)
    routine: Callable[..., None] = prototype(address_of(capsule, signature))
    return routine


def _call(name: str, *arguments: Any) -> int:
    """Call a routine whose last argument is ``info``; return that."""
    held: list[Any] = []
    for value in arguments:
        if isinstance(value, str):
            held.append(ctypes.c_char(value.encode()))
        elif isinstance(value, int):
            held.append(ctypes.c_int(value))
        elif isinstance(value, float):
            held.append(ctypes.c_double(value))
        else:
            held.append(value)
    info = ctypes.c_int(0)
    addresses = [
        value.ctypes.data if isinstance(value, np.ndarray) else ctypes.addressof(value)
        for value in (*held, info)
    ]
    _routine(name)(*addresses)
    return int(info.value)


def eigh(matrix: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the eigenvalues, ascending, and eigenvectors of a symmetric matrix.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        Of which the lower triangle is read; not modified.

    Raises
    ------
    MemoryBudgetError
        For more rows than LAPACK can index.
    ConvergenceError
        If LAPACK's iteration does not end.

    Notes
    -----
    ``dsyevd``, as by ``scipy.linalg.eigh(driver="evd")``: about 9 n^3 flops, half of
    them at the speed of memory, and 3 n^2 numbers besides the matrix.
    """
    n = len(matrix)
    if n > LARGEST:
        raise MemoryBudgetError(
            f"matrix: found {n:,} rows; an eigendecomposition works on 2 n^2 numbers, "
            f"which LAPACK can index up to {LARGEST:,} rows. Take method='cholesky' or "
            "'cg', or fewer rows"
        )
    vectors = np.array(matrix, dtype=np.float64, order="F")
    values = np.empty(n)
    work = np.full(1 + 6 * n + 2 * n * n, 0.0)  # in memory: others see it is taken
    integers = np.zeros(3 + 5 * n, dtype=np.intc)

    def run() -> int:
        sizes = (len(work), integers, len(integers))
        return _call("dsyevd", "V", "L", n, vectors, max(n, 1), values, work, *sizes)

    _check(leavable(run, vectors.nbytes + work.nbytes, n), "dsyevd", n)
    return values, vectors


def eigenvalues(matrix: FloatArray) -> FloatArray:
    """Return the eigenvalues of a symmetric matrix, ascending.

    Raises
    ------
    ConvergenceError
        If LAPACK's iteration does not end.
    """
    n = len(matrix)
    square = np.array(matrix, dtype=np.float64, order="F")
    values = np.empty(n)
    work = np.zeros(2 * n + 1 + 64 * n)
    integers = np.zeros(1, dtype=np.intc)

    def run() -> int:
        sizes = (len(work), integers, 1)
        return _call("dsyevd", "N", "L", n, square, max(n, 1), values, work, *sizes)

    _check(leavable(run, square.nbytes, n), "dsyevd", n)
    return values


def _check(info: int, name: str, n: int) -> None:
    if info:
        raise ConvergenceError(
            f"LAPACK's {name} ended with info = {info} for a matrix of {n} rows; "
            "expected 0. Scale the matrix to entries near 1, or add a ridge"
        )


def reciprocal_condition(lower: FloatArray, norm: float) -> float:
    """Return an estimate of ``1 / (|A| |A^-1|)`` in the 1-norm.

    Parameters
    ----------
    lower : ndarray of shape (n, n), Fortran order, float64
        The Cholesky factor of ``A``, in the lower triangle; only read.
    norm : float
        Of ``A``.

    Notes
    -----
    ``dpocon``: O(n^2).
    """
    n = len(lower)
    work, integers = np.zeros(3 * n), np.zeros(n, dtype=np.intc)
    result = np.zeros(1)

    def run() -> int:
        more = (result, work, integers)
        return _call("dpocon", "L", n, lower, max(n, 1), float(norm), *more)

    leavable(run, lower.nbytes, n)
    return float(result[0])


def orthonormal(columns: FloatArray) -> FloatArray:
    """Return an orthonormal basis of columns, in their memory.

    Parameters
    ----------
    columns : ndarray of shape (n, k), Fortran order, float64
        Of full rank, k <= n; overwritten.

    Notes
    -----
    ``dgeqrf`` and ``dorgqr``: 4 n k^2 flops.
    """
    n, k = columns.shape
    work, scales = np.zeros(64 * max(k, 1)), np.zeros(k)

    def run() -> None:
        more = (scales, work, len(work))
        _call("dgeqrf", n, k, columns, max(n, 1), *more)
        _call("dorgqr", n, k, k, columns, max(n, 1), *more)

    leavable(run, columns.nbytes, n if k else 0)
    return columns


def pivoted_cholesky(
    matrix: FloatArray, tol: float
) -> tuple[FloatArray, IntArray, int]:
    """Factorise a positive semi-definite matrix with pivots.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        Symmetric; not modified.
    tol : float
        Pivots up to here end it.

    Returns
    -------
    factor : ndarray of shape (n, n)
        L in the lower triangle.
    order : ndarray of shape (n,)
        The pivots, from 0.
    rank : int
        Columns of L that count.

    Notes
    -----
    ``dpstrf``: n^3 / 3 multiply-adds.
    """
    n = len(matrix)
    factor = np.array(matrix, dtype=np.float64, order="F")
    order, rank = np.zeros(n, dtype=np.intc), np.zeros(1, dtype=np.intc)
    work = np.zeros(2 * n)

    def run() -> int:
        return _call("dpstrf", "L", n, factor, max(n, 1), order, rank, float(tol), work)

    leavable(run, factor.nbytes, n)
    return factor, order.astype(np.intp) - 1, int(rank[0])
