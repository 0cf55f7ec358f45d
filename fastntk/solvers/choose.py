"""Which method: by rows, memory and ridge, with the reason in words."""

import dataclasses

from fastntk._errors import InputError, MemoryBudgetError
from fastntk.solvers.result import in_bytes

__all__ = ["METHODS", "Choice", "choose"]

METHODS = ("auto", "cholesky", "eigh", "pinv", "cg", "falkon", "askotch")
DIRECT_ROWS = 40_000  # beyond, a factorisation takes longer than iterations
SPECTRAL_ROWS = 10_000  # beyond, an eigendecomposition takes the better part of an hour
MATRICES = {"cholesky": 1.0, "eigh": 4.0, "pinv": 4.0}  # n^2 numbers alive at once
SLACK = 256 << 20  # workspaces, inputs and the interpreter


@dataclasses.dataclass(frozen=True)
class Choice:
    """A method and why."""

    method: str
    reason: str


def choose(method: str, n: int, ridge: float, memory: int | None) -> Choice:
    """Choose a method, or check the one that is asked for.

    Parameters
    ----------
    method : str
        One of `METHODS`.
    n : int
        Rows.
    ridge : float
        Of the system.
    memory : int or None
        Bytes there are.

    Returns
    -------
    Choice

    Raises
    ------
    InputError
        For a method that is not there.
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
    if method not in METHODS:
        raise InputError(
            f"method: found {method!r}; expected one of {', '.join(METHODS)}"
        )
    if method != "auto":
        _check_room(method, n, memory)
        return Choice(method, "asked for")
    room = _needed("cholesky", n)
    takes = f"the matrix of {n:,} rows takes {in_bytes(8 * n * n)}"
    if memory is not None and room > memory:
        return Choice("cg", f"{takes} and {in_bytes(memory)} are there")
    if n > DIRECT_ROWS:
        return Choice("cg", f"{n:,} rows would take {_minutes(n)} minutes to factorise")
    if ridge == 0.0:
        return Choice(
            "cholesky",
            f"{takes}, which fits; no ridge, so the pseudoinverse if it is singular",
        )
    return Choice("cholesky", f"{takes}, which fits; the factor serves new targets")


def _needed(method: str, n: int) -> int:
    return int(MATRICES[method] * 8 * n * n) + SLACK


def _check_room(method: str, n: int, memory: int | None) -> None:
    if method not in MATRICES or memory is None:
        return
    needed = _needed(method, n)
    if needed > memory:
        raise MemoryBudgetError(
            f"method={method!r} needs {needed:,} bytes for {n:,} rows; found "
            f"{memory:,}. Take method='cg', whose memory grows like n, "
            "or raise max_memory"
        )


def _minutes(n: int) -> int:
    """Return minutes of a factorisation at 100 GFLOP/s."""
    return round(n**3 / 3 / 1e11 / 60)
