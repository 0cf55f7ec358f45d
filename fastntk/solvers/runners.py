"""The methods as they are run on a system, each with what it is given."""

import dataclasses
from typing import Any

from fastntk._errors import MemoryBudgetError
from fastntk._typing import FloatArray
from fastntk.solvers.cg.block import block_cg
from fastntk.solvers.choose import Choice, choose
from fastntk.solvers.direct.cholesky import cholesky
from fastntk.solvers.direct.spectral import eigh, pinv
from fastntk.solvers.inducing.askotch import askotch
from fastntk.solvers.inducing.centers import are_rows
from fastntk.solvers.inducing.falkon import falkon
from fastntk.solvers.measure import Meter
from fastntk.solvers.result import SolveResult
from fastntk.solvers.ridges import Ridge, least
from fastntk.solvers.systems import System

__all__ = ["Settings", "run_method"]

Settings = dict[str, Any]
FACTOR_SHARE = 0.75  # of the memory for a preconditioner; the rest is for tiles
VECTORS = 14  # arrays of n x columns that an iteration needs


def run_method(
    system: System,
    y: FloatArray,
    ridge: Ridge,
    choice: Choice,
    settings: Settings,
    memory: int | None,
) -> SolveResult:
    """Run the method that was chosen."""
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
    ridge: Ridge,
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
    has_ridge = not isinstance(ridge, float) or ridge > 0
    if choice.reason == "asked for" or has_ridge or not is_singular:
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
    ridge: Ridge,
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
    ridge: Ridge,
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
    ridge: Ridge,
    choice: Choice,
    settings: Settings,
    memory: int | None,
) -> SolveResult:
    centers = settings["centers"]
    if are_rows(centers):
        known: Any = system.inducing(centers)
    else:
        known, _ = system.operators(ridge)
    return falkon(
        known,
        y,
        least(ridge),
        centers=centers,
        rtol=settings["rtol"],
        max_iter=settings["max_iter"] or 200,
        seed=settings["seed"],
    )


def _askotch(
    system: System,
    y: FloatArray,
    ridge: Ridge,
    choice: Choice,
    settings: Settings,
    memory: int | None,
) -> SolveResult:
    fast, accurate = system.operators(ridge)
    return askotch(
        fast if accurate is None else accurate,
        y,
        least(ridge),
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
