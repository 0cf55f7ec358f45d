"""Ridges as they are given, checked, and as they are added to products.

A ridge is a number, an array of shape (n,), one per row (variances of the noise of each
target), or an array of shape (1, n_outputs), one per column of the targets.
"""

import math
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import FloatArray, IntArray
from fastntk._validation import to_array
from fastntk.request.placement import to_host
from fastntk.solvers.checks import check_ridge

__all__ = [
    "Ridge",
    "among",
    "as_ridge",
    "as_shift",
    "described",
    "extended",
    "further",
    "is_per_row",
    "is_per_target",
    "least",
    "refuse_array",
    "same_ridges",
    "typical",
]

Ridge: TypeAlias = float | FloatArray
"""A number >= 0, an array of shape (n,), or one of shape (1, n_outputs)."""


def as_ridge(
    ridge: Any, n: int, n_outputs: int | None = None, name: str = "ridge"
) -> Ridge:
    """Return a ridge as a float, or as a float64 array of one of the two shapes.

    Parameters
    ----------
    ridge : float or array-like of shape (n,) or (1, n_outputs)
        Finite and >= 0. An array of shape (n,) has one number per row, whatever the
        number of targets.
    n : int
        Rows.
    n_outputs : int, optional
        Columns of the targets; None: any; 0: one per target does not fit here.
    name : str
        For messages.

    Raises
    ------
    InputError
        If the shape or a number is not as expected.

    Examples
    --------
    >>> from fastntk.solvers.ridges import as_ridge
    >>> as_ridge(1, 3), as_ridge([1, 2, 3], 3), as_ridge([[1, 2]], 3)
    (1.0, array([1., 2., 3.]), array([[1., 2.]]))
    """
    values = _array(ridge, name)
    if values is None or values.ndim == 0:
        return check_ridge(ridge)
    _check_shape(values.shape, n, n_outputs, name)
    bad = np.argwhere(~(np.isfinite(values) & (values >= 0)))
    if len(bad):
        where = tuple(int(i) for i in bad[0])
        place = f"target {where[1]}" if values.ndim == 2 else f"row {where[0]}"
        raise InputError(
            f"{name}: found {float(values[where])} for {place}; expected finite "
            f"numbers >= 0, in the units of the kernel ({len(bad)} are not)"
        )
    return values


def as_shift(ridge: Ridge) -> Ridge:
    """Return a ridge so that it can be multiplied with columns of shape (n, k).

    A float, or an array of shape (n, 1) or (1, k); equal numbers are one number.
    """
    if isinstance(ridge, float | int):
        return float(ridge)
    first = float(ridge.flat[0])
    if (ridge == first).all():
        return first
    return ridge[:, None] if ridge.ndim == 1 else ridge


def is_per_row(ridge: Ridge) -> bool:
    """Return whether there is a number for each row."""
    return np.ndim(ridge) == 1


def is_per_target(ridge: Ridge) -> bool:
    """Return whether there is a number for each target."""
    return np.ndim(ridge) == 2


def among(ridge: Ridge, rows: Any) -> Ridge:
    """Return the ridge of some of the rows."""
    return np.asarray(ridge)[rows] if is_per_row(ridge) else ridge


def least(ridge: Ridge) -> float:
    """Return the smallest of the numbers."""
    return float(np.min(ridge))


def typical(ridge: Ridge) -> float:
    """Return one number for all: the harmonic mean, 0 where one of them is 0."""
    if np.ndim(ridge) == 0 or not least(ridge):
        return least(ridge)
    smallest = least(ridge)
    return smallest / float(np.mean(smallest / np.asarray(ridge)))


def described(ridge: Ridge) -> str:
    """Return a ridge in words.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers.ridges import described
    >>> described(0.1), described(np.array([0.1, 2.0]))
    ('0.1', '0.1 to 2 (one per row)')
    """
    if np.ndim(ridge) == 0:
        return f"{float(ridge):.6g}"
    values = np.asarray(ridge)
    kind = "one per row" if is_per_row(ridge) else "one per target"
    low, high = float(values.min()), float(values.max())
    extent = f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"
    return f"{extent} ({kind})"


