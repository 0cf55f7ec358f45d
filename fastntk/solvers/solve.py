"""`fastntk.solve`: from a network, rows and targets to coefficients."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from fastntk._errors import InputError
from fastntk._resources import SOLVE_LESS, memory_told
from fastntk._shown import shown
from fastntk._typing import MatrixLike
from fastntk._validation import (
    FeatureNames,
    as_input,
    as_samples,
    check_flag,
    feature_names,
    owned_rows,
)
from fastntk.request.options import Options
from fastntk.request.placement import beside, device_number, is_on_device, to_host
from fastntk.request.request import is_layerwise
from fastntk.solvers.cg.settings import CGStep
from fastntk.solvers.checks import check_rtol
from fastntk.solvers.inducing.centers import are_rows
from fastntk.solvers.methods import Settings, solve_system
from fastntk.solvers.result import SolveResult
from fastntk.solvers.ridges import Ridge, as_ridge
from fastntk.solvers.systems import System
from fastntk.spec import as_spec

__all__ = ["Problem", "solve"]


@memory_told("solve", SOLVE_LESS)
def solve(
    net: Any,
    x: MatrixLike,
    y: Any,
    *,
    get: str = "ntk",
    ridge: Any = 0.0,
    method: str = "auto",
    rtol: float = 1e-6,
    max_iter: int | None = None,
    precision: str = "auto",
    preconditioner: Any = "rpcholesky",
    rank: int | str = "auto",
    centers: Any = "auto",
    cutoff: float | None = None,
    backend: str = "auto",
    threads: int | None = None,
    max_memory: int | float | str | None = None,
    cache: Any = "auto",
    seed: int = 0,
    checkpoint: Any = None,
    checkpoint_seconds: float = 60.0,
    callback: Callable[[CGStep], Any] | None = None,
    progress: bool = False,
    strict: bool = True,
) -> SolveResult:
    """Solve ``(K + ridge I) X = Y`` for the kernel of a network.

    Parameters
    ----------
    net : Network or Spec
        The network.
    x : array-like or CSR matrix of shape (n, d)
        Training rows. Of rows on a GPU a copy is held in host memory, and
        ``backend="auto"`` is "cuda", on that GPU.
    y : array-like of shape (n,) or (n, n_outputs)
        Targets, finite. Where they lie on a GPU, so does the solution.
    get : {"nngp", "ntk"}, default="ntk"
        Which kernel.
    ridge : float or array-like of shape (n,) or (1, n_outputs), default=0.0
        Added to the diagonal, in squared output units, >= 0: one number, one per row
        (variances of the noise), or one per target. "falkon" and "askotch" take a
        number; "eigh" and "pinv" a number, or one per target. Different ridges of
        targets cost "cholesky" a factorisation each, "cg" iterations of their own,
        "eigh" nothing; "auto" takes "eigh" for 20 or more.
    method : str, default="auto"
        "cholesky", "eigh", "pinv", "cg", "falkon" (inducing points: an approximation),
        "askotch" (block coordinates), or "auto": Cholesky where the matrix fits and has
        up to 40,000 rows, else "cg"; without a ridge, "pinv" where Cholesky finds the
        matrix singular.
    rtol : float, default=1e-6
        Largest ``|y - (K + ridge I) x| / |y|`` of a column.
    max_iter : int, optional
        Iterations at most ("askotch": epochs).
    precision : {"auto", "float64", "mixed", "float32"}
        Of the tiles. "mixed" iterates with float32 tiles and refines to residuals of
        float64 ones; "auto" does so for "cg" from 10,000 rows where the ridge is above
        1e-6 of the mean diagonal. "float32" takes the float32 matrix as it is.
    preconditioner, rank
        See `fastntk.solvers.block_cg`.
    centers
        See `fastntk.solvers.falkon`.
    cutoff
        See `fastntk.solvers.pinv`.
    backend, threads
        See `fastntk.operator`.
    max_memory : int or str, optional
        Bytes for all of it, inputs excepted; by default nine tenths of what is free.
    cache
        See `fastntk.operator`.
    seed : int, default=0
        Of pivots, probes, centres and blocks.
    checkpoint, checkpoint_seconds
        See `fastntk.solvers.block_cg`.
    callback : callable, optional
        Called with a `CGStep` after each iteration; True stops.
    progress : bool, default=False
        Show a bar.
    strict : bool, default=True
        Raise where the tolerance was not met; False returns the result, whose status
        says so.

    Returns
    -------
    SolveResult
        ``x`` is shaped like ``y``, and an array of the same library if that lies on a
        GPU; ``method`` and ``reason`` say what was done and why.

    Raises
    ------
    InputError
        For data and arguments that do not fit.
    ConvergenceError
        If ``rtol`` was not met and ``strict``; its ``result`` is what was reached.
    IndefiniteError
        If the matrix is not positive semi-definite, with the quadratic form.
    MemoryBudgetError
        If a direct method is asked for that does not fit.
    SolveInterrupted
        On Ctrl-C during iterations; its ``result`` is what was reached.

    Notes
    -----
    Without a ridge, equal rows are merged and their targets averaged, which is what the
    pseudoinverse does; where targets disagree, or lie outside the range of a singular
    matrix, the status is LEAST_SQUARES and a `ConditionWarning` says so.

    Examples
    --------
    >>> import numpy as np
    >>> import fastntk
    >>> from fastntk import stax
    >>> net = stax.serial(stax.Dense(512, W_std=1.5), stax.Relu(), stax.Dense(1))
    >>> x = np.random.default_rng(0).standard_normal((50, 3))
    >>> result = fastntk.solve(net, x, np.sin(x[:, 0]), ridge=0.1)
    >>> result.method, result.is_success
    ('cholesky', True)
    >>> noise = np.where(x[:, 1] > 0, 0.01, 0.5)  # variances, one per row
    >>> fastntk.solve(net, x, np.sin(x[:, 0]), ridge=noise).is_success
    True
    """
    problem = Problem.of(net, x, locals())
    result = problem.solve(y)
    result = result.replace(x=beside(result.x, y))
    return result.require_success() if strict else result


@dataclasses.dataclass(frozen=True)
class Problem:
    """The arguments of `solve`, checked and sorted."""

    system: System
    ridge: Ridge
    method: str
    settings: Settings
    strict: bool

    @classmethod
    def of(cls, net: Any, x: Any, given: Mapping[str, Any]) -> "Problem":
        """Check the arguments that do not depend on the method."""
        options = Options(
            backend=given["backend"],
            threads=given["threads"],
            max_memory=given["max_memory"],
        )
        device = device_number(x)
        if is_on_device(x):
            x = to_host(x)
            if options.backend == "auto":
                options = options.replace(backend="cuda")
        is_whole = is_layerwise(as_spec(net), x)
        rows = as_samples(x, "x") if is_whole else as_input(x, "x")
        settings = {key: given[key] for key in _SETTINGS}
        settings["rtol"] = check_rtol(given["rtol"])
        _check_centers(given["centers"], given["method"])
        names = feature_names(x) or _names_of(given["centers"])
        how = (given["precision"], options, given["cache"], device)
        system = System(net, rows, given["get"], *how, names)
        return cls(
            system,
            as_ridge(given["ridge"], rows.shape[0], _n_outputs(given["y"])),
            given["method"],
            settings,
            check_flag(given["strict"], "strict"),
        )

    def owning(self, given: Any) -> "Problem":
        """Return the problem with rows in memory that is not the caller's."""
        rows = owned_rows(self.system.x, given)
        return dataclasses.replace(
            self, system=dataclasses.replace(self.system, x=rows)
        )

    def solve(self, y: Any) -> SolveResult:
        """Return the solution for some targets, whatever its status."""
        return solve_system(self.system, y, self.ridge, self.method, self.settings)


def _n_outputs(y: Any) -> int | None:
    """Return the columns of targets that are not checked yet, None if unknown."""
    shape = getattr(y, "shape", None)
    if shape is None or len(shape) not in (1, 2):
        return None
    return 1 if len(shape) == 1 else int(shape[1])


def _check_centers(centers: Any, method: Any) -> None:
    """Refuse centres of one's own where a method has none."""
    if are_rows(centers) and method != "falkon":
        raise InputError(
            f"centers: found rows with method={shown(method)}; expected "
            "method='falkon', which is the one that takes centres"
        )


def _names_of(centers: Any) -> FeatureNames | None:
    """Return the names of centres that are a table."""
    return feature_names(centers) if are_rows(centers) else None


_SETTINGS = (
    "rtol",
    "max_iter",
    "preconditioner",
    "rank",
    "centers",
    "cutoff",
    "seed",
    "checkpoint",
    "checkpoint_seconds",
    "callback",
    "progress",
)
