"""Which way to take: matrices in memory, or products with a kernel never formed."""

import dataclasses
import math
from typing import Any, Literal

import numpy as np

from fastntk._errors import InputError, MemoryBudgetError
from fastntk._resources import available_memory, left_behind
from fastntk._shown import shown
from fastntk._validation import check_max_memory
from fastntk._validation.arguments import is_one_of
from fastntk.predict.given.checks import as_targets

__all__ = ["METHODS", "Method", "check_layout", "choose_method", "rows_of"]

METHODS = ("auto", "dense", "operator")
MOST_BY_CHOLESKY = 40_000  # rows; minutes on two cores
MOST_BY_EIGH = 10_000  # the same
_SHARE = 0.8  # of the memory free


@dataclasses.dataclass(frozen=True)
class Method:
    """A way to compute, and why.

    Attributes
    ----------
    name : {"dense", "operator"}
        Matrices and their factorisations, or conjugate gradients and block Lanczos on
        products.
    reason : str
        In words, for the report.
    """

    name: Literal["dense", "operator"]
    reason: str


def choose_method(wanted: Any, n: int, is_flow: bool, max_memory: Any = None) -> Method:
    """Choose by the number of rows and the memory that is free.

    Parameters
    ----------
    wanted : {"auto", "dense", "operator"}
        What the caller asks for.
    n : int
        Rows of the kernel matrix of the training set.
    is_flow : bool
        Whether finite times need all eigenvectors.
    max_memory : int, float, str or None
        Bytes allowed; by default four fifths of what is free. What an interrupt has
        left running counts until it ends.

    Returns
    -------
    Method

    Raises
    ------
    InputError
        If ``wanted`` is unknown.
    MemoryBudgetError
        If "dense" is asked for and does not fit.
    """
    if not is_one_of(wanted, METHODS):
        raise InputError(
            f"method: found {shown(wanted)}; expected one of {', '.join(METHODS)}"
        )
    asked = check_max_memory(max_memory)
    if asked is not None:
        asked = max(1, asked - left_behind())
    free = available_memory()
    room = asked if asked is not None else free and int(_SHARE * free)
    needed = 8 * n * n * (6 if is_flow else 4)
    gigabytes = f"{needed / 2**30:.3g} GiB"
    fits = room is None or needed <= room
    if wanted == "operator":
        return Method("operator", "as asked")
    if wanted == "dense":
        if not fits:
            raise MemoryBudgetError(
                f"method='dense' needs about {gigabytes} for {n} training rows; found "
                f"{(room or 0) / 2**30:.3g} GiB to use. Take method='operator', which "
                "never forms the matrix"
            )
        return Method("dense", "as asked")
    most = MOST_BY_EIGH if is_flow else MOST_BY_CHOLESKY
    if n > most:
        kind = "an eigendecomposition" if is_flow else "a Cholesky factorisation"
        reason = f"{kind} of more than {most:,} rows takes too long"
        return Method("operator", reason)
    if not fits:
        return Method("operator", f"matrices would need {gigabytes}")
    return Method("dense", f"matrices take {gigabytes}")


def rows_of(y_train: Any) -> int:
    """Return the number of rows of the kernel matrix of some targets."""
    shape = np.shape(as_targets(y_train))
    return math.prod(shape[:1] if len(shape) < 3 else shape[:-1])


def check_layout(method: Method, points: tuple[int, ...]) -> Method:
    """Refuse operators where the kernel tells outputs apart."""
    if method.name == "operator" and len(points) > 1:
        raise InputError(
            f"method: found 'operator' ({method.reason}) for a kernel of shape "
            f"(n, n, {points[1]}, ...), whose outputs are not independent; expected "
            "one of (n, n). Take method='dense'"
        )
    return method