def extended(ridge: Ridge, n: int, further: Ridge, m: int) -> Ridge:
    """Return the ridge of n rows and m further ones; a number where all are the same.

    Examples
    --------
    >>> from fastntk.solvers.ridges import extended
    >>> extended(1.0, 5, 1.0, 2), extended(1.0, 2, 3.0, 1)
    (1.0, array([1., 1., 3.]))
    """
    if np.ndim(ridge) == 0 and np.ndim(further) == 0 and ridge == further:
        return ridge
    parts = np.broadcast_to(ridge, (n,)), np.broadcast_to(further, (m,))
    return np.concatenate(parts).astype(np.float64)


def further(ridge: Ridge, n: int, given: Any, m: int) -> tuple[Ridge, Ridge]:
    """Return the ridge of m rows that follow n others, and that of all rows.

    Parameters
    ----------
    ridge : float or ndarray
        Of the n rows, or of targets.
    n, m : int
        Rows.
    given : float or array-like of shape (m,), or None
        Of the m rows.

    Raises
    ------
    InputError
        If it is missing where every row has its own, or does not fit.
    """
    if is_per_target(ridge):
        if given is not None:
            raise InputError(
                "ridge: found one for further rows of a model with one per target; "
                "expected none. Fit all rows together to change it"
            )
        return typical(ridge), ridge
    if given is None and is_per_row(ridge):
        raise InputError(
            f"ridge: found none for {m} further rows of a model with one per row; "
            f"expected a number for all of them, or shape ({m},)"
        )
    fresh = ridge if given is None else as_ridge(given, m, 0)
    return fresh, extended(ridge, n, fresh, m)


def same_ridges(ridges: FloatArray) -> Iterator[tuple[float, IntArray]]:
    """Yield each different ridge of shape (1, k), the largest first, and its columns.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers.ridges import same_ridges
    >>> [(r, list(map(int, c))) for r, c in same_ridges(np.array([[1.0, 2.0, 1.0]]))]
    [(2.0, [1]), (1.0, [0, 2])]
    """
    for value in np.unique(ridges)[::-1]:
        yield float(value), np.flatnonzero(ridges[0] == value)


def refuse_array(ridge: Ridge, method: str, reason: str, *, rows_only: bool) -> None:
    """Raise if a method can't do with an array.

    Parameters
    ----------
    ridge : float or ndarray
        As `as_ridge` has it.
    method : str
        Which method.
    reason : str
        Why it can't.
    rows_only : bool
        Whether one number per target is fine.

    Raises
    ------
    InputError
        In words, with the methods that can.
    """
    if np.ndim(ridge) == 0 or (rows_only and is_per_target(ridge)):
        return
    kind = "row" if is_per_row(ridge) else "target"
    others = "'cholesky' or 'cg'" if kind == "row" else "'cholesky', 'eigh' or 'cg'"
    wanted = "a number, or one per target" if rows_only else "a number"
    raise InputError(
        f"ridge: found one per {kind} with method={method!r}; expected {wanted}: "
        f"{reason}. Take method={others}"
    )


def _array(ridge: Any, name: str) -> FloatArray | None:
    """Return an array of float64, or None for what has to be a number."""
    if isinstance(ridge, bool | int | float | str | bytes) or ridge is None:
        return None
    expected = "expected a number >= 0, one per row, or one per target"
    found = to_array(to_host(ridge), name)
    if found.ndim == 0 and found.dtype.kind not in "fiu":
        return None
    if found.dtype.kind not in "fiu":
        raise InputError(f"{name}: found dtype {found.dtype}; {expected}")
    return np.array(found, dtype=np.float64)


def _check_shape(
    shape: tuple[int, ...], n: int, n_outputs: int | None, name: str
) -> None:
    if shape == (n,):
        return
    k = "n_outputs" if n_outputs is None else n_outputs
    if len(shape) == 2 and shape[0] == 1 and shape[1] and k in (shape[1], "n_outputs"):
        return
    hint = ""
    if len(shape) == 1 and shape[0] == n_outputs:
        hint = f". For one per target give it as a row: np.reshape({name}, (1, -1))"
    elif len(shape) == 2 and math.prod(shape) == n and shape[1] == 1:
        hint = f". For one per row give it as a vector: np.ravel({name})"
    targets = f", or (1, {k}), one per target" if k else ""
    raise InputError(
        f"{name}: found shape {shape}; expected a number, or shape ({n},), one per "
        f"row{targets}{hint}"
    )
