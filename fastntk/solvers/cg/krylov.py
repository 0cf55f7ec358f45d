"""One block of conjugate gradients in Dubrulle's QR form: what an iteration does."""

import dataclasses
from collections.abc import Callable

import numpy as np
from scipy.linalg import blas, cho_solve, cholesky, eigh

from fastntk._errors import IndefiniteError
from fastntk._typing import FloatArray
from fastntk.solvers.preconditioners import LowRankPreconditioner

__all__ = ["Krylov", "advance", "begin"]

DEPENDENT = 1e-13  # eigenvalues of a scaled D^T A D up to here count as zero
INDEPENDENT = 1e-4  # least diagonal of R, columns of norm 1, for Cholesky's QR

Product = Callable[[FloatArray], FloatArray]


@dataclasses.dataclass
class Krylov:
    """State of a block iteration on ``M^-1 A M^-T``, with ``R = M Q C``.

    Attributes
    ----------
    x : ndarray of shape (n, s)
        Solution so far, in the coordinates of ``M^T x``.
    q : ndarray of shape (n, w)
        Orthonormal basis of the residuals; ``w >= s``: the rest are probes.
    d : ndarray of shape (n, w)
        Search directions.
    c : ndarray of shape (w, s)
        Residuals in terms of ``q``.
    r : ndarray of shape (n, s)
        Residuals themselves, as the recurrence has them: ``M Q C`` to rounding.
    """

    x: FloatArray
    q: FloatArray
    d: FloatArray
    c: FloatArray
    r: FloatArray


def begin(
    preconditioner: LowRankPreconditioner,
    residual: FloatArray,
    width: int,
    rng: np.random.Generator,
    into_range: Product | None = None,
) -> Krylov:
    """Start from residuals of shape (n, s), padded to ``width`` columns by probes.

    Parameters
    ----------
    preconditioner : LowRankPreconditioner
    residual : ndarray of shape (n, s)
    width : int
        Columns, probes included.
    rng : Generator
        Of the probes.
    into_range : callable, optional
        ``V -> K V``, where K may be singular: what probes have outside of its range
        would stay in the residuals for ever, and keep the block from converging.

    Notes
    -----
    The probes are random signs. They widen the Krylov space at almost no cost where a
    product costs what the matrix costs: 8 to 16 columns need about half of the
    iterations of one.
    """
    n, s = residual.shape
    start = preconditioner.left(residual)
    if width > s:
        probes = rng.choice((-1.0, 1.0), size=(n, width - s))
        if into_range is not None:
            probes = into_range(probes)
            largest = float(np.abs(probes).max())
            if largest > 0.0:
                probes = probes / largest
                probes *= np.sqrt(n) / np.linalg.norm(probes, axis=0).max()
        scale = float(np.linalg.norm(start, axis=0).mean()) / np.sqrt(n)
        start = np.hstack([start, scale * preconditioner.left(probes)])
    q, r = _qr(start)
    c = np.ascontiguousarray(r[:, :s])
    return Krylov(np.zeros((n, s)), q, q.copy(), c, residual.copy())


def advance(
    state: Krylov,
    times: Product,
    preconditioner: LowRankPreconditioner,
    rounding: float,
    negligible: float = 0.0,
) -> None:
    """Do one iteration, in place.

    Parameters
    ----------
    state : Krylov
        Changed.
    times : callable
        ``V -> (K + ridge I) V``.
    preconditioner : LowRankPreconditioner
        ``P = M M^T``.
    rounding : float
        Negative quadratic forms of unit vectors down to minus this are rounding.
    negligible : float
        Up to here positive ones are rounding too, where K may be singular: nothing is
        solved for in such directions.

    Raises
    ------
    IndefiniteError
        If a quadratic form is more negative.

    Notes
    -----
    Algorithm 5.2 (BCGrQ) of [1]_, which goes back to [2]_: ``Q`` stays orthonormal, so
    equal, zero or dependent columns and converged ones do no harm: their row of ``C``
    is zero.

    References
    ----------
    .. [1] H. Ji, Y. Li, "A breakdown-free block conjugate gradient method", BIT 57
       (2017).
    .. [2] A. A. Dubrulle, "Retooling the method of block conjugate gradients", ETNA 12
       (2001).
    """
    directions = preconditioner.right(state.d)
    plain = times(directions)
    image = preconditioner.left(plain)
    gram = state.d.T @ image
    inverse = _inverse((gram + gram.T) / 2, directions, rounding, negligible)
    steps = inverse @ state.c
    x, r = state.x + state.d @ steps, state.r - plain @ steps
    q, s = _qr(state.q - image @ inverse)
    c, d = s @ state.c, q + state.d @ s.T
    # together: interrupts lose nothing
    state.x, state.q, state.d, state.c, state.r = x, q, d, c, r


