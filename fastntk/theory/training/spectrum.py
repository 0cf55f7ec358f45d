"""One eigendecomposition of the training kernel, from which much else follows."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._resources import FEWER_ROWS, memory_told
from fastntk._typing import FloatArray
from fastntk.solvers.direct.psd import psd_eigh
from fastntk.theory._checks import (
    as_kernel,
    as_numbers,
    as_targets,
    not_empty,
    unit_of,
)

__all__ = ["TrainingSpectrum", "check_ridges", "check_spectrum", "decompose"]

_SMALLEST, _LARGEST = 1e-140, 1e140  # targets, the largest of them


@dataclass(frozen=True, repr=False, eq=False)
class TrainingSpectrum:
    """Eigenvalues of a training kernel and the targets in its eigenvectors.

    Made by `decompose`; read by `kare`, `learning_curve`, `time_to_loss`,
    `rkhs_norm` and `generalisation_bound`, most of which are then O(n), and by
    `leave_one_out`.

    Attributes
    ----------
    eigenvalues : ndarray of shape (n,)
        Eigenvalues of the kernel matrix, ascending, rounding below 0 set to 0;
        squared output units.
    coefficients : ndarray of shape (n, n_outputs)
        ``U^T y``: targets in the eigenvectors ``U``; output units.
    vectors : ndarray of shape (n, n)
        The eigenvectors ``U``, one per column.
    unit : float
        Rounding unit of the dtype in which the kernel was given.
    """

    eigenvalues: FloatArray
    coefficients: FloatArray
    vectors: FloatArray
    unit: float = float(np.finfo(np.float64).eps)

    @property
    def n_samples(self) -> int:
        """Rows of the kernel."""
        return len(self.eigenvalues)

    @property
    def n_outputs(self) -> int:
        """Columns of the targets."""
        return int(self.coefficients.shape[1])

    @property
    def power(self) -> FloatArray:
        """Squared coefficients, mean over outputs: shape (n,)."""
        squares: FloatArray = np.mean(self.coefficients**2, axis=1)
        return squares

    @property
    def trace(self) -> float:
        """Sum of the eigenvalues; ``trace / n_samples`` is the unit of ridges."""
        return float(self.eigenvalues.sum())

    @property
    def floor(self) -> float:
        """Size below which an eigenvalue is rounding: ``n u lambda_max``.

        ``u`` is `unit`: of a float32 kernel more eigenvalues are rounding.
        """
        return float(self.n_samples * self.unit * self.eigenvalues[-1])

    def __repr__(self) -> str:
        low, high = self.eigenvalues[0], self.eigenvalues[-1]
        return (
            f"TrainingSpectrum(n_samples={self.n_samples}, n_outputs={self.n_outputs}"
            f", eigenvalues {low:.3g} to {high:.3g})"
        )


@memory_told("decompose", FEWER_ROWS)
def decompose(kernel: Any, y: Any) -> TrainingSpectrum:
    """Diagonalise a training kernel, once for all that follows.

    Parameters
    ----------
    kernel : array-like of shape (n, n)
        Symmetric positive semi-definite kernel of the training rows, squared
        output units. Not modified.
    y : array-like of shape (n,) or (n, n_outputs)
        Targets, in output units; pass ``y - f_0`` for a network that starts at
        ``f_0``.

    Returns
    -------
    TrainingSpectrum

    Raises
    ------
    InputError
        If the kernel is not square, symmetric, finite and positive semi-definite
        up to rounding, or the targets do not belong to it.

    Notes
    -----
    ``K = U diag(mu) U^T`` by LAPACK, ``O(n^3)`` time and ``O(n^2)`` memory. A class
    of labels in one column per class counts as so many outputs.

    Examples
    --------
    >>> from fastntk import theory
    >>> theory.decompose([[2.0, 1.0], [1.0, 2.0]], [1.0, -1.0])
    TrainingSpectrum(n_samples=2, n_outputs=1, eigenvalues 1 to 3)
    """
    matrix = as_kernel(kernel)
    targets = as_targets(y, len(matrix))
    _check_squares(targets)
    # float32 kernels are positive up to their own rounding
    slack = len(matrix) * float(np.finfo(np.float32).eps)
    eigenvalues, vectors = psd_eigh(matrix, slack, "kernel")
    if not np.isfinite(eigenvalues.sum()):
        raise InputError(
            f"kernel: found entries as large as {float(np.abs(matrix).max()):.3g}, so "
            "that its trace overflows; expected smaller ones. Divide by a constant"
        )
    return TrainingSpectrum(eigenvalues, vectors.T @ targets, vectors, unit_of(kernel))


def _check_squares(targets: FloatArray) -> None:
    """Refuse targets whose squares leave the range of float64."""
    size = float(np.abs(targets).max())
    if size and not _SMALLEST <= size <= _LARGEST:
        raise InputError(
            f"y: found targets as large as {size:.3g}, whose squares float64 cannot "
            f"hold; expected {_SMALLEST:g} to {_LARGEST:g}. Change their units"
        )


def check_spectrum(spectrum: Any) -> None:
    """Check that something was made by `decompose`."""
    if not isinstance(spectrum, TrainingSpectrum):
        raise InputError(
            f"spectrum: found {type(spectrum).__name__}; expected a TrainingSpectrum. "
            "Make one with fastntk.theory.decompose(kernel, y)"
        )


def check_ridges(spectrum: TrainingSpectrum, ridge: Any) -> FloatArray:
    """Return ridges for which ``K + ridge I`` is not singular, or raise.

    A ridge stands for the digits that a float32 kernel lacks; only the rounding of the
    solution itself, in float64, counts then.
    """
    check_spectrum(spectrum)
    ridges = not_empty(as_numbers(ridge, "ridge", 0.0), "ridge")
    least = float(ridges.min())
    lowest = float(spectrum.eigenvalues[0]) + least
    ratio = float(np.finfo(np.float64).eps) / spectrum.unit if least > 0 else 1.0
    floor = spectrum.floor * ratio
    if lowest <= floor:
        raise InputError(
            f"ridge: found {least:.3g} with a kernel whose smallest "
            f"eigenvalue is {float(spectrum.eigenvalues[0]):.3g}, below its rounding "
            f"{floor:.3g}: K + ridge I is numerically singular. Expected a "
            "ridge above that rounding; drop duplicate rows if there are any"
        )
    return ridges
