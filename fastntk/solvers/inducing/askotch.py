"""Accelerated block coordinates: some rows of the matrix at a time, never all of it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from fastntk._errors import IndefiniteError
from fastntk._resources import SOLVE_LESS, memory_told
from fastntk._typing import FloatArray, IntArray
from fastntk._validation.arguments import as_generator, check_function, is_one_of
from fastntk.solvers.cg.settings import CGStep
from fastntk.solvers.checks import (
    check_count,
    check_rtol,
    check_targets,
    column_norms,
)
from fastntk.solvers.inducing.slabs import rows_times
from fastntk.solvers.measure import Meter
from fastntk.solvers.protocol import KernelOperator, as_operator, product
from fastntk.solvers.result import SolveResult
from fastntk.solvers.ridges import as_ridge, least, refuse_array
from fastntk.solvers.status import Status

__all__ = ["askotch"]

ONE_RIDGE = "its momentum is made for one number"
GROWTH = 10.0  # of the residual over its best, beyond which the momentum is dropped


@memory_told("askotch", SOLVE_LESS)
def askotch(
    operator: Any,
    b: Any,
    ridge: float,
    *,
    block_size: int | str = "auto",
    rtol: float = 1e-6,
    max_epochs: int = 100,
    seed: int = 0,
    callback: Callable[[CGStep], Any] | None = None,
) -> SolveResult:
    """Solve ``(K + ridge I) X = B`` by accelerated random block coordinates.

    Parameters
    ----------
    operator : KernelOperator or ndarray of shape (n, n)
        ``K``; blocks of rows are computed, and a product when the end seems near.
    b : array-like of shape (n,) or (n, n_outputs)
        Targets.
    ridge : float
        In the units of ``K``.
    block_size : int or "auto"
        Rows solved for together; by default n/20, between 100 and 2,000.
    rtol : float, default=1e-6
        Of the true residual of the whole system.
    max_epochs : int, default=100
        Passes over all rows at most.
    seed : int, default=0
        Of the blocks.
    callback : callable, optional
        Called after each epoch with a `CGStep` (``iteration`` counts epochs, residuals
        are estimates from the blocks); True stops.

    Returns
    -------
    SolveResult
        Nothing is approximated: ``residuals`` are those of the whole system.
        ``iterations`` counts epochs.

    Raises
    ------
    InputError
        For bad arguments.
    IndefiniteError
        If a block of the matrix is indefinite.

    Notes
    -----
    After [1]_: a random block of rows is solved for, with Nesterov's momentum. Blocks
    are solved by Cholesky, not by Nystrom and a step size: at these sizes a block costs
    less than its rows do. An epoch computes n^2 entries, twice what a product does, so
    this pays only where conjugate gradients can't be run to the end, or n-sized
    preconditioners don't fit. Memory: a block squared and six arrays like ``B``.

    References
    ----------
    .. [1] P. Rathore, Z. Frangella, J. Yang, M. Derezinski, M. Udell, "Have ASkotch: a
       neat solution for large-scale kernel ridge regression", 2024, arXiv 2407.10070.

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import askotch
    >>> x = np.linspace(0, 1, 400)[:, None]
    >>> kernel = np.exp(-np.abs(x - x.T))
    >>> result = askotch(kernel, np.sin(6 * x[:, 0]), 0.1)
    >>> result.status.name
    'CONVERGED'
    """
    known = as_operator(operator)
    n = known.shape[0]
    columns, is_vector = check_targets(b, n, "b")
    given, rtol = as_ridge(ridge, *columns.shape), check_rtol(rtol)
    refuse_array(given, "askotch", ONE_RIDGE, rows_only=False)
    ridge = least(given)
    check_function(callback, "callback", "of a CGStep", is_optional=True)
    if is_one_of(block_size, ("auto",)):
        block_size = min(n, max(100, min(2000, n // 20)))
    size = check_count(block_size, "block_size", 1, n)
    epochs = check_count(max_epochs, "max_epochs", 1)
    norms = column_norms(columns)
    scaled = columns / np.where(norms > 0, norms, 1.0)
    with Meter() as meter:
        run = _Run(known, scaled, ridge, size, as_generator(seed))
        status, levels, used = _epochs(run, rtol, epochs, meter, callback)
    x = run.x * norms
    return SolveResult(
        x[:, 0] if is_vector else x,
        status,
        "askotch",
        levels,
        rtol,
        ridge=ridge,
        iterations=used,
        seconds=dict(meter.seconds),
        peak_memory=meter.peak_memory,
        notes=tuple(run.notes),
        details={"block_size": size},
    )


def _epochs(
    run: "_Run",
    rtol: float,
    limit: int,
    meter: Meter,
    callback: Callable[[CGStep], Any] | None,
) -> tuple[Status, FloatArray, int]:
    """Run epochs until the true residual is small; return it too."""
    used, status = 0, Status.MAX_ITERATIONS
    if not run.levels.any():
        return Status.CONVERGED, run.levels, 0
    while used < limit:
        with meter.phase("iterations"):
            run.epoch()
        used += 1
        run.steady()
        step = CGStep(used, run.levels.copy(), meter.elapsed)
        if callback is not None and callback(step) is True:
            status = Status.STOPPED
            break
        if (run.levels <= rtol).all():
            with meter.phase("residuals"):
                levels = run.true_levels()
            if (levels <= rtol).all():
                return Status.CONVERGED, levels, used
    with meter.phase("residuals"):
        levels = run.true_levels()
    return (Status.CONVERGED if (levels <= rtol).all() else status), levels, used


class _Run:
    """Iterates of accelerated block coordinates: x, its momentum, and their mixture."""

    def __init__(
        self,
        operator: KernelOperator,
        b: FloatArray,
        ridge: float,
        size: int,
        rng: np.random.Generator,
    ) -> None:
        self.operator, self.b, self.ridge = operator, b, ridge
        self.size, self.rng = size, rng
        self.x = np.zeros_like(b)
        self.v, self.z = self.x.copy(), self.x.copy()
        self.levels = np.linalg.norm(b, axis=0)
        self.best = float(self.levels.max())
        self.notes: list[str] = []
        scale = float(np.mean(operator.diagonal(), dtype=np.float64))
        # what the expected projection contracts by at least: a guess, made smaller
        # where it turns out too bold
        share = size / len(b)
        relative = ridge / (ridge + abs(scale)) if ridge > 0 else 0.0
        self.mu = share * min(0.5, max(1e-4, np.sqrt(relative)))

    def epoch(self) -> None:
        """Visit every row once, in random blocks."""
        n = len(self.b)
        order = self.rng.permutation(n)
        squares = np.zeros(self.b.shape[1])
        for start in range(0, n, self.size):
            squares += self._block(np.sort(order[start : start + self.size]))
        self.levels = np.sqrt(squares)

    def steady(self) -> None:
        """Drop the momentum where it makes things worse."""
        worst = float(self.levels.max())
        if worst > GROWTH * self.best or not np.isfinite(worst):
            self.mu /= 10.0
            if not np.isfinite(self.x).all():
                self.x = np.zeros_like(self.b)
            self.v, self.z = self.x.copy(), self.x.copy()
            self.notes = [f"the momentum was made smaller, to {self.mu:.2g}"]
        self.best = min(self.best, worst) if np.isfinite(worst) else self.best

    def true_levels(self) -> FloatArray:
        """Return the norms of ``B - (K + ridge I) X``."""
        image = product(self.operator, self.x, self.ridge)
        result: FloatArray = np.linalg.norm(self.b - image, axis=0)
        return result

    def _block(self, rows: IntArray) -> FloatArray:
        """Solve for some rows; return the squares of their residuals before."""
        gap = rows_times(self.operator, rows, self.z)
        gap += self.ridge * self.z[rows] - self.b[rows]
        square = np.asarray(self.operator.block(rows, rows), dtype=np.float64)
        change = _solve_block(square, self.ridge, gap)
        nu = len(self.b) / len(rows)
        beta = 1.0 - np.sqrt(self.mu / nu)
        gamma = 1.0 / np.sqrt(self.mu * nu)
        alpha = 1.0 / (1.0 + gamma * nu)
        self.x = self.z.copy()
        self.x[rows] -= change
        self.v = beta * self.v + (1.0 - beta) * self.z
        self.v[rows] -= gamma * change
        self.z = alpha * self.v + (1.0 - alpha) * self.x
        result: FloatArray = (gap**2).sum(axis=0)
        return result


def _solve_block(square: FloatArray, ridge: float, gap: FloatArray) -> FloatArray:
    """Return ``(K_BB + ridge I)^-1 gap``."""
    size = len(square)
    scale = float(np.trace(square)) / size
    for jitter in (0.0, 1e-12, 1e-9, 1e-6):
        trial = square.copy()
        trial.flat[:: size + 1] += ridge + jitter * scale
        try:
            factor = cho_factor(trial, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError:
            continue
        result: FloatArray = cho_solve(factor, gap, check_finite=False)
        return result
    value = float(np.linalg.eigvalsh(square)[0])
    raise IndefiniteError(
        f"operator: found the quadratic form {value:.3g} of a unit vector (an "
        f"eigenvalue of {size} rows and columns); expected a positive semi-definite "
        "matrix. Compute it in float64, or raise the ridge"
    )
