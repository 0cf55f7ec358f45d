"""Kernels with everything that belongs to them, of data or of another kernel.

::

    evaluate       x1, x2, or a Kernel of earlier layers -> Kernel
      whole.py       runs of the engine, also on samples with positions
      stages.py      the walk over networks that are not one run
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastntk._errors import InputError, NotSupportedError
from fastntk._kernel import Kernel
from fastntk._typing import InputMatrix
from fastntk._validation import (
    as_samples,
    check_get,
    check_max_memory,
    check_out,
    check_samples,
    check_threads,
    is_same_input,
    n_axes,
    resolve_dtype,
)
from fastntk.backends import get_backend
from fastntk.layerwise.custom import check_kernel
from fastntk.layerwise.memory import check_whole
from fastntk.layerwise.stages import contains, is_one_run, run_stages
from fastntk.layerwise.whole import Branch, Inputs, RunOptions, run_spec
from fastntk.request.progress import ProgressArg, make_progress
from fastntk.request.results import check_range, pack
from fastntk.spec import Custom, Dropout, FanOut, Flatten, Parallel, Serial, Spec

__all__ = ["evaluate", "is_staged", "refuse_staged", "staged_diagonal", "staged_gram"]

DIAGONAL_SAMPLES = 64  # computed together where only the diagonal is wanted


def is_staged(spec: Spec, x: Any) -> bool:
    """Say whether a network is evaluated on whole matrices, by its layers or inputs."""
    return not is_one_run(spec) or n_axes(x) == 3


def refuse_staged(spec: Spec, x: Any, name: str) -> None:
    """Raise an error where only the engine itself can do what is asked."""
    if is_staged(spec, x):
        raise NotSupportedError(
            f"{name}: found a layer made by a user, or inputs with positions; such a "
            "network is evaluated on whole matrices. Use fastntk.gram or kernel_fn, on "
            "fewer samples at a time if memory is short"
        )


def evaluate(
    spec: Spec,
    x1: Any,
    x2: Any,
    names: tuple[str, ...],
    *,
    keywords: Mapping[str, Any] | None = None,
    dtype: Any = None,
    threads: int | None = None,
    backend: str = "auto",
    budget: int | None = None,
) -> Kernel:
    """Compute the kernel of a network, with variances and shapes.

    Parameters
    ----------
    spec : Spec
        The network.
    x1 : array-like or CSR matrix of shape (n1, d), (n1, positions, channels), or Kernel
        Samples, or a kernel that goes on (``x2`` is None then).
    x2 : the same for the other side, or None
        None stands for ``x1``.
    names : tuple of str
        Kernels that are carried: ("nngp",) or ("nngp", "ntk").
    keywords : mapping, optional
        Keyword arguments of ``kernel_fn`` for layers that take some.
    dtype : dtype-like, optional
        Of the result; derived from the inputs if None.
    threads : int, optional
        Worker threads.
    backend : str, default="auto"
        Where tiles run.
    budget : int, optional
        Bytes for whole matrices.

    Returns
    -------
    Kernel

    Notes
    -----
    Whole matrices are float64 and take ``8 n1 n2 positions^2`` bytes each; up to three
    per kernel and branch are alive at once.
    """
    check_threads(threads)
    get_backend(backend)
    start: Branch
    if isinstance(x1, Kernel):
        start, kind, is_same = _given(spec, x1, x2, names)
    else:
        start, kind, is_same = _data(spec, x1, x2, dtype)
    has_positions = _shape(start)[2] is not None
    if isinstance(start, Inputs) and is_one_run(spec) and not has_positions:
        options = RunOptions(names, kind, threads, backend)
        kernel = run_spec(spec, start, options)
    else:
        options = RunOptions(names, np.dtype(np.float64), threads, backend)
        n1, n2, t = _shape(start)
        n_arrays = len(names) * (2 + _branches(spec))
        check_whole((n1, n2), t or 1, n_arrays, budget)
        if is_one_run(spec, has_positions=has_positions):
            kernel = run_spec(spec, start, options)
        else:
            kernel = run_stages(spec, start, options, keywords or {})
    other = x1.cov2 if isinstance(x1, Kernel) else x2
    return _finish(kernel, kind, is_same=is_same, has_other=other is not None)


def _data(
    spec: Spec, x1: Any, x2: Any, dtype: Any
) -> tuple[Inputs, np.dtype[Any], bool]:
    """Check samples; return them, the dtype of the result, and whether they are one."""
    first = as_samples(x1, "x1")
    second = None if x2 is None else as_samples(x2, "x2")
    check_samples(first, second)
    if len(first.shape) == 3 and isinstance(_first_layer(spec), Flatten):
        first, second = _flat(first), None if second is None else _flat(second)
    kind = resolve_dtype(dtype, first, second)
    is_same = second is None or is_same_input(first, second)
    if is_same and _depends_on_identity(spec):
        second = None
    return Inputs(first, second), kind, is_same


def _given(
    spec: Spec, kernel: Kernel, x2: Any, names: tuple[str, ...]
) -> tuple[Kernel, np.dtype[Any], bool]:
    """Check a kernel to go on from; symmetric ones come back without ``cov2``."""
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


def staged_gram(
    spec: Spec,
    x1: Any,
    x2: Any,
    get: Any,
    *,
    dtype: Any,
    backend: str,
    threads: int | None,
    out: Any,
    max_memory: int | float | str | None,
    progress: ProgressArg,
) -> Any:
    """Return `fastntk.gram` of a network that is evaluated on whole matrices."""
    names, is_tuple = check_get(get)
    budget = check_max_memory(max_memory)
    carried = ("nngp", "ntk") if "ntk" in names else ("nngp",)
    settings: dict[str, Any] = {"dtype": dtype, "threads": threads, "backend": backend}
    first = as_samples(x1, "x1")
    second = None if x2 is None else as_samples(x2, "x2")
    kind = resolve_dtype(dtype, first, second)
    outs = None
    if out is not None:  # a sample of each side tells the shape
        probe = evaluate(
            spec, first[:1], None if second is None else second[:1], carried, **settings
        )
        other = first if second is None else second
        shape = (first.shape[0], other.shape[0], *probe.nngp.shape[2:])
        outs = check_out(out, shape, kind, names, (first, second))
    n_entries = first.shape[0] * (first if second is None else second).shape[0]
    with make_progress(progress, n_entries) as bar:
        kernel = evaluate(spec, first, second, carried, budget=budget, **settings)
        bar.add(bar.total)
    arrays = [getattr(kernel, name) for name in names]
    if outs is not None:
        for target, array in zip(outs, arrays, strict=True):
            target[...] = array
        arrays = list(outs)
    return pack(arrays, names, is_tuple)


def staged_diagonal(spec: Spec, x: Any, get: Any, dtype: Any) -> Any:
    """Return `fastntk.diagonal` of such a network, some samples at a time."""
    names, is_tuple = check_get(get)
    carried = ("nngp", "ntk") if "ntk" in names else ("nngp",)
    samples = as_samples(x, "x")
    parts: list[list[Any]] = [[] for _ in names]
    for start in range(0, samples.shape[0], DIAGONAL_SAMPLES):
        some = samples[start : start + DIAGONAL_SAMPLES]
        kernel = evaluate(spec, some, None, carried, dtype=dtype)
        index = np.arange(some.shape[0])
        for part, name in zip(parts, names, strict=True):
            part.append(getattr(kernel, name)[index, index])
    return pack([np.concatenate(part) for part in parts], names, is_tuple)
