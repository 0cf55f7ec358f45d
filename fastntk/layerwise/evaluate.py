"""Kernels with everything that belongs to them, of data or of another kernel.

::

    evaluate       x1, x2, or a Kernel of earlier layers -> Kernel
      whole.py       runs of the engine, also on samples with positions
      stages.py      the walk over networks that are not one run
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._kernel import Kernel
from fastntk._typing import InputMatrix
from fastntk._validation import as_samples, check_samples, is_same_input
from fastntk.backends import get_backend
from fastntk.layerwise.custom import check_kernel
from fastntk.layerwise.memory import check_whole
from fastntk.layerwise.stages import contains, run_stages
from fastntk.layerwise.whole import Branch, Inputs, Runs, run_spec
from fastntk.program.one_run import is_one_run
from fastntk.request.options import Options
from fastntk.request.protocol import Engine
from fastntk.request.request import Request
from fastntk.request.results import check_range
from fastntk.spec import END, Custom, Dropout, FanOut, Flatten, Parallel, Serial, Spec

__all__ = ["evaluate"]


def evaluate(
    request: Request, engine: Engine, keywords: Mapping[str, Any] | None = None
) -> dict[str, Kernel]:
    """Compute the kernels of a network, with variances and shapes.

    Parameters
    ----------
    request : Request
        The rows, (n, d) or (n, positions, channels), or a Kernel that goes on
        (``x2`` is None then). Its names are the kernels carried: ("nngp",) or
        ("nngp", "ntk").
    engine : Engine
        Runs the stretches of layers that are one program.
    keywords : mapping, optional
        Keyword arguments of ``kernel_fn`` for layers that take some.

    Returns
    -------
    dict of str to Kernel
        By place: "output" is the end of the network, others are the taps asked for.

    Notes
    -----
    Whole matrices are float64 and take ``8 n1 n2 positions^2`` bytes each; up to three
    per kernel and branch are alive at once, and one more per kernel and tap.
    """
    get_backend(request.options.backend)
    start: Branch
    if isinstance(request.x1, Kernel):
        start, kind, is_same = _given(request)
    else:
        start, kind, is_same = _data(request)
    kernels = _run(request, engine, start, kind, keywords or {})
    other = request.x1.cov2 if isinstance(request.x1, Kernel) else request.x2
    has_other = other is not None
    return {
        place: _finish(kernel, kind, is_same=is_same, has_other=has_other)
        for place, kernel in kernels.items()
    }


def _run(
    request: Request,
    engine: Engine,
    start: Branch,
    kind: np.dtype[Any],
    keywords: Mapping[str, Any],
) -> dict[str, Kernel]:
    """Run the layers, in one piece where that can be."""
    spec, names, asked = request.spec, request.names, request.options
    options = Options(dtype=kind, backend=asked.backend, threads=asked.threads)
    wanted = frozenset(request.outputs or ()) - {END}
    n1, n2, t = _shape(start)
    if isinstance(start, Inputs) and is_one_run(spec) and t is None and not wanted:
        return {END: run_spec(spec, start, Runs(engine, names, options))}
    runs = Runs(engine, names, options.replace(dtype=np.float64), wanted)
    n_arrays = len(names) * (2 + _branches(spec) + len(wanted))
    check_whole((n1, n2), t or 1, n_arrays, asked.budget)
    if is_one_run(spec, has_positions=t is not None) and not wanted:
        return {END: run_spec(spec, start, runs)}
    return run_stages(spec, start, runs, keywords)


def _data(request: Request) -> tuple[Inputs, np.dtype[Any], bool]:
    """Check samples; return them, the dtype of the result, and whether they are one."""
    spec = request.spec
    first = as_samples(request.x1, "x1")
    second = None if request.x2 is None else as_samples(request.x2, "x2")
    check_samples(first, second)
    if len(first.shape) == 3 and isinstance(_first_layer(spec), Flatten):
        first, second = _flat(first), None if second is None else _flat(second)
    kind = request.options.dtype_of(first, second)
    is_same = second is None or is_same_input(first, second)
    if is_same and _depends_on_identity(spec):
        second = None
    return Inputs(first, second), kind, is_same


def _given(request: Request) -> tuple[Kernel, np.dtype[Any], bool]:
    """Check a kernel to go on from; symmetric ones come back without ``cov2``."""
    spec, names = request.spec, request.names
    kernel, x2 = request.x1, request.x2
    if x2 is not None:
        raise InputError(
            f"x2: found {type(x2).__name__} beside a Kernel; expected None: the kernel "
            "holds both sides. Pass get by keyword, kernel_fn(kernel, get='ntk')"
        )
    if "ntk" in names and kernel.ntk is None:
        raise InputError(
            "x1: found a Kernel without ntk; expected one with it. Compute it with "
            "get=None, or ask for get='nngp'"
        )
    kind = np.asarray(kernel.nngp).dtype
    if kind != np.float32:
        kind = np.dtype(np.float64)
    if "ntk" not in names:
        kernel = kernel.replace(ntk=None)
    is_same = kernel.cov2 is None or bool(kernel.x1_is_x2)
    if is_same and (kernel.cov2 is None or _depends_on_identity(spec)):
        kernel = kernel.replace(cov2=None, x1_is_x2=True)
    return check_kernel(kernel, "x1: found", InputError), kind, is_same


def _first_layer(spec: Spec) -> Spec:
    return _first_layer(spec.layers[0]) if isinstance(spec, Serial) else spec


def _flat(x: Any) -> Any:
    """Return samples as rows: to flatten data is to reshape it."""
    return x.reshape(len(x), -1)


def _depends_on_identity(spec: Spec) -> bool:
    """Say whether a sample with itself differs from one with an equal sample."""
    return contains(spec, Dropout, Custom)


def _shape(start: Branch) -> tuple[int, int, int | None]:
    """Return samples of both sides, and positions."""
    if isinstance(start, Kernel):
        n1, n2, *inner = start.nngp.shape
        return n1, n2, inner[0] if inner else None
    other: InputMatrix = start.x1 if start.x2 is None else start.x2
    inner = list(start.x1.shape[1:-1])
    return start.x1.shape[0], other.shape[0], inner[0] if inner else None


def _branches(spec: Spec) -> int:
    """Return the branches that may be alive at once."""
    if isinstance(spec, Serial):
        return max(map(_branches, spec.layers))
    if isinstance(spec, Parallel):
        return sum(map(_branches, spec.layers))
    return spec.num if isinstance(spec, FanOut) else 1


def _finish(
    kernel: Kernel, dtype: np.dtype[Any], *, is_same: bool, has_other: bool
) -> Kernel:
    """Give the caller's sides back: ``cov2`` where ``x2`` was given."""
    cov2 = kernel.cov2
    if has_other and cov2 is None:
        cov2 = kernel.cov1.copy()
    arrays = {"nngp": kernel.nngp, "ntk": kernel.ntk, "cov1": kernel.cov1, "cov2": cov2}
    is_symmetric = kernel.cov2 is None
    for name, a in arrays.items():
        check_range(name, a, dtype, is_symmetric=is_symmetric)
    cast = {
        name: None if a is None else a.astype(dtype, copy=not a.flags.writeable)
        for name, a in arrays.items()
    }
    return kernel.replace(**cast, x1_is_x2=is_same, is_input=False)
