"""Layers that mix the positions of a sample: linear maps on both sides of a kernel.

With ``f_i`` the outputs of sample i, shape (T, channels), and ``f_i' = A_i f_i``, both
kernels become ``K'(i, j) = A_i K(i, j) A_j^T`` in their position axes.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from fastntk._errors import InputError, NetworkError, NotSupportedError
from fastntk._kernel import Kernel
from fastntk._typing import AnyArray, FloatArray
from fastntk._validation import to_array
from fastntk.spec import (
    Aggregate,
    DotGeneral,
    Flatten,
    GlobalAvgPool,
    GlobalSumPool,
    Index,
    Spec,
)

__all__ = ["run_positional"]

_POSITIONS = 1  # axis of (n, positions, channels)


def run_positional(
    spec: Spec, kernel: Kernel, options: Mapping[str, Any], label: str
) -> Kernel:
    """Apply a layer that mixes positions to a kernel of shape (n1, n2, T, T).

    Parameters
    ----------
    spec : Spec
        The layer.
    kernel : Kernel
        What comes before it.
    options : mapping
        Keyword arguments of ``kernel_fn``; Aggregate takes ``pattern``.
    label : str
        The layer as shown in messages.

    Returns
    -------
    Kernel
    """
    return _RULES[type(spec)](spec, kernel, options, label)


Rule = Callable[[Any, Kernel, Mapping[str, Any], str], Kernel]


def _sum_pool(
    spec: GlobalSumPool, kernel: Kernel, options: Mapping[str, Any], label: str
) -> Kernel:
    return _change(kernel, lambda k: k.sum(axis=(-2, -1)), None)


def _avg_pool(
    spec: GlobalAvgPool, kernel: Kernel, options: Mapping[str, Any], label: str
) -> Kernel:
    return _change(kernel, lambda k: k.mean(axis=(-2, -1)), None)


def _flatten(
    spec: Flatten, kernel: Kernel, options: Mapping[str, Any], label: str
) -> Kernel:
    t = kernel.nngp.shape[-1]
    new = _change(kernel, lambda k: np.einsum("...tt->...", k) / t, None)
    return new.replace(
        is_gaussian=False,
        shape1=_widened(new.shape1, t),
        shape2=_widened(new.shape2, t),
    )


def _index(
    spec: Index, kernel: Kernel, options: Mapping[str, Any], label: str
) -> Kernel:
    idx = list(spec.key)
    if Ellipsis in idx:
        k = idx.index(Ellipsis)
        idx[k : k + 1] = [slice(None)] * (4 - len(idx))
    idx += [slice(None)] * (3 - len(idx))
    if len(idx) != 3 or idx[0] != slice(None) or idx[2] != slice(None):
        raise NotSupportedError(
            f"{label}: found an index of samples or channels; expected one of "
            "positions, e.g. Index(Slice[:, 1:4]). Index the inputs themselves instead"
        )
    t = kernel.nngp.shape[-1]
    try:
        kept = np.arange(t)[idx[1]]
    except IndexError as error:
        raise NetworkError(f"{label}: {error}, of {t} positions") from None
    if kept.size == 0:
        raise NetworkError(f"{label}: found no position left of {t}; expected some")
    if kept.ndim == 0:
        return _change(kernel, lambda k: k[..., kept, kept].copy(), None)
    return _change(kernel, lambda k: k[..., kept[:, None], kept], kept.size)


def _dot_general(
    spec: DotGeneral, kernel: Kernel, options: Mapping[str, Any], label: str
) -> Kernel:
    other = np.array(spec.constant)
    contracted, batched = spec.dimension_numbers
    ours, theirs = contracted if spec.lhs is None else contracted[::-1]
    if _axes(ours) != (_POSITIONS,) or any(batched) or other.ndim > 2:
        raise NotSupportedError(
            f"{label}: dimension_numbers are {spec.dimension_numbers}; expected a "
            "number, or the contraction of the axis of positions with a vector or a "
            "matrix, ((1,), (0,)), ((), ()). More axes come later"
        )
    weights = np.moveaxis(other, theirs[0], -1)
    t = kernel.nngp.shape[-1]
    if weights.shape[-1] != t:
        raise NetworkError(
            f"{label}: found {weights.shape[-1]} numbers along the contracted axis; "
            f"expected {t}, one per position"
        )
    new = _linear(kernel, np.atleast_2d(weights), np.atleast_2d(weights))
    if weights.ndim == 2:
        return new
    return _change(new, lambda k: k[..., 0, 0].copy(), None)


def _aggregate(
    spec: Aggregate, kernel: Kernel, options: Mapping[str, Any], label: str
) -> Kernel:
    if spec.aggregate_axis is not None and _axes(spec.aggregate_axis) != (_POSITIONS,):
        raise NotSupportedError(
            f"{label}: aggregate_axis is {spec.aggregate_axis}; expected None or 1, "
            "the axis of positions"
        )
    found = options.get("pattern")
    if found is None:
        return kernel
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise InputError(
            f"pattern: found {type(found).__name__}; expected a pair (pattern1, "
            "pattern2) of arrays of shape (n1 or n2, positions, positions)"
        )
    first, second = found
    if first is None and second is None:
        return kernel
    if first is None or (second is None and kernel.cov2 is not None):
        raise InputError("pattern: found one array and None; expected both, or neither")
    n1, n2, t, _ = kernel.nngp.shape
    one = _pattern(spec, first, n1, t, "pattern[0]")
    two = one if second is None else _pattern(spec, second, n2, t, "pattern[1]")
    if kernel.cov2 is None and not np.array_equal(one, two):
        raise InputError(
            "pattern: found two different arrays, but x2 is None (or x1); expected "
            "equal ones. Pass x2=x1 to compare a graph's samples under two patterns"
        )
    return _linear(kernel, one, two)


def _pattern(spec: Aggregate, given: Any, n: int, t: int, name: str) -> FloatArray:
    """Return the maps of positions of all samples, (n, to, from)."""
    array = to_array(given, name)
    if spec.implementation == "SPARSE":
        array = _adjacency(array, n, t, name)
    if array.shape != (n, t, t):
        raise InputError(
            f"{name}: found shape {array.shape}; expected {(n, t, t)}, (samples, from "
            "position, to position)"
        )
    if array.dtype.kind not in "fiub" or not np.isfinite(array).all():
        raise InputError(f"{name}: found dtype {array.dtype}; expected finite numbers")
    return array.astype(np.float64).transpose(0, 2, 1)


def _adjacency(edges: AnyArray, n: int, t: int, name: str) -> FloatArray:
    """Return adjacency matrices of lists of edges; those with negative ends go."""
    if edges.ndim == 4 and edges.shape[2] == 1:
        edges = edges[:, :, 0]
    is_list = edges.ndim == 3 and edges.shape[::2] == (n, 2)
    if not is_list or edges.dtype.kind not in "iu" or edges.max(initial=-1) >= t:
        raise InputError(
            f"{name}: found shape {edges.shape} of {edges.dtype}; expected integers "
            f"below {t}, the positions, of shape ({n}, edges, 2): (from, to), negative "
            "for none"
        )
    dense = np.zeros((n, t, t))
    sample, edge = np.nonzero((edges >= 0).all(axis=-1))
    tail, head = edges[sample, edge].T
    np.add.at(dense, (sample, tail, head), 1.0)
    return dense


_RULES: dict[type[Spec], Rule] = {
    Aggregate: _aggregate,
    DotGeneral: _dot_general,
    Flatten: _flatten,
    GlobalAvgPool: _avg_pool,
    GlobalSumPool: _sum_pool,
    Index: _index,
}


def _change(
    kernel: Kernel, function: Callable[[AnyArray], AnyArray], t: int | None
) -> Kernel:
    """Apply a function of the last two axes to all arrays; ``t`` positions are left."""

    def shape(old: tuple[int, ...] | None) -> tuple[int, ...] | None:
        return None if old is None else (old[0], *([] if t is None else [t]), old[-1])

    return kernel.replace(
        nngp=function(kernel.nngp),
        ntk=None if kernel.ntk is None else function(kernel.ntk),
        cov1=function(kernel.cov1),
        cov2=None if kernel.cov2 is None else function(kernel.cov2),
        shape1=shape(kernel.shape1),
        shape2=shape(kernel.shape2),
    )


def _linear(kernel: Kernel, one: FloatArray, two: FloatArray) -> Kernel:
    """Apply maps (to, from), or (n, to, from) with one per sample, to both sides."""

    def cross(k: AnyArray, a: FloatArray, b: FloatArray) -> AnyArray:
        left = a if a.ndim == 2 else a[:, None]
        right = b.T if b.ndim == 2 else b.transpose(0, 2, 1)[None]
        result: AnyArray = np.matmul(np.matmul(left, k), right)
        return result

    def own(cov: AnyArray, a: FloatArray) -> AnyArray:
        result: AnyArray = np.matmul(np.matmul(a, cov), np.swapaxes(a, -1, -2))
        return result

    sized = _change(kernel, lambda k: k, one.shape[-2])
    return sized.replace(
        nngp=cross(kernel.nngp, one, two),
        ntk=None if kernel.ntk is None else cross(kernel.ntk, one, two),
        cov1=own(kernel.cov1, one),
        cov2=None if kernel.cov2 is None else own(kernel.cov2, two),
    )


def _axes(axes: tuple[int, ...]) -> tuple[int, ...]:
    """Return axes of (n, positions, channels), counted from the first."""
    return tuple(axis % 3 for axis in axes)


def _widened(shape: tuple[int, ...] | None, t: int) -> tuple[int, ...] | None:
    return None if shape is None else (*shape[:-1], shape[-1] * t)
