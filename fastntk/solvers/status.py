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
    MAX_ITERATIONS = (
        "the iterations allowed were used up before every column met rtol; raise "
        "max_iter, the rank of the preconditioner, or the ridge"
    )
    STAGNATED = (
        "the residual stopped shrinking above rtol; raise the ridge or the rank of the "
        "preconditioner, take dtype float64, or a larger rtol"
    )
    INACCURATE = (
        "the matrix is too ill-conditioned: the factorisation leaves a residual above "
        "rtol; raise the ridge, take dtype float64, or method='pinv'"
    )
    STOPPED = "the callback asked to stop before every column met rtol"
    INTERRUPTED = "an interrupt stopped the solve before every column met rtol"

    @property
    def is_success(self) -> bool:
        """Whether x is what was asked for."""
        return self in (Status.CONVERGED, Status.LEAST_SQUARES, Status.APPROXIMATED)

    def __str__(self) -> str:
        return str(self.value)
