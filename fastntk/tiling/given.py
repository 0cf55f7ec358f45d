"""Layers on top of a kernel that is given as numbers: composition."""

import numpy as np

from fastntk._errors import InputError
from fastntk._typing import AnyArray, FloatArray
from fastntk.backends.cpu.given import GivenRows, GivenWorker
from fastntk.backends.cpu.numerical import specialise
from fastntk.program import Program, lower
from fastntk.request.progress import make_progress
from fastntk.request.protocol import GivenKernel
from fastntk.spec import Spec
from fastntk.tiling.driver import walk
from fastntk.tiling.plan import plan_tiles
from fastntk.tiling.sinks import DenseSink

__all__ = ["continue_kernel"]


def continue_kernel(
    spec: Spec, start: GivenKernel, get: tuple[str, ...], *, threads: int
) -> GivenKernel:
    """Apply the layers of a spec to a kernel.

    Parameters
    ----------
    spec : Spec
        The layers.
    start : GivenKernel
        Where to start; not modified.
    get : tuple of {"nngp", "ntk"}
        What to compute; "nngp" always comes along.
    threads : int
        Worker threads.

    Returns
    -------
    GivenKernel
        With ``ntk=None`` if it was not asked for.

    Raises
    ------
    InputError
        If the NTK is asked for and not given.
    NetworkError, RangeError
        As for `fastntk.gram`.

    Notes
    -----
    Numbers tell the angle of nearly parallel rows to ``1e-8`` only, where inputs tell
    it to all digits: see `fastntk.kernels.formulas.pairs`.
    """
    if "ntk" in get and start.ntk is None:
        raise InputError(
            "get: found 'ntk', but the kernel given has none; expected get='nngp', or "
            "a kernel computed with both"
        )
    _check_covariance(start)
    names = ("nngp", "ntk") if "ntk" in get else ("nngp",)
    dtype = np.dtype(np.float32 if start.nngp.dtype == np.float32 else np.float64)
    variances = tuple(np.asarray(q, np.float64) for q in _sides(start))
    program = specialise(_lower(spec, start, names), variances, dtype)
    rows = [
        GivenRows(program, np.asarray(q, np.float64), t, dtype)
        for q, t in zip(_sides(start), _tangents(start), strict=False)
    ]
    outs = _walk(program, start, rows, threads)
    return GivenKernel(
        outs[0],
        outs[1] if len(names) > 1 else None,
        rows[0].nngp,
        None if start.cov2 is None else rows[-1].nngp,
        program.is_gaussian,
        program.width,
    )


def _check_covariance(start: GivenKernel) -> None:
    """Refuse numbers that are no covariances of anything."""
    for name, q in zip(("cov1", "cov2"), _sides(start), strict=False):
        if not (np.isfinite(q).all() and (q >= 0).all()):
            raise InputError(
                f"{name}: found {float(np.min(q)):.4g} among the variances of the "
                "kernel given; expected finite numbers >= 0"
            )
    roots = [np.sqrt(np.asarray(q, np.float64)) for q in _sides(start)]
    limit = roots[0][:, None] * roots[-1][None, :]
    slack = 1e-3 if start.nngp.dtype == np.float32 else 1e-6
    excess = np.abs(start.nngp) - (1 + slack) * limit
    if not (excess <= slack * limit.max(initial=0.0)).all():
        i, j = np.unravel_index(int(np.argmax(np.nan_to_num(excess))), excess.shape)
        raise InputError(
            f"nngp: found {float(start.nngp[i, j]):.4g} at [{i}, {j}], beyond "
            f"sqrt(cov1 cov2) = {float(limit[i, j]):.4g}; expected a covariance. "
            "Change nngp, cov1 and cov2 of a kernel together"
        )


def _sides(start: GivenKernel) -> list[FloatArray]:
    """Return the variances: one array if the kernel is symmetric."""
    return [start.cov1] if start.cov2 is None else [start.cov1, start.cov2]


def _lower(spec: Spec, start: GivenKernel, names: tuple[str, ...]) -> Program:
    """Return the program of layers that follow others."""
    return lower(
        spec,
        names,
        None if start.width is None else int(start.width),
        is_gaussian=start.is_gaussian,
        is_input=False,
        needs_mask=any(bool((q == 0).any()) for q in _sides(start)),
    )


def _walk(
    program: Program, start: GivenKernel, rows: list[GivenRows], threads: int
) -> tuple[AnyArray, ...]:
    """Run the program on all tiles; return one matrix per kernel."""
    dtype = rows[0].dtype
    outs = tuple(np.empty(start.nngp.shape, dtype) for _ in program.get)
    is_symmetric = start.cov2 is None
    plan = plan_tiles(
        start.nngp.shape,
        is_symmetric=is_symmetric,
        itemsize=dtype.itemsize,
        n_kernels=len(program.get) + program.n_slots,
        threads=threads,
    )
    ntk = start.ntk if program.has_tangent else None
    diagonals = (rows[0].nngp, rows[0].ntk)[: len(program.get)]
    walk(
        plan,
        lambda: GivenWorker(program, start.nngp, ntk, rows[0], rows[-1]),
        DenseSink(outs, diagonals if is_symmetric else None),
        threads=threads,
        progress=make_progress(False, outs[0].size),
    )
    return outs


def _tangents(start: GivenKernel) -> tuple[FloatArray, FloatArray]:
    """Return the NTK diagonals, or where they are unknown the rows' largest entries."""
    ntk = start.ntk
    if ntk is None:
        n1, n2 = start.nngp.shape
        return np.zeros(n1), np.zeros(n2)
    if start.cov2 is None:
        diagonal = np.array(ntk.diagonal(), np.float64)
        return diagonal, diagonal
    size = np.abs(np.asarray(ntk, np.float64))
    return size.max(axis=1), size.max(axis=0)
