"""What a predictor asks of a solver, and the record of how a solve went."""

import dataclasses
from typing import Literal, Protocol

from fastntk._errors import ConditionWarning
from fastntk._typing import FloatArray
from fastntk._warnings import warn

__all__ = ["Conditioning", "Solver", "Status", "warn_truncated"]

Status = Literal["cholesky", "eigh", "pseudoinverse", "cg", "lanczos"]

_WORDS = {"cg": "conjugate gradients", "lanczos": "block Lanczos"}


@dataclasses.dataclass(frozen=True)
class Conditioning:
    """How well the kernel matrix of the training set could be inverted.

    Attributes
    ----------
    kernel : str
        "nngp" or "ntk".
    status : {"cholesky", "eigh", "pseudoinverse", "cg", "lanczos"}
        What was done. "pseudoinverse": directions below ``cutoff`` were left out. "cg",
        "lanczos": the matrix was never formed, see
        `fastntk.predict.training.operator_kernels`.
    n : int
        Size of the matrix.
    rank : int
        Directions that were kept.
    condition_number : float
        Largest over smallest eigenvalue of ``K + ridge I``; with "cholesky" an
        estimate in the 1-norm, good to a small factor; with "cg" a bound, NaN if
        unknown. Infinite if singular.
    cutoff : float
        Eigenvalues up to here count as zero: ``n u lambda_max``, where u is the
        rounding unit of the kernel's dtype.
    ridge : float
        What was added to the diagonal; the mean where rows have their own.
    n_products : int
        Products of blocks of columns with the matrix; 0 for a factorisation.
    residual : float
        Largest relative residual ("cg") or estimated error ("lanczos").
    reason : str
        Why the matrix was not formed.

    Examples
    --------
    >>> from fastntk.predict import Conditioning
    >>> print(Conditioning("ntk", "cholesky", 20, 20, 310.0, 1e-13, 0.0))
    ntk: 20 x 20, condition number 3.1e+02, solved by cholesky
    """

    kernel: str
    status: Status
    n: int
    rank: int
    condition_number: float
    cutoff: float
    ridge: float
    n_products: int = 0
    residual: float = 0.0
    reason: str = ""

    def __str__(self) -> str:
        size = f"{self.kernel}: {self.n} x {self.n}"
        ridge = f" with {self.ridge:.3g} on the diagonal" if self.ridge else ""
        text = f"{size}{ridge}, condition number {self.condition_number:.2g}"
        if self.status in _WORDS:
            return (
                f"{size}{ridge}, never formed ({self.reason}): {_WORDS[self.status]}, "
                f"{self.n_products} products, error {self.residual:.1g}"
            )
        if self.status != "pseudoinverse":
            return f"{text}, solved by {self.status}"
        return (
            f"{text}: solved by the pseudoinverse, rank {self.rank} (eigenvalues up to "
            f"{self.cutoff:.3g} count as zero)"
        )


class Solver(Protocol):
    """Solves with ``M = K + ridge I``, for any number of right-hand sides.

    Prediction at infinite time needs nothing else of a matrix: a solver that never
    forms ``K`` (conjugate gradients for `solve`, block Lanczos for `whiten`) takes the
    place of a factorisation.
    """

    @property
    def report(self) -> Conditioning:
        """How well ``M`` is conditioned, and what was done about it."""
        ...

    def solve(self, b: FloatArray) -> FloatArray:
        """Return ``M^+ b`` for ``b`` of shape (n, m)."""
        ...

    def whiten(self, b: FloatArray) -> FloatArray:
        """Return some ``W`` with ``W^T W = b^T M^+ b``, of shape (rank, m)."""
        ...


def warn_truncated(report: Conditioning) -> None:
    """Warn that directions were left out, if they were."""
    if report.status == "pseudoinverse":
        warn(
            f"{report}. Duplicate samples, or a kernel that is smooth on this data? A "
            "positive diag_reg (ridge) gives every direction a weight",
            ConditionWarning,
        )
