"""The methods, run on a system: what each is given, and what follows."""

from typing import Any

import numpy as np

from fastntk._errors import ConditionWarning
from fastntk._typing import FloatArray
from fastntk._warnings import warn
from fastntk.solvers.cg.per_target import part_of
from fastntk.solvers.checks import check_targets, column_norms
from fastntk.solvers.choose import check_method, choose
from fastntk.solvers.direct.cholesky_factor import CholeskyFactor
from fastntk.solvers.direct.duplicates import Merged, merge
from fastntk.solvers.direct.eigh_factor import EighFactor
from fastntk.solvers.protocol import product
from fastntk.solvers.result import SolveResult, joined
from fastntk.solvers.ridges import (
    Ridge,
    among,
    as_ridge,
    as_shift,
    is_per_row,
    is_per_target,
    least,
)
from fastntk.solvers.runners import Settings, run_method
from fastntk.solvers.status import Status
from fastntk.solvers.systems import System, memory_there

__all__ = ["Settings", "solve_again", "solve_system"]


def solve_system(
    system: System, y: Any, ridge: Ridge, method: str, settings: Settings
) -> SolveResult:
    """Check targets, merge equal rows, choose a method and run it."""
    n = system.x.shape[0]
    targets, is_vector = check_targets(y, n)
    ridge = as_ridge(ridge, *targets.shape)
    check_method(method, ridge)
    memory = memory_there(system.options.max_memory)
    work, groups = _plain(ridge), None
    if not least(ridge) and method in _MERGING:
        groups = merge(system.x, work if is_per_row(work) else 0.0)
    if groups is not None and is_per_target(work):
        choice = choose(method, n, work, memory)
        if choice.method != "pinv":
            result = _apart(system, targets, ridge, method, settings)
        else:
            result = run_method(system, targets, work, choice, settings, memory)
    elif groups is None:
        choice = choose(method, n, ridge, memory)
        result = run_method(system, targets, work, choice, settings, memory)
    else:
        part, work = system.take(groups.first), among(work, groups.first)
        choice = choose(method, len(groups.first), work, memory)
        means = groups.means(targets)
        small = run_method(part, means, work, choice, settings, memory)
        result = _unmerge(part, small, groups, targets, work)
    result = result.replace(x=result.x[:, 0] if is_vector else result.x, ridge=ridge)
    if result.status is Status.LEAST_SQUARES and method != "pinv":
        warn(
            f"{result.status}; the largest relative residual is "
            f"{result.largest_residual:.3g}. Give a ridge, or merge rows that agree",
            ConditionWarning,
        )
    return result


def _plain(ridge: Ridge) -> Ridge:
    """Return a ridge of equal numbers as a number."""
    shift = as_shift(ridge)
    return shift if isinstance(shift, float) else ridge


def _apart(
    system: System, y: FloatArray, ridge: Any, method: str, settings: Settings
) -> SolveResult:
    """Solve for targets with a ridge, and for others, whose equal rows are merged."""
    has_ridge = ridge[0] > 0
    with_ridge, without = np.flatnonzero(has_ridge), np.flatnonzero(~has_ridge)
    own = settings | {"checkpoint": part_of(settings["checkpoint"], 0)}
    parts = [
        (
            with_ridge,
            solve_system(
                system, y[:, with_ridge], ridge[:, has_ridge], method, settings
            ),
        ),
        (without, solve_system(system, y[:, without], 0.0, method, own)),
    ]
    return joined(parts, ridge)


def solve_again(
    result: SolveResult, system: System, y: Any, ridge: Ridge, settings: Settings
) -> SolveResult:
    """Solve for other targets with what is there already."""
    factor = result.details.get("factor")
    groups = result.details.get("groups")
    ridge = as_ridge(ridge, *check_targets(y, system.x.shape[0])[0].shape)
    if groups is None and isinstance(factor, CholeskyFactor):
        found = factor.result(y, settings["rtol"])
        return found.replace(reason="the factor was there", ridge=ridge)
    if groups is None and isinstance(factor, EighFactor):
        found = factor.result(y, ridge, settings["rtol"], result.method)
        return found.replace(reason="the eigendecomposition was there")
    known = result.details.get("preconditioner")
    if groups is None and known is not None:
        settings = settings | {"preconditioner": known, "checkpoint": None}
    return solve_system(system, y, ridge, result.method, settings)


_MERGING = ("auto", "cholesky", "cg", "askotch")


def _unmerge(
    part: System, small: SolveResult, groups: Merged, y: FloatArray, ridge: Ridge
) -> SolveResult:
    """Return the result of all rows from that of groups; residuals are computed."""
    factor = small.details.get("factor")
    if factor is not None and hasattr(factor, "shared"):
        image = factor.shared.times(small.x)
    elif factor is not None:
        image = factor.matrix @ small.x
    else:
        fast, accurate = part.operators(0.0)
        image = product(fast if accurate is None else accurate, small.x, 0.0)
    image = image + as_shift(ridge) * small.x
    left = column_norms(y - image[groups.group])
    norms = column_norms(y)
    residuals = left / np.where(norms > 0, norms, 1.0)
    status = small.status
    if status is Status.CONVERGED and (residuals > small.rtol).any():
        status = Status.LEAST_SQUARES
    merged = len(y) - len(groups.first)
    note = f"{merged} of {len(y)} rows repeat others; they were merged"
    details = dict(small.details) | {"groups": groups}
    return small.replace(
        x=groups.spread(small.x),
        residuals=residuals,
        status=status,
        notes=(*small.notes, note),
        details=details,
    )
