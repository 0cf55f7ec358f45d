"""Inducing points: the best combination of kernels at a few rows, in Falkon's way."""

from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from fastntk._errors import InputError
from fastntk._resources import SOLVE_LESS, memory_told
from fastntk._typing import FloatArray
from fastntk.solvers.cg.krylov import Krylov, advance, begin
from fastntk.solvers.checks import (
    check_count,
    check_rtol,
    check_targets,
    column_norms,
)
from fastntk.solvers.direct.psd import cholesky_of
from fastntk.solvers.inducing.centers import Inducing, inducing
from fastntk.solvers.inducing.slabs import slabs
from fastntk.solvers.measure import Meter
from fastntk.solvers.preconditioners import identity
from fastntk.solvers.protocol import finite
from fastntk.solvers.result import SolveResult
from fastntk.solvers.ridges import as_ridge, least, refuse_array
from fastntk.solvers.status import Status

__all__ = ["falkon"]

ONE_RIDGE = "its preconditioner is made of the centres and one number"
WIDTH = 4  # columns iterated on; products are as wide, and blocks are computed once


@memory_told("falkon", SOLVE_LESS)
def falkon(
    operator: Any,
    b: Any,
    ridge: float,
    *,
    centers: Any = "auto",
    rtol: float = 1e-6,
    max_iter: int = 200,
    seed: int = 0,
) -> SolveResult:
    """Fit with inducing points: ``min |K_nm a - B|^2 + ridge a^T K_mm a``.

    Parameters
    ----------
    operator : KernelOperator or ndarray of shape (n, n)
        ``K``; only blocks of its columns at the centres are computed. For centres of
        one's own what `fastntk.operator` returns.
    b : array-like of shape (n,) or (n, n_outputs)
        Targets.
    ridge : float
        In the units of ``K``, > 0.
    centers : int, array-like of int or of shape (m, d), CSR matrix, or "auto"
        How many training rows to draw, or which ones; by default ``10 sqrt(n)``, 2,000
        at most. A matrix holds the centres themselves, which need not be training rows,
        such as those of k-means.
    rtol : float, default=1e-6
        Of the reduced system.
    max_iter : int, default=200
        Iterations at most, each of which computes n m entries.
    seed : int, default=0
        Of the centres.

    Returns
    -------
    SolveResult
        ``x`` has a row per centre; ``centers`` says which training rows they are, or
        holds those of one's own; `Status` is APPROXIMATED: predictions
        ``k(x, centres) a`` are those of the subset-of-regressors approximation of the
        whole system, no solution of it.
        ``residuals`` are those of the reduced system; ``details["training_residuals"]``
        are ``|K_nm a - b| / |b|``.

    Raises
    ------
    InputError
        For bad arguments.

    Notes
    -----
    Algorithm 1 of [1]_: with ``K_mm = T^T T`` and ``A^T A = (n/m) T T^T + ridge I`` the
    system ``K_mn K_nm + ridge K_mm`` is preconditioned by ``B = T^-1 A^-1`` and solved
    by block conjugate gradients. ``K_nm`` is recomputed slab by slab: n m entries an
    iteration, 3 m^2 numbers of memory.

    References
    ----------
    .. [1] A. Rudi, L. Carratino, L. Rosasco, "FALKON: an optimal large scale kernel
       method", NeurIPS 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import falkon
    >>> x = np.linspace(0, 1, 500)[:, None]
    >>> kernel = np.exp(-20 * (x - x.T) ** 2)
    >>> result = falkon(kernel, np.sin(6 * x[:, 0]), 1e-3, centers=40)
    >>> result.status.name, result.x.shape
    ('APPROXIMATED', (40,))
    >>> bool(result.details["training_residuals"] < 1e-3)
    True
    """
    known = operator
    if not isinstance(operator, Inducing):
        known = inducing(operator, centers, check_count(seed, "seed", 0))
    n, m = known.n, len(known.small)
    columns, is_vector = check_targets(b, n, "b")
    given, rtol = as_ridge(ridge, *columns.shape), check_rtol(rtol)
    refuse_array(given, "falkon", ONE_RIDGE, rows_only=False)
    ridge = _positive(least(given))
    limit = check_count(max_iter, "max_iter", 1)
    norms = column_norms(columns)
    columns /= np.where(norms > 0, norms, 1.0)
    with Meter() as meter:
        with meter.phase("preconditioner"):
            system = _Reduced(known, ridge)
        with meter.phase("iterations"):
            x, residuals, used = _solve(system, columns, rtol, limit, seed)
        with meter.phase("residuals"):
            left = system.training_residuals(x, columns)
    x *= norms
    status = Status.APPROXIMATED
    if (residuals > rtol).any():
        status = Status.MAX_ITERATIONS if used >= limit else Status.STAGNATED
    return SolveResult(
        x[:, 0] if is_vector else x,
        status,
        "falkon",
        residuals,
        rtol,
        ridge=ridge,
        iterations=used,
        seconds=dict(meter.seconds),
        jitter=system.jitter,
        rank=m,
        peak_memory=meter.peak_memory,
        centers=known.centers,
        details={"training_residuals": left[0] if is_vector else left},
    )


