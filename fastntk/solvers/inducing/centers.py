"""Centres of an approximation: training rows, or rows of one's own."""

import dataclasses
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._typing import FloatArray, IntArray
from fastntk._validation import as_input, to_array
from fastntk._validation.arguments import as_generator
from fastntk.operators.build import operator_of
from fastntk.operators.gram_operator import GramOperator
from fastntk.request.placement import to_host
from fastntk.solvers.checks import check_count
from fastntk.solvers.protocol import (
    KernelOperator,
    as_operator,
    columns_of,
    rounding_unit,
)

__all__ = ["BlocksOf", "Inducing", "are_rows", "check_rows", "inducing", "of_rows"]

CENTERS = 2000


@dataclasses.dataclass(frozen=True, eq=False)
class Inducing:
    """What is known of the centres: their kernel, and that with the training rows.

    Attributes
    ----------
    n : int
        Training rows.
    cross : object
        ``cross.block(rows, cols)``: entries of a matrix of n rows.
    cols : slice or ndarray of int
        Which of its columns belong to the centres.
    small : ndarray of shape (m, m)
        Kernel of the centres with each other.
    unit : float
        Rounding unit of the entries.
    centers : ndarray of shape (m,) or (m, d), or CSR matrix
        Which training rows they are, or the centres themselves.
    """

    n: int
    cross: Any
    cols: Any
    small: FloatArray
    unit: float
    centers: Any


class BlocksOf:
    """Blocks of a matrix in memory."""

    def __init__(self, matrix: FloatArray) -> None:
        self._matrix = matrix
        self.shape = matrix.shape

    def block(self, rows: Any, cols: Any, /) -> FloatArray:
        """Return a block."""
        found: FloatArray = self._matrix[rows][:, cols]
        return found


def are_rows(centers: Any) -> bool:
    """Return whether centres are given as rows, not as a number or as indices."""
    shape = getattr(centers, "shape", None)
    if shape is not None:
        return len(shape) > 1
    is_list = isinstance(centers, list | tuple) and len(centers) > 0
    return is_list and (np.ndim(centers[0]) > 0 or isinstance(centers[0], list))


def check_rows(centers: Any, x: Any) -> Any:
    """Return centres as rows that fit the training rows.

    Raises
    ------
    InputError
        If they are not finite, or of another width.
    """
    rows: Any = as_input(to_host(centers), "centers")
    if rows.shape[1:] != x.shape[1:]:
        raise InputError(
            f"centers: found {rows.shape[1]} features; expected {x.shape[1]}, as in "
            "the training rows. Indices of training rows are a vector of integers"
        )
    return rows.copy()  # the caller may change them


def inducing(operator: Any, centers: Any, seed: int) -> Inducing:
    """Return what is known of centres, for an operator or a matrix.

    Raises
    ------
    InputError
        For centres that do not fit, and for rows of one's own with a matrix.
    """
    if are_rows(centers):
        if not isinstance(operator, GramOperator):
            raise InputError(
                f"centers: found rows for a kernel that is a {type(operator).__name__} "
                "and does not know its own; expected a number, or indices. Pass "
                "fastntk.operator(net, x), or call fastntk.solve"
            )
        rows = check_rows(centers, operator.x1)
        how = (operator.get, operator.options, 0)
        cross = operator_of(operator.net, operator.x1, rows, *how)
        return of_rows(cross, operator_of(operator.net, rows, None, *how), rows)
    known = as_operator(operator)
    chosen = _choose(centers, known.shape[0], seed)
    small = columns_of(known, chosen, chosen)
    n, unit = known.shape[0], rounding_unit(known)
    return Inducing(n, known, chosen, small, unit, chosen)


def of_rows(cross: Any, own: KernelOperator, rows: Any) -> Inducing:
    """Return what is known of centres that need not be training rows.

    Parameters
    ----------
    cross : object
        ``cross.block(rows, cols)``: the kernel of the training rows with them.
    own : KernelOperator of shape (m, m)
        Their kernel with each other.
    rows : ndarray or CSR matrix of shape (m, d)
        The centres.
    """
    everything = slice(None)
    small = columns_of(own, everything, everything)
    n, unit = cross.shape[0], rounding_unit(own)
    return Inducing(n, cross, everything, small, unit, rows)


def _choose(centers: Any, n: int, seed: int) -> IntArray:
    """Return which training rows are centres, in ascending order."""
    if isinstance(centers, str) or centers is None:
        if centers != "auto":
            raise InputError(
                f"centers: found {shown(centers)}; expected a number of centres, "
                "indices of training rows, centres of shape (m, d), or 'auto'"
            )
        centers = min(n, CENTERS, int(10 * np.sqrt(n)))
    given = to_array(to_host(centers), "centers")
    if given.ndim == 0:
        count = check_count(given.item(), "centers", 1, n)
        rng = as_generator(seed)
        return np.sort(rng.choice(n, size=count, replace=False))
    chosen = np.unique(given)
    if chosen.dtype.kind not in "iu" or not chosen.size:
        raise InputError(
            f"centers: found {chosen.size} numbers of dtype {chosen.dtype}; expected "
            f"indices from 0 to {n - 1} of training rows, or centres of shape (m, d)"
        )
    if chosen[0] < 0 or chosen[-1] >= n:
        raise InputError(
            f"centers: found rows outside of 0 to {n - 1}; expected indices of rows"
        )
    return chosen
