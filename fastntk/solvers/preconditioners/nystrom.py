"""The randomised Nystrom preconditioner: products of ``K`` with random columns."""

from typing import Any

import numpy as np

from fastntk._resources import FEWER_ROWS, memory_told
from fastntk._typing import FloatArray
from fastntk._validation.arguments import as_generator
from fastntk.solvers.checks import check_count
from fastntk.solvers.direct.lapack import orthonormal
from fastntk.solvers.direct.psd import cholesky_of
from fastntk.solvers.direct.triangular import solve_lower
from fastntk.solvers.preconditioners.base import LowRankPreconditioner, from_factor
from fastntk.solvers.protocol import as_operator, product, rounding_unit
from fastntk.solvers.ridges import as_ridge

__all__ = ["nystrom"]


@memory_told("nystrom", FEWER_ROWS)
def nystrom(
    operator: Any, ridge: Any = 0.0, rank: int = 64, *, seed: int = 0
) -> LowRankPreconditioner:
    """Precondition ``K + ridge I`` by a randomised Nystrom approximation.

    Parameters
    ----------
    operator : KernelOperator or ndarray of shape (n, n)
        ``K``; one product with ``rank`` columns is taken.
    ridge : float or array-like of shape (n,), default=0.0
        Of the system.
    rank : int, default=64
        Random columns.
    seed : int, default=0
        Of these.

    Returns
    -------
    LowRankPreconditioner

    Raises
    ------
    InputError
        For a bad ridge or rank.

    Notes
    -----
    Algorithm 2.1 of [1]_: with orthonormal random ``O`` and ``Y = K O``, ``K ~ Y (O^T
    Y)^-1 Y^T``. Close to the best of its rank, where `rpcholesky` can miss a few large
    eigenvalues; but every column sees the whole matrix, so it pays where products are
    cheap against ``n rank`` entries: matrices in memory, and small ranks.

    References
    ----------
    .. [1] Z. Frangella, J. Tropp, M. Udell, "Randomized Nystrom preconditioning", SIAM
       J. Matrix Anal. Appl. 44 (2023).

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import nystrom
    >>> preconditioner = nystrom(np.diag([100.0, 10.0, 1.0, 1.0]), ridge=1.0, rank=2)
    >>> preconditioner.rank
    2
    """
    known = as_operator(operator)
    n = known.shape[0]
    ridge = as_ridge(ridge, n, 0)
    rank = min(check_count(rank, "rank", 0), n)
    rng = as_generator(seed)
    basis = orthonormal(np.asfortranarray(rng.standard_normal((n, rank))))
    image = product(known, basis, 0.0)
    factor = _stable_root(basis, image, rounding_unit(known))
    diagonal = np.asarray(known.diagonal(), dtype=np.float64)
    left = np.maximum(diagonal - (factor**2).sum(axis=1), 0.0)
    return from_factor(factor, ridge, left, "nystrom")


def _stable_root(basis: FloatArray, image: FloatArray, unit: float) -> FloatArray:
    """Return F with ``F F^T = Y (O^T Y)^-1 Y^T``, for a slightly shifted ``K``."""
    if not image.any():
        return np.zeros((len(basis), 0), order="F")
    shift = unit * float(np.linalg.norm(image, 2))
    while True:
        shifted = image + shift * basis
        small = basis.T @ shifted
        lower = cholesky_of((small + small.T) / 2)
        if lower is not None:
            break
        shift *= 10.0
    return np.asfortranarray(solve_lower(lower, shifted.T).T)