class _Reduced:
    """The preconditioned system of the inducing points."""

    def __init__(self, known: Inducing, ridge: float) -> None:
        self.known, self.ridge = known, ridge
        self.size = m = len(known.small)
        small = (known.small + known.small.T) / 2
        self.upper, self.jitter = _stable_cholesky(small, known.unit)
        middle = (known.n / m) * (self.upper @ self.upper.T)
        middle.flat[:: m + 1] += ridge
        self.outer, _ = _stable_cholesky(middle, 0.0)

    def expand(self, v: FloatArray) -> FloatArray:
        """Return ``B v = T^-1 A^-1 v``."""
        inner = solve_triangular(self.outer, v, check_finite=False)
        result: FloatArray = solve_triangular(self.upper, inner, check_finite=False)
        return result

    def reduce(self, v: FloatArray) -> FloatArray:
        """Return ``B^T v``."""
        inner = solve_triangular(self.upper, v, trans="T", check_finite=False)
        result: FloatArray = solve_triangular(
            self.outer, inner, trans="T", check_finite=False
        )
        return result

    def times(self, v: FloatArray) -> FloatArray:
        """Return ``B^T (K_mn K_nm + ridge K_mm) B v``."""
        inner = solve_triangular(self.outer, v, check_finite=False)
        total = np.zeros_like(v)
        a = solve_triangular(self.upper, inner, check_finite=False)
        for block, _ in self._blocks():
            total += block.T @ (block @ a)
        rest = solve_triangular(self.outer, inner, trans="T", check_finite=False)
        result: FloatArray = self.reduce(total) + self.ridge * rest
        return result

    def targets(self, b: FloatArray) -> FloatArray:
        """Return ``K_mn b``."""
        total = np.zeros((self.size, b.shape[1]))
        for block, part in self._blocks():
            total += block.T @ b[part]
        return total

    def training_residuals(self, a: FloatArray, b: FloatArray) -> FloatArray:
        """Return ``|K_nm a - b| / |b|`` per column."""
        total = np.zeros(b.shape[1])
        for block, part in self._blocks():
            total += ((block @ a - b[part]) ** 2).sum(axis=0)
        norms = np.linalg.norm(b, axis=0)
        result: FloatArray = np.sqrt(total) / np.where(norms > 0, norms, 1.0)
        return result

    def _blocks(self) -> Any:
        for part in slabs(self.known.n, self.size):
            block = self.known.cross.block(part, self.known.cols)
            yield finite(np.asarray(block, dtype=np.float64)), part


def _solve(
    system: _Reduced, b: FloatArray, rtol: float, limit: int, seed: int
) -> tuple[FloatArray, FloatArray, int]:
    """Return coefficients, true relative residuals, and iterations.

    Residuals are those of the preconditioned reduced system. They are computed anew
    where the recurrence says that it is done; what is left is then solved for.
    """
    m = system.size
    none = identity(m)
    goal = system.reduce(system.targets(b))
    norms = np.linalg.norm(goal, axis=0)
    goal /= np.where(norms > 0, norms, 1.0)
    x, left = np.zeros_like(goal), goal
    levels, used, best = np.linalg.norm(left, axis=0), 0, np.inf
    rng = np.random.default_rng(seed)
    while (levels > rtol).any() and used < limit and levels.max() < 0.5 * best:
        best = float(levels.max())
        state: Krylov = begin(none, left, min(m, max(WIDTH, b.shape[1])), rng)
        while used < limit and (np.linalg.norm(state.r, axis=0) > 0.5 * rtol).any():
            advance(state, system.times, none, np.inf)
            used += 1
        x = x + state.x
        left = goal - system.times(x)
        levels = np.linalg.norm(left, axis=0)
    solution: FloatArray = system.expand(x) * norms
    return solution, levels, used


def _stable_cholesky(matrix: FloatArray, unit: float) -> tuple[FloatArray, float]:
    """Return R with ``R^T R = A + jitter I`` for the first jitter that works."""
    m = len(matrix)
    scale = float(np.trace(matrix)) / m
    jitter = 1e3 * unit * m * scale  # what products of its inverse can bear
    while True:
        trial = matrix.copy()
        trial.flat[:: m + 1] += jitter
        lower = cholesky_of(trial)
        if lower is not None:
            return lower.T, jitter
        jitter = max(10 * jitter, 1e-15 * m * scale)
        if jitter > scale:
            raise InputError(
                "operator: the kernel of the centres is no positive semi-definite "
                "matrix; compute it in float64"
            )


def _positive(ridge: float) -> float:
    if ridge > 0:
        return ridge
    raise InputError(
        "ridge: found 0; expected a number > 0: with inducing points the problem is "
        "regularised, e.g. 1e-6 * trace(K) / n"
    )
