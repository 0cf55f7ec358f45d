"""How a solve ended."""

from enum import Enum

__all__ = ["Status"]


class Status(Enum):
    """How a solve ended; the value says it in words.

    Examples
    --------
    >>> from fastntk.solvers import Status
    >>> Status.CONVERGED.is_success, Status.MAX_ITERATIONS.is_success
    (True, False)
    >>> print(Status.CONVERGED)
    every column meets rtol
    """

    CONVERGED = "every column meets rtol"
    LEAST_SQUARES = (
        "the matrix is singular to working precision and part of the targets lies "
        "outside its range; x is the minimum-norm least-squares solution"
    )
    APPROXIMATED = (
        "the reduced problem of the inducing points was solved to rtol; its prediction "
        "approximates that of the whole system"
    )
    MAX_ITERATIONS = "the iterations allowed were used up before every column met rtol"
    STAGNATED = "the residual stopped shrinking above rtol"
    INACCURATE = (
        "the matrix is too ill-conditioned: the factorisation leaves a residual above "
        "rtol"
    )
    STOPPED = "the callback asked to stop before every column met rtol"
    INTERRUPTED = "an interrupt stopped the solve before every column met rtol"

    @property
    def is_success(self) -> bool:
        """Whether x is what was asked for."""
        return self in (Status.CONVERGED, Status.LEAST_SQUARES, Status.APPROXIMATED)

    def __str__(self) -> str:
        return str(self.value)

    def advice(self, method: str) -> str:
        """Return the status in words, with what to do about it for a method.

        Examples
        --------
        >>> print(Status.INACCURATE.advice("eigh"))  # doctest: +ELLIPSIS
        the matrix is too ill-conditioned: ... above rtol; raise the ridge, or rtol
        """
        remedy = _ADVICE.get(self, {})
        words = remedy.get(method, remedy.get("", ""))
        return f"{self}; {words}" if words else str(self)


# By method; "" is any other one.
_ADVICE: dict[Status, dict[str, str]] = {
    Status.MAX_ITERATIONS: {
        "cg": "raise max_iter, the rank of the preconditioner, or the ridge",
        "falkon": "raise max_iter or the ridge",
        "askotch": "raise max_iter, the size of the blocks, or the ridge",
        "": "raise max_iter or the ridge",
    },
    Status.STAGNATED: {
        "cg": (
            "raise the ridge or the rank of the preconditioner, take float64 tiles "
            "where they are float32, or a larger rtol"
        ),
        "": "raise the ridge, take float64 where it is float32, or a larger rtol",
    },
    Status.INACCURATE: {
        "cholesky": "raise the ridge, or take method='pinv'",
        "": "raise the ridge, or rtol",
    },
}
