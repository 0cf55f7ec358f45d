"""Networks on whole matrices: the state of a branch, and runs of the engine on it.

A branch is `Inputs`, as long as no layer has been computed, or a `Kernel`. Rows of the
engine are samples, or pairs (sample, position) in row order::

    nngp (n1, n2, T, T)  is a view of  (n1 T, n2 T)
"""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from fastntk._kernel import Kernel
from fastntk._typing import AnyArray, FloatArray, InputMatrix
from fastntk.request.options import Options
from fastntk.request.protocol import Engine, GivenKernel
from fastntk.request.request import Request
from fastntk.spec import Spec

__all__ = ["Branch", "Inputs", "Runs", "n_positions", "run_spec"]

GROUP_ROWS = 128  # rows that share a call when covariances within samples are computed


@dataclasses.dataclass(frozen=True)
class Inputs:
    """Data that no layer has seen: (n, d), or (n, positions, channels) for both."""

    x1: InputMatrix
    x2: InputMatrix | None


@dataclasses.dataclass(frozen=True)
class Runs:
    """What is the same for every run of a network.

    ``names`` are the kernels carried: ("nngp",) or ("nngp", "ntk"); ``wanted`` the taps
    whose kernels are asked for.
    """

    engine: Engine
    names: tuple[str, ...]
    options: Options
    wanted: frozenset[str] = frozenset()

    @property
    def alone(self) -> Options:
        """Options of small runs, one after the other: a single thread."""
        return Options(dtype=self.options.dtype, threads=1)


Branch: TypeAlias = Inputs | Kernel


def n_positions(state: Branch) -> int | None:
    """Return the positions of a sample, None if there is no such axis."""
    if isinstance(state, Inputs):
        return state.x1.shape[1] if len(state.x1.shape) == 3 else None
    return state.nngp.shape[2] if state.nngp.ndim == 4 else None


def run_spec(spec: Spec, state: Branch, runs: Runs) -> Kernel:
    """Run layers that the engine knows; a Kernel without ``cov2`` is symmetric."""
    if isinstance(state, Inputs):
        return _run_inputs(spec, state, runs)
    return _run_kernel(spec, state, runs)


def _run_inputs(spec: Spec, state: Inputs, runs: Runs) -> Kernel:
    t = n_positions(state)
    x1, x2 = _rows(state.x1), None if state.x2 is None else _rows(state.x2)
    request = Request(spec, x1, x2, runs.names, options=runs.options)
    found = runs.engine.from_rows(request)

    def within(x: AnyArray) -> FloatArray:
        """Return the covariances of positions within each of some samples."""
        part = Request(spec, _rows(x), None, ("nngp",), options=runs.alone)
        nngp = runs.engine.from_rows(part).nngp
        return _diagonal_blocks(_to_samples(nngp, x.shape[1]))

    cov1, cov2 = found.cov1, found.cov2
    if t is not None and state.x2 is None:
        cov1, cov2 = _diagonal_blocks(_to_samples(found.nngp, t)), None
    elif t is not None:
        cov1 = _in_groups(within, state.x1, t)
        cov2 = _in_groups(within, state.x2, t)
    return _make(found, t, cov1, cov2)


def _run_kernel(spec: Spec, kernel: Kernel, runs: Runs) -> Kernel:
    t = n_positions(kernel)
    given = GivenKernel(
        nngp=_to_rows(kernel.nngp),
        ntk=None if kernel.ntk is None else _to_rows(kernel.ntk),
        cov1=_variances(kernel.cov1),
        cov2=None if kernel.cov2 is None else _variances(kernel.cov2),
        is_gaussian=kernel.is_gaussian,
        width=_width(kernel.shape1),
    )
    found = runs.engine.from_kernel(spec, given, runs.names, runs.options)

    def within(cov: FloatArray) -> FloatArray:
        """Return what becomes of the covariances within each of some samples."""
        n = len(cov)
        nngp = np.zeros((n, cov.shape[1], n, cov.shape[1]))
        nngp[np.arange(n), :, np.arange(n), :] = cov
        start = dataclasses.replace(
            given,
            nngp=nngp.reshape(n * cov.shape[1], -1),
            ntk=None,
            cov1=_variances(cov),
            cov2=None,
        )
        block = runs.engine.from_kernel(spec, start, ("nngp",), runs.alone).nngp
        return _diagonal_blocks(_to_samples(block, cov.shape[1]))

    cov1, cov2 = found.cov1, found.cov2
    if t is not None and kernel.cov2 is None:
        cov1, cov2 = _diagonal_blocks(_to_samples(found.nngp, t)), None
    elif t is not None:
        cov1 = _in_groups(within, kernel.cov1, t)
        cov2 = _in_groups(within, kernel.cov2, t)
    return _make(found, t, cov1, cov2)


def _make(
    found: GivenKernel, t: int | None, cov1: FloatArray, cov2: FloatArray | None
) -> Kernel:
    """Return the kernel of samples from that of rows, with other variances."""
    nngp, ntk, width = found.nngp, found.ntk, found.width
    if t is not None:
        nngp, ntk = _to_samples(nngp, t), None if ntk is None else _to_samples(ntk, t)
    n1, n2 = nngp.shape[:2]
    inner = () if t is None else (t,)
    return Kernel(
        nngp=nngp,
        ntk=ntk,
        cov1=cov1,
        cov2=cov2,
        x1_is_x2=cov2 is None,
        is_gaussian=found.is_gaussian,
        shape1=None if width is None else (n1, *inner, round(width)),
        shape2=None if width is None else (n2, *inner, round(width)),
    )


def _in_groups(
    function: Callable[[Any], FloatArray], samples: Any, t: int
) -> FloatArray:
    """Apply a function of some samples to all, `GROUP_ROWS` rows at a time."""
    step = max(1, GROUP_ROWS // t)
    parts = [function(samples[k : k + step]) for k in range(0, len(samples), step)]
    return np.concatenate(parts)


def _rows(x: InputMatrix) -> InputMatrix:
    if isinstance(x, np.ndarray) and x.ndim == 3:
        return x.reshape(-1, x.shape[2])
    return x


def _to_samples(rows: AnyArray, t: int) -> AnyArray:
    """View (n1 T, n2 T) as (n1, n2, T, T)."""
    n1, n2 = (size // t for size in rows.shape)
    return rows.reshape(n1, t, n2, t).transpose(0, 2, 1, 3)


def _to_rows(array: AnyArray) -> AnyArray:
    """Return (n1, n2, T, T) as (n1 T, n2 T): a view of what `_to_samples` made."""
    if array.ndim == 2:
        return array
    n1, n2, t1, t2 = array.shape
    return array.transpose(0, 2, 1, 3).reshape(n1 * t1, n2 * t2)


def _diagonal_blocks(array: AnyArray) -> FloatArray:
    """Return (n, T, T) of each sample with itself, from (n, n, T, T)."""
    index = np.arange(len(array))
    blocks: FloatArray = array[index, index]
    return blocks


def _variances(cov: AnyArray) -> FloatArray:
    """Return the variances of all rows from (n,) or (n, T, T)."""
    if cov.ndim == 1:
        return cov
    return np.ascontiguousarray(np.diagonal(cov, axis1=1, axis2=2)).reshape(-1)


def _width(shape: tuple[int, ...] | None) -> float | None:
    return None if shape is None or shape[-1] is None else float(shape[-1])
