"""The methods, run on a system: what each is given, and what follows."""

import dataclasses
from typing import Any

import numpy as np

from fastntk._errors import ConditionWarning, MemoryBudgetError
from fastntk._typing import FloatArray
from fastntk._warnings import warn
from fastntk.solvers.cg.block import block_cg
from fastntk.solvers.checks import check_targets, column_norms
from fastntk.solvers.choose import Choice, choose
from fastntk.solvers.direct.cholesky import cholesky
from fastntk.solvers.direct.cholesky_factor import CholeskyFactor
from fastntk.solvers.direct.duplicates import Merged, merge
from fastntk.solvers.direct.eigh_factor import EighFactor
from fastntk.solvers.direct.spectral import eigh, pinv
from fastntk.solvers.inducing.askotch import askotch
from fastntk.solvers.inducing.falkon import falkon
from fastntk.solvers.measure import Meter
from fastntk.solvers.protocol import product
from fastntk.solvers.result import SolveResult
from fastntk.solvers.status import Status
from fastntk.solvers.systems import System, memory_there

__all__ = ["Settings", "solve_again", "solve_system"]

Settings = dict[str, Any]
FACTOR_SHARE = 0.75  # of the memory for a preconditioner; the rest is for tiles
VECTORS = 14  # arrays of n x columns that an iteration needs


def solve_system(
    system: System, y: Any, ridge: float, method: str, settings: Settings
) -> SolveResult:
    """Check targets, merge equal rows, choose a method and run it."""
    n = system.x.shape[0]
    targets, is_vector = check_targets(y, n)
    memory = memory_there(system.options.max_memory)
    groups = merge(system.x) if ridge == 0.0 and method in _MERGING else None
    if groups is None:
        choice = choose(method, n, ridge, memory)
        result = _run(system, targets, ridge, choice, settings, memory)
    else:
        part = system.take(groups.first)
        choice = choose(method, len(groups.first), ridge, memory)
        means = groups.means(targets)
        small = _run(part, means, ridge, choice, settings, memory)
        result = _unmerge(part, small, groups, targets)
    result = result.replace(x=result.x[:, 0] if is_vector else result.x)
    if result.status is Status.LEAST_SQUARES and method != "pinv":
        warn(
            f"{result.status}; the largest relative residual is "
            f"{result.largest_residual:.3g}. Give a ridge, or merge rows that agree",
            ConditionWarning,
        )
    return result


def solve_again(
    result: SolveResult, system: System, y: Any, ridge: float, settings: Settings
) -> SolveResult:
    """Solve for other targets with what is there already."""
    factor = result.details.get("factor")
    groups = result.details.get("groups")
    if groups is None and isinstance(factor, CholeskyFactor):
        return factor.result(y, settings["rtol"]).replace(reason="the factor was there")
    if groups is None and isinstance(factor, EighFactor):
        found = factor.result(y, ridge, settings["rtol"], result.method)
        return found.replace(reason="the eigendecomposition was there")
    known = result.details.get("preconditioner")
    if groups is None and known is not None:
        settings = settings | {"preconditioner": known, "checkpoint": None}
    return solve_system(system, y, ridge, result.method, settings)


_MERGING = ("auto", "cholesky", "cg", "askotch")


def _run(
    system: System,
    y: FloatArray,
    ridge: float,
    choice: Choice,
    settings: Settings,
    memory: int | None,
) -> SolveResult:
    """Run a method."""
    runners = {
        "cholesky": _cholesky,
        "eigh": _spectral,
        "pinv": _spectral,
        "cg": _cg,
        "falkon": _falkon,
        "askotch": _askotch,
    }
    result = runners[choice.method](system, y, ridge, choice, settings, memory)
    if not result.reason:
        result = result.replace(reason=choice.reason)
    return result


