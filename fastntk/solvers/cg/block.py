"""Block conjugate gradients on any kernel operator."""

from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from fastntk._errors import InputError
from fastntk._resources import SOLVE_LESS, memory_told
from fastntk._typing import FloatArray
from fastntk._validation.arguments import is_one_of
from fastntk.solvers.cg.bar import IterationBar
from fastntk.solvers.cg.checkpoint import Checkpoint, fingerprint
from fastntk.solvers.cg.per_target import cg_by_target
from fastntk.solvers.cg.preconditioner import build_preconditioner
from fastntk.solvers.cg.run import CGRun, Problem
from fastntk.solvers.cg.settings import CGSettings, CGStep
from fastntk.solvers.checks import (
    check_count,
    check_rtol,
    check_targets,
    column_norms,
)
from fastntk.solvers.measure import Meter
from fastntk.solvers.protocol import KernelOperator, as_operator, rounding_unit
from fastntk.solvers.result import SolveInterrupted, SolveResult
from fastntk.solvers.ridges import as_ridge, as_shift, is_per_target
from fastntk.solvers.status import Status

__all__ = ["block_cg"]

WIDTH = 16  # columns, probes included, where there are fewer right-hand sides
MAX_WIDTH = 64  # right-hand sides iterated together
FEW_ROWS = 6000  # up to here, one BLAS thread: others take longer to wake
_SYSTEM = ("operator", "b", "ridge")
Callback = Callable[[CGStep], Any]


@memory_told("block_cg", SOLVE_LESS)
def block_cg(
    operator: Any,
    b: Any,
    ridge: Any = 0.0,
    *,
    accurate: Any = None,
    rtol: float = 1e-6,
    max_iter: int | None = None,
    preconditioner: Any = "rpcholesky",
    rank: int | str = "auto",
    width: int | str = "auto",
    max_width: int = MAX_WIDTH,
    check_every: int = 50,
    seed: int = 0,
    max_memory: int | None = None,
    checkpoint: Any = None,
    checkpoint_seconds: float = 60.0,
    callback: Callback | None = None,
    progress: bool = False,
) -> SolveResult:
    """Solve ``(K + ridge I) X = B`` by preconditioned block conjugate gradients.

    Parameters
    ----------
    operator : KernelOperator or ndarray of shape (n, n)
        Symmetric positive semi-definite ``K``.
    b : array-like of shape (n,) or (n, n_outputs)
        Right-hand sides, finite. Columns may be zero, equal or dependent.
    ridge : float or array-like of shape (n,) or (1, n_outputs), default=0.0
        In the units of ``K``: one number, one per row, or one per column of ``b``. With
        0, ``B`` has to be in the range of ``K``: where K is singular the result is one
        of many solutions, the smallest of them with ``preconditioner="none"``.
    accurate : KernelOperator, optional
        The same matrix in float64, where ``operator`` has float32 tiles: residuals are
        computed with it, and what is left is solved for again (iterative refinement).
        If a cycle reduces the residual by less than 10, iterations go on with it.
    rtol : float, default=1e-6
        Stop when every column has ``|b - (K + ridge I) x| <= rtol |b|``.
    max_iter : int, optional
        Iterations at most; by default 1,000 or 2 n, whichever is more, and 10,000 at
        most.
    preconditioner : {"rpcholesky", "nystrom", "none"} or LowRankPreconditioner
        The names are built with ``rank`` columns.
    rank : int or "auto", default="auto"
        Of the preconditioner; "auto" weighs its cost against iterations saved.
    width : int or "auto", default="auto"
        Fewer right-hand sides are padded to this number by random probes. "auto" is
        16, or 1 with preconditioner="none": the textbook's method.
    max_width : int, default=64
        More right-hand sides are taken in turns of this number.
    check_every : int, default=50
        Iterations between looks at the true residual; a disagreement by 10 restarts.
    seed : int, default=0
        Of pivots and probes.
    max_memory : int, optional
        Bytes for the preconditioner.
    checkpoint : path-like, optional
        An ``.npz`` file that the state is written to; if it is there, the solve goes on
        from it, and ends with the bits of an uninterrupted one.
    checkpoint_seconds : float, default=60
        Between writes.
    callback : callable, optional
        Called with a `CGStep` after each iteration; True stops.
    progress : bool, default=False
        Show a bar (needs tqdm).

    Returns
    -------
    SolveResult
        ``residuals`` are those of ``b - (K + ridge I) x``, not of the recurrence.
        ``details``: ``history`` (largest residual by iteration), ``products``,
        ``cycles``, ``preconditioner``.

    Raises
    ------
    InputError
        If shapes disagree, an argument is out of range, or a value is NaN; for a
        checkpoint of another problem.
    IndefiniteError
        If a quadratic form of ``K + ridge I`` is negative beyond rounding.
    SolveInterrupted
        On Ctrl-C, with the result so far; the checkpoint is written first.

    Notes
    -----
    Dubrulle's QR form [1]_, which survives dependent columns, with the preconditioner
    taken off both sides, ``M^-1 (K + ridge I) M^-T``. An iteration costs one product
    with max(width, columns) columns. Memory: 8 arrays of n times that many numbers,
    and the preconditioner. Columns of different ridges share no directions: each ridge
    has iterations and a preconditioner of its own, one after the other.

    References
    ----------
    .. [1] A. A. Dubrulle, "Retooling the method of block conjugate gradients", ETNA 12
       (2001).

    Examples
    --------
    >>> import numpy as np
    >>> from fastntk.solvers import block_cg
    >>> x = np.linspace(0, 1, 300)[:, None]
    >>> kernel = np.exp(-np.abs(x - x.T))
    >>> result = block_cg(kernel, np.sin(6 * x[:, 0]), ridge=1e-3)
    >>> result.status.name, result.largest_residual < 1e-6
    ('CONVERGED', True)
    """
    options = {name: value for name, value in locals().items() if name not in _SYSTEM}
    known = as_operator(operator)
    n = known.shape[0]
    columns, is_vector = check_targets(b, n, "b")
    ridge, rtol = as_ridge(ridge, *columns.shape), check_rtol(rtol)
    if is_per_target(ridge):
        found = _each_ridge(known, columns, ridge, options)
        return found.replace(x=found.x[:, 0]) if is_vector else found
    exact = known if accurate is None else _same_shape(as_operator(accurate), n)
    settings = _settings(ridge, rtol, n, options)
    name = (preconditioner if isinstance(preconditioner, str) else "given", rank)
    norms = column_norms(columns)
    scaled = columns / np.where(norms > 0, norms, 1.0)
    key = "" if checkpoint is None else _key(known, exact, columns, settings, name)
    store = Checkpoint(checkpoint, key, checkpoint_seconds)
    threads = threadpool_limits(1 if n <= FEW_ROWS else None, user_api="blas")
    with threads, Meter() as meter, IterationBar(progress, rtol, callback) as told:
        with meter.phase("preconditioner"):
            built = build_preconditioner(
                preconditioner, known, rank, settings, max_memory
            )
        with meter.phase("residuals"):
            run = CGRun(
                Problem(known, exact, scaled, built), settings, meter, store, told
            )
        cause = None
        try:
            status = run.run()
        except KeyboardInterrupt as stop:
            run.save()
            status, cause = Status.INTERRUPTED, stop
    result = _result(run, status, meter, norms, is_vector)
    if cause is not None:
        raise _interruption(result, store) from cause
    return result