def _qr(a: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Q with orthonormal columns and R, ``Q R = a``.

    Cholesky's QR twice, all of it products; Householder's where columns of ``a`` are
    close to dependent.
    """
    q, total = a, np.eye(a.shape[1])
    for _ in range(2):
        gram = q.T @ q
        norms = np.sqrt(gram.diagonal())
        if not norms.all():
            break
        try:
            unit = cholesky(gram / np.outer(norms, norms), check_finite=False)
        except np.linalg.LinAlgError:
            break
        if unit.diagonal().min() < INDEPENDENT:
            break
        upper = unit * norms
        q = blas.dtrsm(1.0, upper, q.T, trans_a=1).T
        total = upper @ total
    else:
        return q, total
    q, total = np.linalg.qr(a)
    return q, total


def _inverse(
    gram: FloatArray, directions: FloatArray, rounding: float, negligible: float
) -> FloatArray:
    """Return the (pseudo-)inverse of ``D^T A D``; refuse one that is not PSD."""
    norms = np.linalg.norm(directions, axis=0)
    _refuse_negative(gram.diagonal(), directions, norms, rounding)
    scale = np.sqrt(np.maximum(gram.diagonal(), 0.0))
    is_zero = gram.diagonal() <= negligible * norms**2
    safe = np.where(is_zero, 1.0, scale)
    scaled = gram / np.outer(safe, safe)
    plain = None if is_zero.any() else _plain_inverse(scaled)
    if plain is not None:
        return np.asarray(plain / np.outer(safe, safe))
    values, vectors = eigh(scaled, check_finite=False)
    combined = directions @ (vectors[:, :1] / safe[:, None])
    _refuse_negative(values[:1], combined, np.linalg.norm(combined, axis=0), rounding)
    keep = values > DEPENDENT * len(gram) * values[-1]
    kept = vectors[:, keep]
    result: FloatArray = (kept / values[keep]) @ kept.T / np.outer(safe, safe)
    result[is_zero] = 0.0
    result[:, is_zero] = 0.0
    return result


def _plain_inverse(scaled: FloatArray) -> FloatArray | None:
    """Return the inverse, or None where some columns are dependent."""
    try:
        lower = cholesky(scaled, lower=True, check_finite=False)
    except np.linalg.LinAlgError:
        return None
    if lower.diagonal().min() ** 2 <= DEPENDENT * len(scaled):
        return None
    unit = np.eye(len(scaled))
    return np.asarray(cho_solve((lower, True), unit, check_finite=False))


def _refuse_negative(
    forms: FloatArray, vectors: FloatArray, norms: FloatArray, rounding: float
) -> None:
    """Raise if ``v^T A v`` is negative beyond rounding."""
    relative = forms / np.where(norms > 0, norms, 1.0) ** 2
    worst = int(relative.argmin())
    if relative[worst] < -rounding:
        raise IndefiniteError(
            f"operator: found the quadratic form v^T (K + ridge I) v = "
            f"{relative[worst]:.3g} of a unit vector v; expected a positive "
            "semi-definite matrix. Compute it from the same rows on both sides, in "
            "float64, or raise the ridge",
            vectors[:, worst] / norms[worst],
        )