def _cholesky(
    system: System,
    y: FloatArray,
    ridge: float,
    choice: Choice,
    settings: Settings,
    memory: int | None,
) -> SolveResult:
    """Factorise; where that was "auto" and too singular, take the pseudoinverse."""
    with Meter() as meter:
        with meter.phase("kernel"):
            matrix = system.matrix()
    result = cholesky(matrix, y, ridge, rtol=settings["rtol"], overwrite=True)
    result = _with_kernel_time(result, meter)
    is_singular = result.jitter > 0 or not result.is_success
    if choice.reason == "asked for" or ridge > 0 or not is_singular:
        return result
    n = len(y)
    try:
        other = choose("pinv", n, ridge, memory)
    except MemoryError:
        return result
    del matrix
    found = _spectral(system, y, ridge, other, settings, memory)
    return found.replace(
        reason="no ridge, and Cholesky found the matrix singular to working precision"
    )


def _spectral(
    system: System,
    y: FloatArray,
    ridge: float,
    choice: Choice,
    settings: Settings,
    memory: int | None,
) -> SolveResult:
    with Meter() as meter:
        with meter.phase("kernel"):
            matrix = system.matrix()
    if choice.method == "eigh":
        result = eigh(matrix, y, ridge, rtol=settings["rtol"])
    else:
        result = pinv(
            matrix, y, ridge, cutoff=settings["cutoff"], rtol=settings["rtol"]
        )
    return _with_kernel_time(result, meter)


def _with_kernel_time(result: SolveResult, meter: Meter) -> SolveResult:
    return result.replace(
        seconds=meter.seconds | dict(result.seconds),
        peak_memory=max(meter.peak_memory, result.peak_memory),
    )


def _cg(
    system: System,
    y: FloatArray,
    ridge: float,
    choice: Choice,
    settings: Settings,
    memory: int | None,
) -> SolveResult:
    room = None
    if memory is not None:
        room, share = _shares(memory, y)
        system = _within(system, share)
    try:
        fast, accurate = system.operators(ridge)
    except MemoryBudgetError as error:
        raise MemoryBudgetError(
            f"max_memory: found {memory:,} bytes; most of them are for the columns of "
            f"conjugate gradients and a preconditioner, and the operator's {error}"
        ) from None
    result = block_cg(
        fast,
        y,
        ridge,
        accurate=accurate,
        max_memory=room,
        **{key: settings[key] for key in _CG_SETTINGS},
    )
    kinds = "float32, refined by float64" if accurate is not None else "as asked"
    return result.replace(details=dict(result.details) | {"tiles": kinds})


def _shares(memory: int, y: FloatArray) -> tuple[int, int]:
    """Return the bytes of the preconditioner, and of the operator."""
    n, n_outputs = y.shape
    vectors = VECTORS * 8 * n * max(16, min(64, n_outputs)) + 16 * y.nbytes
    room = max(memory - vectors, memory // 4)
    share = int((1.0 - FACTOR_SHARE) * room)
    return room - share, share


_CG_SETTINGS = (
    "rtol",
    "max_iter",
    "preconditioner",
    "rank",
    "seed",
    "checkpoint",
    "checkpoint_seconds",
    "callback",
    "progress",
)


def _falkon(
    system: System,
    y: FloatArray,
    ridge: float,
    choice: Choice,
    settings: Settings,
    memory: int | None,
) -> SolveResult:
    operator, _ = system.operators(ridge)
    return falkon(
        operator,
        y,
        ridge,
        centers=settings["centers"],
        rtol=settings["rtol"],
        max_iter=settings["max_iter"] or 200,
        seed=settings["seed"],
    )


def _askotch(
    system: System,
    y: FloatArray,
    ridge: float,
    choice: Choice,
    settings: Settings,
    memory: int | None,
) -> SolveResult:
    fast, accurate = system.operators(ridge)
    return askotch(
        fast if accurate is None else accurate,
        y,
        ridge,
        rtol=settings["rtol"],
        max_epochs=settings["max_iter"] or 100,
        seed=settings["seed"],
        callback=settings["callback"],
    )


def _within(system: System, share: int) -> System:
    """Return the system with a share of the memory for its tiles."""
    if system.options.max_memory is None:
        return system
    options = system.options.replace(max_memory=share)
    return dataclasses.replace(system, options=options)


def _unmerge(
    part: System, small: SolveResult, groups: Merged, y: FloatArray
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
