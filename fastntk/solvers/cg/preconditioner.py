"""The preconditioner that `block_cg` is asked for."""

from typing import Any

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._validation.arguments import is_one_of
from fastntk.solvers.cg.settings import CGSettings
from fastntk.solvers.preconditioners import (
    LowRankPreconditioner,
    identity,
    nystrom,
    rpcholesky,
)
from fastntk.solvers.protocol import KernelOperator

__all__ = ["build_preconditioner"]


def build_preconditioner(
    wanted: Any,
    operator: KernelOperator,
    rank: int | str,
    settings: CGSettings,
    max_memory: int | None,
) -> LowRankPreconditioner:
    """Return the preconditioner that is asked for."""
    n = operator.shape[0]
    if isinstance(wanted, LowRankPreconditioner):
        if len(wanted.basis) != n:
            raise InputError(
                f"preconditioner: found one of {len(wanted.basis)} rows; expected {n}"
            )
        return wanted
    if is_one_of(wanted, ("none",)):
        return identity(n)
    if is_one_of(wanted, ("nystrom",)):
        columns = min(64, max(1, n // 20)) if is_one_of(rank, ("auto",)) else rank
        return nystrom(operator, settings.ridge, columns, seed=settings.seed)  # type: ignore[arg-type]
    if is_one_of(wanted, ("rpcholesky",)):
        return rpcholesky(
            operator,
            settings.ridge,
            rank,
            seed=settings.seed,
            columns=settings.width,
            rtol=settings.rtol,
            max_memory=max_memory,
        )
    raise InputError(
        f"preconditioner: found {shown(wanted)}; expected 'rpcholesky', 'nystrom', "
        "'none' or a LowRankPreconditioner"
    )
