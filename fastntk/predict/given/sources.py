"""Where kernels come from: given as numbers, or computed by a kernel function."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._typing import FloatArray

__all__ = [
    "KernelSource",
    "available",
    "formed",
    "in_blocks",
    "is_bare",
    "is_operator",
    "operators_of",
    "pick",
    "test_arguments",
]

_BLOCK = 512  # test points per call, where only their variances are wanted


def pick(kernels: Any, name: str, label: str) -> Any:
    """Return one kernel of an array, a dict, a named tuple or a `Kernel`.

    Parameters
    ----------
    kernels : array, mapping, or object with attributes "nngp" and "ntk"
        A bare array stands for whichever kernel is asked for.
    name : {"nngp", "ntk"}
        The kernel.
    label : str
        Name of the argument, for the message.

    Returns
    -------
    array-like

    Raises
    ------
    InputError
        If the kernel is not there.
    """
    found = kernels
    if isinstance(kernels, Mapping):
        found = kernels.get(name)
    elif not is_bare(kernels):
        found = getattr(kernels, name, None)
    if found is None:
        raise InputError(
            f"{label}: found no {shown(name)} kernel in a {type(kernels).__name__}; "
            "expected one. Compute it with get=('nngp', 'ntk') and pass both"
        )
    return found


def available(kernels: Any) -> tuple[str, ...]:
    """Return which of "nngp" and "ntk" there are; one of them for a bare array."""
    if isinstance(kernels, Mapping):
        return tuple(n for n in ("nngp", "ntk") if kernels.get(n) is not None)
    if is_bare(kernels):
        return ("ntk",)
    return tuple(n for n in ("nngp", "ntk") if getattr(kernels, n, None) is not None)


def is_bare(kernels: Any) -> bool:
    """Say whether this is one kernel: an array or an operator."""
    is_array = hasattr(kernels, "__array__") or isinstance(kernels, list)
    return is_array or is_operator(kernels)


def is_operator(kernel: Any) -> bool:
    """Say whether a kernel is an operator, which is never formed."""
    return hasattr(kernel, "matmat") and not hasattr(kernel, "__array__")


def operators_of(
    kernels: Sequence[Any], points: tuple[int, ...]
) -> tuple[str, Any] | None:
    """Return why kernels are not formed, None if they are matrices.

    Raises
    ------
    InputError
        If there are both, or an operator where outputs have axes of their own.
    """
    count = sum(map(is_operator, kernels))
    if not count:
        return None
    if count < len(kernels) or len(points) > 1:
        raise InputError(
            "k_train_train: found operators and arrays, or an operator with targets "
            "whose outputs have axes in the kernel; expected operators of shape (n, n) "
            "for every kernel"
        )
    return "an operator was given", None


def formed(kernel: Any) -> Any:
    """Return the array of an operator between two sets, other kernels as they are."""
    if is_operator(kernel) and hasattr(kernel, "block"):
        return kernel.block(slice(None), slice(None))
    return kernel


class KernelSource:
    """A network, its ``kernel_fn``, or any function ``(x1, x2, get)``.

    Parameters
    ----------
    kernel_fn : Network, Spec or callable
        Called as ``kernel_fn(x1, x2, get)``; ``x2`` is None for the kernel of ``x1``
        with itself, ``get`` is a name or a tuple of names.

    Raises
    ------
    InputError
        If it cannot be called.
    """

    def __init__(self, kernel_fn: Any) -> None:
        function = getattr(kernel_fn, "kernel_fn", kernel_fn)
        if not callable(function):
            raise InputError(
                f"kernel_fn: found a {type(kernel_fn).__name__}; expected a network or "
                "a function (x1, x2, get). Kernels that are numbers already go to "
                "predict.gp_inference or predict.gradient_descent_mse"
            )
        self._function: Callable[..., Any] = function
        owner = getattr(function, "__self__", None)
        self.network = owner if hasattr(owner, "spec") else None

    def __call__(
        self, x1: Any, x2: Any, names: Sequence[str], label: str, **kwargs: Any
    ) -> dict[str, Any]:
        """Return the kernels asked for, by name."""
        names = tuple(names)
        get = names[0] if len(names) == 1 else names
        found = self._function(x1, x2, get, **kwargs)
        return {name: pick(found, name, label) for name in names}

    def diagonal(self, x: Any, name: str, **kwargs: Any) -> FloatArray:
        """Return the variances ``K(x, x)`` of every point, O(n) where possible.

        Parameters
        ----------
        x : array-like of shape (m, ...)
            Points.
        name : {"nngp", "ntk"}
            The kernel.
        **kwargs : object
            Further arguments of the kernel function.

        Returns
        -------
        ndarray of shape (m,)
        """
        if self.network is not None and np.ndim(x) == 2 and not kwargs:
            from fastntk.calls import diagonal

            return np.asarray(diagonal(self.network, x, name), dtype=np.float64)
        blocks = [
            np.asarray(self(x[i : i + _BLOCK], None, (name,), "x", **kwargs)[name])
            for i in range(0, np.shape(x)[0], _BLOCK)
        ]
        if any(block.ndim != 2 for block in blocks):
            raise InputError(
                f"kernel_fn: found a kernel of shape {blocks[0].shape} for the test "
                "points; expected (m, m). Ask for the covariance, or compute kernels "
                "and call predict.gradient_descent_mse_ensemble"
            )
        return np.concatenate([block.diagonal() for block in blocks]).astype(np.float64)


def in_blocks(x: Any, entries: int | None, n: int) -> Iterator[Any]:
    """Yield points, all at once, or so many that a kernel with n rows has ``entries``.

    Parameters
    ----------
    x : array-like of shape (m, ...) or None
        Points.
    entries : int or None
        Of the kernel of a block; None for all points at once.
    n : int
        Training points.
    """
    if entries is None or np.ndim(x) == 0:
        yield x
        return
    rows = np.asarray(x) if isinstance(x, list) else x
    step = max(4, entries // n)
    for start in range(0, max(1, np.shape(rows)[0]), step):
        yield rows[start : start + step]


def test_arguments(
    train: dict[str, Any], test: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the arguments of the kernel function for (test, train) and (test, test).

    A pair of arrays belongs to the two sides of the kernel.
    """
    cross, both = dict(train), dict(train)
    for key, value in test.items():
        if key not in train:
            raise InputError(
                f"{key}: found as an argument for the test points only; expected it in "
                "gradient_descent_mse_ensemble(...) too, for the training set"
            )
        both[key] = value
        given = train[key]
        if _is_pair(value) and _is_pair(given):
            cross[key] = (value[0], given[0])
        elif isinstance(value, np.ndarray) and isinstance(given, np.ndarray):
            cross[key] = value
        elif value != given:
            raise InputError(
                f"{key}: found {shown(value)} for the test points and {shown(given)} "
                "for the training set; expected the same kernel for both"
            )
    return cross, both


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(isinstance(item, np.ndarray) for item in value)
    )