def _settings(ridge: Any, rtol: float, n: int, given: dict[str, Any]) -> CGSettings:
    """Check what does not depend on the targets."""
    return CGSettings(
        ridge,
        rtol,
        _max_iter(given["max_iter"], n),
        _width(given["width"], given["preconditioner"]),
        min(check_count(given["max_width"], "max_width", 1), n),
        check_count(given["check_every"], "check_every", 1),
        1e-4,
        check_count(given["seed"], "seed", 0),
    )


def _each_ridge(
    operator: KernelOperator, b: FloatArray, ridges: Any, options: dict[str, Any]
) -> SolveResult:
    """Solve for columns with ridges of their own; where they agree, together."""
    shift = as_shift(ridges)
    if isinstance(shift, float):
        return block_cg(operator, b, shift, **options).replace(ridge=ridges)
    return cg_by_target(
        lambda columns, ridge, how: block_cg(operator, columns, ridge, **how),
        b,
        ridges,
        options,
    )


def _interruption(result: SolveResult, store: Checkpoint) -> SolveInterrupted:
    place = f"; {store.path} has the state" if store.path else ""
    return SolveInterrupted(
        f"stopped after {result.iterations} iterations with a residual of "
        f"{result.largest_residual:.3g}{place}. The unfinished solution is in .result",
        result,
    )


def _result(
    run: CGRun, status: Status, meter: Meter, norms: FloatArray, is_vector: bool
) -> SolveResult:
    state, built = run.state, run.problem.preconditioner
    x = run.solution() * norms
    return SolveResult(
        x[:, 0] if is_vector else x,
        status,
        "cg",
        state.levels.copy(),
        run.settings.rtol,
        ridge=run.settings.ridge,
        iterations=state.iterations,
        seconds=dict(meter.seconds),
        rank=built.rank,
        peak_memory=meter.look(),
        notes=tuple(state.notes),
        details={
            "history": np.array(state.history),
            "products": state.products,
            "cycles": state.cycle,
            "preconditioner": built,
        },
    )


def _same_shape(operator: KernelOperator, n: int) -> KernelOperator:
    if operator.shape[0] != n:
        raise InputError(
            f"accurate: found {operator.shape[0]} rows; expected {n}, the same matrix"
        )
    return operator


def _width(width: int | str, preconditioner: Any) -> int:
    if is_one_of(width, ("auto",)):
        is_plain = isinstance(preconditioner, str) and preconditioner == "none"
        return 1 if is_plain else WIDTH
    return check_count(width, "width", 1)


def _max_iter(max_iter: int | None, n: int) -> int:
    if max_iter is None:
        return min(max(1000, 2 * n), 10_000)
    return check_count(max_iter, "max_iter", 1)


def _key(
    operator: KernelOperator,
    exact: KernelOperator,
    b: FloatArray,
    settings: CGSettings,
    preconditioner: Any,
) -> str:
    """Return a name for the problem: what must not change between interruptions."""
    some = np.linspace(0, len(b) - 1, min(len(b), 64)).astype(np.intp)
    return fingerprint(
        b,
        np.asarray(operator.diagonal()),
        np.asarray(operator.block(some, some)),
        rounding_unit(operator),
        rounding_unit(exact),
        settings.ridge,
        settings.width,
        settings.max_width,
        settings.check_every,
        settings.seed,
        preconditioner,
    )
