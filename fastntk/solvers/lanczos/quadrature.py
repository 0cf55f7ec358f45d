"""Log-determinant and trace of the inverse by stochastic Lanczos quadrature."""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import eigh_tridiagonal

from fastntk._errors import IndefiniteError, InputError
from fastntk._resources import FEWER_ROWS, memory_told
from fastntk._shown import shown
from fastntk._typing import FloatArray
from fastntk._validation.arguments import as_generator
from fastntk.solvers.checks import check_count, check_ridge
from fastntk.solvers.preconditioners import LowRankPreconditioner, identity
from fastntk.solvers.protocol import as_operator, product

__all__ = ["Estimate", "log_determinant", "trace_inverse"]

BASIS_BYTES = 1 << 30  # of Lanczos vectors kept for orthogonalisation
CHECK_EVERY = 4


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A number known from random probes.

    Attributes
    ----------
    value : float
        The mean over the probes.
    standard_error : float
        Of that mean: the spread over the probes by the root of their number.
    quadrature_error : float
        Change of the value over the last Lanczos steps: what more steps might change.
    probes, steps : int
        How many of each.

    Examples
    --------
    >>> from fastntk.solvers import Estimate
    >>> print(Estimate(-1355.0, 5.0, 0.01, 20, 30))
    -1355 +- 5 (20 probes, 30 steps)
    """

    value: float
    standard_error: float
    quadrature_error: float
    probes: int
    steps: int

    def __str__(self) -> str:
        spread = f"{self.value:.6g} +- {self.standard_error:.2g}"
        return f"{spread} ({self.probes} probes, {self.steps} steps)"


@memory_told("log_determinant", FEWER_ROWS)
def log_determinant(
    operator: Any,
    ridge: float,
    *,
    preconditioner: LowRankPreconditioner | None = None,
    probes: int = 16,
    max_steps: int = 200,
    seed: int = 0,
) -> Estimate:
    """Estimate ``log det(K + ridge I)``.

    Parameters
    ----------
    operator : KernelOperator or ndarray of shape (n, n)
        ``K``; only ``matmat`` is called.
    ridge : float
        In the units of ``K``; large enough that ``K + ridge I`` is not singular.
    preconditioner : LowRankPreconditioner, optional
        Its determinant is exact, so only what it misses is estimated: errors and steps
        are far fewer.
    probes : int, default=16
        Random vectors; the error falls like their root.
    max_steps : int, default=200
        Lanczos steps at most; they end when the value moves by less than a tenth of the
        standard error.
    seed : int, default=0
        Of the probes.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError
        For bad arguments.
    IndefiniteError
        If ``K + ridge I`` is singular or indefinite to working precision.

    Notes
    -----
    ``log det P + tr log(M^-1 (K + ridge I) M^-T)`` with ``P = M M^T``; the trace by
    Gauss quadrature of random signs, equation 2.5 of [1]_. Cost: a product with
    ``probes`` columns per step.

    References
    ----------
    .. [1] S. Ubaru, J. Chen, Y. Saad, "Fast estimation of tr(f(A)) via stochastic
       Lanczos quadrature", SIAM J. Matrix Anal. Appl. 38 (2017).

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import log_determinant, rpcholesky
    >>> x = np.linspace(0, 1, 300)[:, None]
    >>> kernel = np.exp(-np.abs(x - x.T))
    >>> known = rpcholesky(kernel, ridge=0.1, rank=30)
    >>> found = log_determinant(kernel, 0.1, preconditioner=known)
    >>> exact = np.linalg.slogdet(kernel + 0.1 * np.eye(300))[1]
    >>> bool(abs(found.value - exact) < 4 * found.standard_error)
    True
    """
    return _estimate(operator, ridge, preconditioner, probes, max_steps, seed, _log)


@memory_told("trace_inverse", FEWER_ROWS)
def trace_inverse(
    operator: Any,
    ridge: float,
    *,
    preconditioner: LowRankPreconditioner | None = None,
    probes: int = 16,
    max_steps: int = 200,
    seed: int = 0,
) -> Estimate:
    """Estimate ``tr (K + ridge I)^-1``.

    Parameters
    ----------
    operator, ridge, preconditioner, probes, max_steps, seed
        As for `log_determinant`.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError, IndefiniteError
        As for `log_determinant`.

    Notes
    -----
    With a preconditioner, ``tr P^-1`` is exact and the difference is estimated.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import trace_inverse
    >>> found = trace_inverse(np.diag([1.0, 3.0]), 1.0)
    >>> round(found.value, 9)
    0.75
    """
    return _estimate(operator, ridge, preconditioner, probes, max_steps, seed, _inverse)


def _log(
    values: FloatArray,
) -> FloatArray:
    result: FloatArray = np.log(values)
    return result


def _inverse(values: FloatArray) -> FloatArray:
    result: FloatArray = 1.0 / values
    return result


def _estimate(
    operator: Any,
    ridge: float,
    preconditioner: LowRankPreconditioner | None,
    probes: int,
    max_steps: int,
    seed: int,
    f: Callable[[FloatArray], FloatArray],
) -> Estimate:
    known = as_operator(operator)
    ridge = check_ridge(ridge)
    n = known.shape[0]
    count = check_count(probes, "probes", 2)
    limit = min(check_count(max_steps, "max_steps", 1), n)
    p = identity(n) if preconditioner is None else _checked(preconditioner, n)
    rng = as_generator(seed)
    signs = rng.choice((-1.0, 1.0), size=(n, count))
    if f is _log:
        start, control, exact = signs, np.zeros(count), p.log_determinant()
    else:
        start = p.left(signs)
        control, exact = (start**2).sum(axis=0), p.trace_inverse()
    run = _Lanczos(lambda v: p.left(product(known, p.right(v), ridge)), start)
    last, value, error = np.inf, 0.0, 0.0
    while run.steps < limit:
        run.step()
        if run.steps % CHECK_EVERY and run.steps < limit and not run.is_done:
            continue
        forms = run.forms(f) - control
        value, error = float(forms.mean()), float(forms.std(ddof=1) / np.sqrt(count))
        change, last = abs(value - last), value
        if run.is_done or change <= max(0.1 * error, 1e-12 * abs(value + exact)):
            break
    if not np.isfinite(change):
        change = error
    return Estimate(value + exact, error, float(change), count, run.steps)


def _checked(preconditioner: Any, n: int) -> LowRankPreconditioner:
    if not isinstance(preconditioner, LowRankPreconditioner):
        raise InputError(
            f"preconditioner: found {shown(preconditioner)}; expected None or what "
            "fastntk.solvers.rpcholesky and nystrom return"
        )
    if len(preconditioner.basis) != n:
        raise InputError(
            f"preconditioner: found one of {len(preconditioner.basis)} rows; expected "
            f"{n}, made of the same matrix"
        )
    return preconditioner


class _Lanczos:
    """Lanczos for several vectors side by side, each with a tridiagonal of its own."""

    def __init__(
        self, times: Callable[[FloatArray], FloatArray], start: FloatArray
    ) -> None:
        self._times = times
        self._norms = np.linalg.norm(start, axis=0)
        safe = np.where(self._norms > 0, self._norms, 1.0)
        self._now = start / safe
        self._kept = [self._now]
        self._room = max(2, BASIS_BYTES // start.nbytes)
        self._last: FloatArray = np.zeros_like(start)
        self._alphas: list[FloatArray] = []
        self._betas: list[FloatArray] = []
        self._is_dead = np.zeros(start.shape[1], dtype=bool)

    @property
    def steps(self) -> int:
        """Products so far."""
        return len(self._alphas)

    @property
    def is_done(self) -> bool:
        """Whether every Krylov space is exhausted."""
        return bool(self._is_dead.all())

    def step(self) -> None:
        """Multiply, and orthogonalise against as many vectors as are kept."""
        image = self._times(self._now)
        alpha = (image * self._now).sum(axis=0)
        size = np.linalg.norm(image, axis=0)
        if self._betas:
            image -= self._betas[-1] * self._last
        image -= alpha * self._now
        for vector in self._kept:
            image -= vector * (vector * image).sum(axis=0)
        beta = np.linalg.norm(image, axis=0)
        self._is_dead |= beta <= 1e-13 * np.maximum(size, np.abs(alpha))
        beta = np.where(self._is_dead, 0.0, beta)
        self._alphas.append(alpha)
        self._betas.append(beta)
        self._last = self._now
        self._now = np.where(beta > 0, image, 0.0) / np.where(beta > 0, beta, 1.0)
        if len(self._kept) < self._room:
            self._kept.append(self._now)

    def forms(self, f: Callable[[FloatArray], FloatArray]) -> FloatArray:
        """Return ``v^T f(A) v`` per column, by Gauss quadrature."""
        alphas, betas = np.array(self._alphas), np.array(self._betas)[:-1]
        result = np.zeros(alphas.shape[1])
        for j, norm in enumerate(self._norms):
            length = self._length(betas[:, j])
            nodes, vectors = eigh_tridiagonal(
                alphas[:length, j], betas[: length - 1, j]
            )
            if nodes[0] <= 0.0:
                raise IndefiniteError(
                    f"operator: found the quadratic form {nodes[0]:.3g} of a unit "
                    f"vector (the largest is {nodes[-1]:.3g}) with the ridge added; "
                    "expected a positive definite matrix. Raise the ridge, or compute "
                    "it in float64"
                )
            result[j] = norm**2 * float(vectors[0] ** 2 @ f(nodes))
        return result

    @staticmethod
    def _length(betas: FloatArray) -> int:
        """Return how many steps there are before a column's space is exhausted."""
        zeros = np.flatnonzero(betas == 0.0)
        return int(zeros[0]) + 1 if len(zeros) else len(betas) + 1
