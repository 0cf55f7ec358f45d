"""Checks of options: kernels, dtype, backend, threads, memory, tolerance."""

import math
import re
from typing import Any

import numpy as np
import numpy.typing as npt

from fastntk._errors import InputError
from fastntk._resources import available_cores
from fastntk._shown import shown
from fastntk._typing import GetArg, InputMatrix
from fastntk._validation.arguments import as_float, as_index_or_none
from fastntk._validation.inputs import float_dtype

__all__ = [
    "check_backend",
    "check_dtype",
    "check_flag",
    "check_get",
    "check_max_memory",
    "check_threads",
    "check_tol",
    "resolve_dtype",
]

_BACKENDS = ("auto", "cpu", "cuda")

_GET_NAMES = ("nngp", "ntk")
_DTYPES = (np.dtype(np.float32), np.dtype(np.float64))
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
_UNITS |= {"ki": 2**10, "mi": 2**20, "gi": 2**30, "ti": 2**40}
_AMOUNT = re.compile(r"\s*([0-9.]+(?:e[0-9]+)?)\s*(?:([kmgt]i?)?b)?\s*", re.IGNORECASE)


def check_dtype(dtype: npt.DTypeLike | None) -> np.dtype[Any] | None:
    """Return the dtype asked for, None if it is to be derived from the inputs.

    Parameters
    ----------
    dtype : dtype-like or None
        float32, float64, or None.

    Returns
    -------
    dtype or None

    Raises
    ------
    InputError
        If ``dtype`` is anything but float32, float64 or None.
    """
    if dtype is None:
        return None
    try:
        found = np.dtype(dtype)
    except Exception:  # of any kind: it may be data
        found = None
    if found is None or found not in _DTYPES:  # a dtype may equal None
        raise InputError(
            f"dtype: found {shown(dtype)}; expected float32, float64, or None to "
            "derive it from the inputs"
        )
    return found


def resolve_dtype(
    dtype: npt.DTypeLike | None, x1: InputMatrix, x2: InputMatrix | None = None
) -> np.dtype[Any]:
    """Return the dtype of the kernel: as asked, or derived from the inputs.

    Parameters
    ----------
    dtype : dtype-like or None
        float32, float64, or None to derive it.
    x1, x2 : ndarray or CSR matrix
        Inputs from `as_input`; ``x2`` may be None.

    Returns
    -------
    dtype
        If ``dtype`` is None: float32 if all inputs are float32 or float16, in any
        byte order, else float64: integers, bools, float64 and mixtures.

    Raises
    ------
    InputError
        If ``dtype`` is anything but float32, float64 or None.
    """
    found = check_dtype(dtype)
    if found is not None:
        return found
    inputs = [x1] if x2 is None else [x1, x2]
    return max((float_dtype(x.dtype) for x in inputs), key=_DTYPES.index)


def check_backend(backend: Any) -> str:
    """Return the name of a backend; whether it can be used is found out later.

    Raises
    ------
    InputError
        If there is no backend of this name.
    """
    if not isinstance(backend, str) or backend not in _BACKENDS:
        raise InputError(
            f"backend is {shown(backend)}; expected 'auto', 'cpu' or 'cuda'"
        )
    return backend


def check_tol(tol: Any) -> float | None:
    """Return the largest error allowed, a positive number; None if any is.

    Raises
    ------
    InputError
        If ``tol`` is no positive number.
    """
    if tol is None:
        return None
    number = as_float(tol)
    if not 0 < number < math.inf:
        raise InputError(
            f"tol: found {shown(tol)}; expected a positive number, the largest error "
            "relative to sqrt(K(x, x) K(y, y)), or None"
        )
    return number


def check_get(get: GetArg) -> tuple[tuple[str, ...], bool]:
    """Return the kernels asked for, and whether a tuple was asked for.

    Parameters
    ----------
    get : {"nngp", "ntk"} or sequence of these
        The kernels, without repetition.

    Returns
    -------
    names : tuple of str
        The kernels in the order asked.
    is_tuple : bool
        False if ``get`` is a string.

    Raises
    ------
    InputError
        If a name is unknown or repeated, or there is none.
    """
    names = (get,) if isinstance(get, str) else get
    expected = "expected 'nngp', 'ntk' or a tuple of them, e.g. get=('nngp', 'ntk')"
    if not isinstance(names, tuple | list) or not names:
        raise InputError(f"get: found {shown(get)}; {expected}")
    for name in names:
        if not isinstance(name, str) or name not in _GET_NAMES:
            remedy = ""
            if str(name) in ("cov1", "cov2"):
                remedy = ". Variances come from fastntk.diagonal(net, x, 'nngp')"
            raise InputError(f"get: found {shown(name)}; {expected}{remedy}")
    if len(set(names)) < len(names):
        raise InputError(f"get: found {shown(get)}; expected each kernel once")
    return tuple(map(str, names)), not isinstance(get, str)


def check_threads(threads: int | None) -> int:
    """Return the number of threads to run.

    Parameters
    ----------
    threads : int or None
        At least 1; None for the cores available to this process: the least of its
        affinity, the quotas of its control groups, and the variables OMP_NUM_THREADS,
        NUMBA_NUM_THREADS and LOKY_MAX_CPU_COUNT. A number is taken as it is.

    Returns
    -------
    int

    Raises
    ------
    InputError
        If ``threads`` is not an integer >= 1.
    """
    if threads is None:
        return available_cores()
    count = as_index_or_none(threads)
    if count is None or count < 1:
        raise InputError(
            f"threads: found {shown(threads)}; expected an integer >= 1, or None for "
            "all cores available to this process"
        )
    return count


def check_flag(value: Any, name: str) -> bool:
    """Return an option that is True or False.

    Parameters
    ----------
    value : bool
        The value given.
    name : str
        The argument's name.

    Returns
    -------
    bool

    Raises
    ------
    InputError
        For anything but True and False.
    """
    if not isinstance(value, bool | np.bool_):
        raise InputError(f"{name}: found {shown(value)}; expected True or False")
    return bool(value)


def check_max_memory(max_memory: int | float | str | None) -> int | None:
    """Return a memory budget in bytes.

    Parameters
    ----------
    max_memory : int, float, str or None
        Bytes, or text with a unit: B, kB, MB, GB, TB (powers of 1000) or KiB,
        MiB, GiB, TiB (powers of 1024).  None for no budget.

    Returns
    -------
    int or None
        Bytes, at least 1.

    Raises
    ------
    InputError
        If ``max_memory`` is no such amount.
    """
    if max_memory is None:
        return None
    number = _parse_bytes(max_memory)
    if not math.isfinite(number) or number < 1:
        raise InputError(
            f"max_memory: found {shown(max_memory)}; expected a number of bytes >= 1, "
            "text such as '512MB' or '2GiB', or None for no limit"
        )
    return int(number)


def _parse_bytes(amount: Any) -> float:
    """Return the number of bytes that ``amount`` stands for, or NaN."""
    if isinstance(amount, bool):
        return math.nan
    if not isinstance(amount, str):
        try:
            return float(amount)
        except (TypeError, ValueError, OverflowError):
            return math.nan
    match = _AMOUNT.fullmatch(amount)
    if match is None:
        return math.nan
    try:
        return float(match[1]) * _UNITS[(match[2] or "").lower()]
    except ValueError:  # such as "1.2.3"
        return math.nan
