"""Which method: by rows, memory and ridge, with the reason in words."""

import dataclasses

import numpy as np

from fastntk._errors import InputError, MemoryBudgetError
from fastntk._shown import shown
from fastntk._validation.arguments import is_one_of
from fastntk.solvers.direct.eigh_factor import PER_ROW
from fastntk.solvers.inducing.askotch import ONE_RIDGE as askotch_reason
from fastntk.solvers.inducing.falkon import ONE_RIDGE as falkon_reason
from fastntk.solvers.result import in_bytes
from fastntk.solvers.ridges import Ridge, is_per_target, least, refuse_array

__all__ = ["METHODS", "Choice", "check_method", "choose"]

METHODS = ("auto", "cholesky", "eigh", "pinv", "cg", "falkon", "askotch")
DIRECT_ROWS = 40_000  # beyond, a factorisation takes longer than iterations
SPECTRAL_ROWS = 10_000  # beyond, an eigendecomposition takes the better part of an hour
MATRICES = {"cholesky": 1.0, "eigh": 4.0, "pinv": 4.0}  # n^2 numbers alive at once
MANY_RIDGES = 20  # an eigendecomposition takes as long as so many factorisations
SLACK = 256 << 20  # workspaces, inputs and the interpreter


@dataclasses.dataclass(frozen=True)
class Choice:
    """A method and why."""

    method: str
    reason: str


def choose(method: str, n: int, ridge: Ridge, memory: int | None) -> Choice:
    """Choose a method, or check the one that is asked for.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    n : int
        Rows.
    ridge : float or ndarray of shape (n,) or (1, n_outputs)
        Of the system.
    memory : int or None
        Bytes there are.

    Returns
    -------
    Choice

    Raises
    ------
    InputError
        For a method that is not there, or that can't do with such a ridge.
    MemoryBudgetError
        If the method asked for needs more memory than there is.

    Examples
    --------
    >>> from fastntk.solvers.choose import choose
    >>> choose("auto", 2_000, 1.0, 2**30).method
    'cholesky'
    >>> print(choose("auto", 100_000, 1.0, 2**32).reason)
    the matrix of 100,000 rows takes 74.5 GiB and 4.0 GiB are there
    """
    check_method(method, ridge)
    if method != "auto":
        _check_room(method, n, memory)
        return Choice(method, "asked for")
    room = _needed("cholesky", n)
    takes = f"the matrix of {n:,} rows takes {in_bytes(8 * n * n)}"
    if memory is not None and room > memory:
        return Choice("cg", f"{takes} and {in_bytes(memory)} are there")
    if n > DIRECT_ROWS:
        return Choice("cg", f"{n:,} rows would take {_minutes(n)} minutes to factorise")
    many = _many_ridges(n, ridge, memory)
    if many is not None:
        return many
    if np.ndim(ridge) == 0 and ridge == 0.0:
        return Choice(
            "cholesky",
            f"{takes}, which fits; no ridge, so the pseudoinverse if it is singular",
        )
    return Choice("cholesky", f"{takes}, which fits; the factor serves new targets")


def _many_ridges(n: int, ridge: Ridge, memory: int | None) -> Choice | None:
    """Return the choice where one eigendecomposition serves ridges of many targets."""
    if not is_per_target(ridge) or n > SPECTRAL_ROWS:
        return None
    if memory is not None and _needed("pinv", n) > memory:
        return None
    count = len(np.unique(ridge))
    if count > 1 and not least(ridge):
        return Choice("pinv", "some targets have no ridge; one eigendecomposition")
    if count < MANY_RIDGES:
        return None
    reason = f"one eigendecomposition serves {count} different ridges"
    return Choice("eigh", reason)


def check_method(method: str, ridge: Ridge) -> None:
    """Refuse an unknown method, and a ridge that a method can't do with.

    Raises
    ------
    InputError
        Before anything is computed.
    """
    if not is_one_of(method, METHODS):
        raise InputError(
            f"method: found {shown(method)}; expected one of {', '.join(METHODS)}"
        )
    if method in ("falkon", "askotch"):
        reason = falkon_reason if method == "falkon" else askotch_reason
        refuse_array(ridge, method, reason, rows_only=False)
    if method in ("eigh", "pinv"):
        refuse_array(ridge, method, PER_ROW, rows_only=True)


def _needed(method: str, n: int) -> int:
    return int(MATRICES[method] * 8 * n * n) + SLACK


def _check_room(method: str, n: int, memory: int | None) -> None:
    if method not in MATRICES or memory is None:
        return
    needed = _needed(method, n)
    if needed > memory:
        raise MemoryBudgetError(
            f"method={shown(method)} needs {needed:,} bytes for {n:,} rows; found "
            f"{memory:,}. Take method='cg', whose memory grows like n, "
            "or raise max_memory"
        )


def _minutes(n: int) -> int:
    """Return minutes of a factorisation at 100 GFLOP/s."""
    return round(n**3 / 3 / 1e11 / 60)
