"""Arrays that are kept: memory that nobody else can write to."""

import copy as copies
from typing import Any

import numpy as np

from fastntk._typing import AnyArray, InputMatrix
from fastntk._validation.frames import is_frame

__all__ = ["owned", "owned_rows"]


def owned_rows(rows: InputMatrix, given: Any, *, copy: bool = True) -> InputMatrix:
    """Return checked rows in memory of their own, with one copy at most.

    Parameters
    ----------
    rows : ndarray or CSR matrix
        From ``as_input`` or ``as_samples``.
    given : object
        What the caller passed.
    copy : bool, default=True
        False returns the rows as they are, which may be the caller's memory.

    Returns
    -------
    ndarray or CSR matrix
        ``rows`` themselves where checking has copied them already.
    """
    if not copy:
        return rows
    if isinstance(rows, np.ndarray):
        is_new = isinstance(given, list | tuple) or (
            rows.flags.owndata and (is_frame(given) or hasattr(type(given), "tocsr"))
        )
        return rows if is_new else np.array(rows)
    known = [getattr(given, name, None) for name in ("data", "indices", "indptr")]
    parts = (rows.data, rows.indices, rows.indptr)
    return rows.copy() if _share(parts, known) else rows


def owned(x: Any) -> Any:
    """Return a copy of an argument of any kind; what can't change comes back itself.

    Parameters
    ----------
    x : object
        An array, list, table, tensor, or a mapping or tuple of these.

    Returns
    -------
    object
    """
    if isinstance(x, np.ndarray):
        return x.copy()
    if isinstance(x, list | tuple | dict):
        return copies.deepcopy(x)
    for name in ("clone", "copy"):  # of tensors and polars; of pandas and SciPy
        method = getattr(x, name, None)
        if callable(method) and hasattr(x, "shape"):
            return method()
    return x


def _share(parts: tuple[AnyArray, ...], known: list[Any]) -> bool:
    return any(
        isinstance(other, np.ndarray) and np.may_share_memory(part, other)
        for part in parts
        for other in known
    )
