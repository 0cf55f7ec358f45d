"""One eigendecomposition that serves every time, ridge and test set."""

import dataclasses

import numpy as np

from fastntk._typing import FloatArray
from fastntk.predict.training.solver import Conditioning, Status
from fastntk.solvers.direct.psd import psd_eigh

__all__ = ["SpectralSolver", "Spectrum", "decompose"]


@dataclasses.dataclass(frozen=True, eq=False)
class Spectrum:
    """``K = V diag(values) V^T``, without a ridge.

    Attributes
    ----------
    values : ndarray of shape (n,)
        Eigenvalues in ascending order, negative rounding set to 0.
    vectors : ndarray of shape (n, n)
        V, a column per eigenvalue.
    unit : float
        Rounding unit of the dtype of ``K``.
    kernel : str
        "nngp" or "ntk".
    """

    values: FloatArray
    vectors: FloatArray
    unit: float
    kernel: str

    def shifted(self, ridge: float, scale: float = 1.0) -> FloatArray:
        """Return the eigenvalues of ``scale K + ridge I``."""
        return scale * self.values + ridge

    def cutoff(self, ridge: float, scale: float = 1.0) -> float:
        """Return the largest eigenvalue that counts as zero: ``n u lambda_max``.

        ``u`` is that of the kernel's dtype; a ridge stands for what the entries lack,
        and only the rounding of the solution itself, in float64, is left.
        """
        largest = scale * float(self.values[-1]) + ridge
        unit = float(np.finfo(np.float64).eps) if ridge > 0 else self.unit
        return len(self.values) * unit * largest

    def report(self, ridge: float) -> Conditioning:
        """Return how ``K + ridge I`` is conditioned."""
        shifted, cutoff = self.shifted(ridge), self.cutoff(ridge)
        rank = int((shifted > cutoff).sum())
        status: Status = "eigh" if rank == len(shifted) else "pseudoinverse"
        with np.errstate(divide="ignore", invalid="ignore"):
            number = float(np.divide(shifted[-1], shifted[0]))
        if not number >= 1:
            number = float("inf")
        return Conditioning(
            self.kernel, status, len(shifted), rank, number, cutoff, ridge
        )

    def solver(self, ridge: float) -> "SpectralSolver":
        """Return the solver of ``K + ridge I``: O(n), nothing is factorised anew."""
        return SpectralSolver(self, ridge, self.report(ridge))


@dataclasses.dataclass(frozen=True, eq=False)
class SpectralSolver:
    """Solves with ``K + ridge I`` from the eigenvalues of ``K``."""

    spectrum: Spectrum
    ridge: float
    report: Conditioning

    def solve(self, b: FloatArray) -> FloatArray:
        """Return ``(K + ridge I)^+ b``."""
        vectors = self._kept()
        return vectors @ ((vectors.T @ b) / self._values()[:, None])

    def whiten(self, b: FloatArray) -> FloatArray:
        """Return ``l^(-1/2) V^T b``."""
        return (self._kept().T @ b) / np.sqrt(self._values())[:, None]

    def _first(self) -> int:
        return self.report.n - self.report.rank  # eigenvalues ascend

    def _kept(self) -> FloatArray:
        return self.spectrum.vectors[:, self._first() :]

    def _values(self) -> FloatArray:
        return self.spectrum.shifted(self.ridge)[self._first() :]


def decompose(matrix: FloatArray, unit: float, kernel: str) -> Spectrum:
    """Return the eigendecomposition of a positive semi-definite matrix.

    Parameters
    ----------
    matrix : ndarray of shape (n, n)
        Symmetric; not modified.
    unit : float
        Rounding unit of its entries.
    kernel : str
        Name for messages.

    Returns
    -------
    Spectrum

    Raises
    ------
    IndefiniteError
        If an eigenvalue is negative by more than rounding explains.
    """
    slack = min(1000 * len(matrix) * unit, 0.1)
    values, vectors = psd_eigh(matrix, slack, f"{kernel} kernel of the training set")
    return Spectrum(values, vectors, unit, kernel)
