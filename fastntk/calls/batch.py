"""``batch``: neural-tangents' way to compute a kernel in blocks."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._kernel import Kernel
from fastntk._shown import shown
from fastntk._typing import AnyArray
from fastntk._validation import to_array
from fastntk.spec import Spec

__all__ = ["batch"]


def batch(
    kernel_fn: Any,
    batch_size: int = 0,
    device_count: int = -1,
    store_on_device: bool = True,
) -> Callable[..., Any]:
    """Return a function that computes the same kernel in blocks.

    Networks of fastntk are tiled by themselves, on all cores, and come back as they
    are. A function of another kind is called on blocks, whose results are joined.

    Parameters
    ----------
    kernel_fn : Network, its kernel_fn, or callable
        ``kernel_fn(x1, x2, *args, **kwargs)`` that returns an array of shape
        (n1, n2, ...), a tuple of these, or a `fastntk.stax.Kernel`.
    batch_size : int, default=0
        Samples of each side per call; 0 for all at once. The last block may be
        smaller. It makes no difference to networks of fastntk.
    device_count : int, default=-1
        Accepted for neural-tangents' sake, -1 or more; there are no devices.
    store_on_device : bool, default=True
        The same: results are NumPy arrays.

    Returns
    -------
    callable
        With the arguments and results of ``kernel_fn``. ``x2=None`` calls a function
        of another kind with blocks of ``x1`` on both sides, and ``cov2`` of a `Kernel`
        is None then.

    Raises
    ------
    InputError
        If an argument is not as described; when called, if blocks do not fit
        together.

    Examples
    --------
    >>> import numpy as np
    >>> import fastntk
    >>> from fastntk import stax
    >>> _, _, kernel_fn = stax.serial(stax.Dense(8), stax.Relu(), stax.Dense(1))
    >>> fastntk.batch(kernel_fn, batch_size=100)(np.eye(2), None, "ntk").round(3)
    array([[0.5 , 0.08],
           [0.08, 0.5 ]])
    >>> def linear(x1, x2, scale=1.0):
    ...     return scale * x1 @ x2.T
    >>> fastntk.batch(linear, batch_size=2)(np.eye(3), None, scale=2.0)
    array([[2., 0., 0.],
           [0., 2., 0.],
           [0., 0., 2.]])
    """
    size = _as_integer(batch_size, "batch_size", 0)
    _as_integer(device_count, "device_count", -1)
    owner = getattr(kernel_fn, "__self__", kernel_fn)
    if isinstance(getattr(owner, "spec", None), Spec):
        function: Callable[..., Any] = owner.kernel_fn
        return function
    if not callable(kernel_fn):
        raise InputError(
            f"batch: found {type(kernel_fn).__name__}; expected a network, its "
            "kernel_fn, or a function of (x1, x2)"
        )
    if size == 0:
        whole: Callable[..., Any] = kernel_fn
        return whole

    @functools.wraps(kernel_fn)
    def in_blocks(x1: Any, x2: Any = None, *args: Any, **kwargs: Any) -> Any:
        other = x1 if x2 is None else x2
        blocks = [
            [
                kernel_fn(x1[i : i + size], other[j : j + size], *args, **kwargs)
                for j in range(0, len(other), size)
            ]
            for i in range(0, len(x1), size)
        ]
        return _join(blocks, x2 is None)

    return in_blocks


def _as_integer(value: Any, name: str, least: int) -> int:
    is_integer = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not is_integer or value < least:
        raise InputError(
            f"batch: {name} is {shown(value)}; expected an integer >= {least}"
        )
    return int(value)


def _join(blocks: Sequence[Sequence[Any]], is_symmetric: bool) -> Any:
    """Join blocks of one of the kinds that a kernel function returns."""
    first = blocks[0][0]
    if first is None or isinstance(first, bool | str):
        return first
    if isinstance(first, Kernel):
        return _join_kernels(blocks, is_symmetric)
    if isinstance(first, tuple):
        parts = [
            _join([[block[k] for block in row] for row in blocks], is_symmetric)
            for k in range(len(first))
        ]
        return type(first)(*parts) if hasattr(first, "_fields") else tuple(parts)
    array = to_array(first, "batch: the result of the function")
    if array.ndim < 2:
        raise InputError(
            f"batch: found a result of type {type(first).__name__} and shape "
            f"{array.shape}; expected arrays of shape (n1, n2, ...), tuples of these, "
            "or a Kernel"
        )
    return _join_arrays(blocks)


def _join_arrays(blocks: Sequence[Sequence[Any]]) -> AnyArray:
    rows = [
        np.concatenate([to_array(b, "kernel_fn") for b in row], axis=1)
        for row in blocks
    ]
    return np.concatenate(rows)


def _join_kernels(blocks: Sequence[Sequence[Kernel]], is_symmetric: bool) -> Kernel:
    def matrix(name: str) -> AnyArray | None:
        if getattr(blocks[0][0], name) is None:
            return None
        return _join_arrays([[getattr(b, name) for b in row] for row in blocks])

    def own(name: str, side: Sequence[Kernel]) -> AnyArray:
        return np.concatenate([to_array(getattr(b, name), name) for b in side])

    first = blocks[0][0]
    nngp = matrix("nngp")
    if nngp is None:
        raise InputError("batch: found a Kernel without nngp; expected an array")
    is_same = len(blocks) == len(blocks[0]) and all(
        bool(row[k].x1_is_x2) for k, row in enumerate(blocks)
    )
    has_cov2 = not is_symmetric and all(b.cov2 is not None for b in blocks[0])
    n1, n2 = nngp.shape[:2]
    return first.replace(
        nngp=nngp,
        ntk=matrix("ntk"),
        cov1=own("cov1", [row[0] for row in blocks]),
        cov2=own("cov2", blocks[0]) if has_cov2 else None,
        x1_is_x2=is_symmetric or is_same,
        shape1=None if first.shape1 is None else (n1, *first.shape1[1:]),
        shape2=None if first.shape2 is None else (n2, *first.shape2[1:]),
    )
