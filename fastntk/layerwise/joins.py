"""Fan-in layers on whole matrices: branches that the engine could not take together."""

import functools
import operator
from collections.abc import Callable, Sequence

from fastntk._errors import NetworkError
from fastntk._kernel import Kernel
from fastntk._typing import AnyArray
from fastntk.spec import FanInConcat, FanInProd, FanInSum, Spec

__all__ = ["JOINS", "join_branches"]

JOINS = (FanInSum, FanInProd, FanInConcat)


def join_branches(spec: Spec, branches: Sequence[Kernel], label: str) -> Kernel:
    """Apply a fan-in layer to the kernels of its branches.

    Parameters
    ----------
    spec : FanInSum, FanInProd or FanInConcat
        The layer.
    branches : sequence of Kernel
        Of the same samples.
    label : str
        The layer as shown in messages.

    Returns
    -------
    Kernel
    """
    if len(branches) == 1:
        return branches[0]
    if isinstance(spec, FanInConcat):
        return _concat_channels(branches, label)
    _check_shapes(branches, label)
    _check_widths(branches, label)
    if isinstance(spec, FanInSum):
        _check_gaussian(branches, label)
        return _combine(branches, lambda arrays: functools.reduce(operator.add, arrays))
    product = _combine(branches, lambda arrays: functools.reduce(operator.mul, arrays))
    if product.ntk is None:
        return product.replace(is_gaussian=False)
    nngp, ntk = branches[0].nngp, branches[0].ntk
    for other in branches[1:]:
        ntk = ntk * other.nngp + nngp * other.ntk
        nngp = nngp * other.nngp
    return product.replace(ntk=ntk, is_gaussian=False)


def _concat_channels(branches: Sequence[Kernel], label: str) -> Kernel:
    _check_shapes(branches, label)
    widths = [0 if k.shape1 is None else k.shape1[-1] for k in branches]
    if not all(widths):
        raise NetworkError(
            f"{label}: the width of a branch is not known; a concatenation needs it. "
            "Put a Dense at the end of each branch, or let the kernel_fn of your layer "
            "set shape1 and shape2"
        )
    total = sum(widths)

    def mean(arrays: Sequence[AnyArray]) -> AnyArray:
        terms = [w / total * a for w, a in zip(widths, arrays, strict=True)]
        result: AnyArray = functools.reduce(operator.add, terms)
        return result

    def wide(shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
        return None if shape is None else (*shape[:-1], total)

    new = _combine(branches, mean)
    return new.replace(
        is_gaussian=False, shape1=wide(new.shape1), shape2=wide(new.shape2)
    )


def _combine(
    branches: Sequence[Kernel], function: Callable[[Sequence[AnyArray]], AnyArray]
) -> Kernel:
    """Apply a function to the arrays of one kind of all branches."""

    def of(name: str) -> AnyArray | None:
        arrays = [getattr(k, name) for k in branches]
        return None if any(a is None for a in arrays) else function(arrays)

    names = ("nngp", "ntk", "cov1", "cov2")
    return branches[0].replace(**{name: of(name) for name in names})


def _check_shapes(branches: Sequence[Kernel], label: str) -> None:
    if len({k.nngp.shape for k in branches}) > 1:
        found = ", ".join(str(k.nngp.shape) for k in branches)
        raise NetworkError(
            f"{label}: found branches with kernels of shapes {found}; expected the "
            "same positions in every branch"
        )


def _check_widths(branches: Sequence[Kernel], label: str) -> None:
    widths = {k.shape1[-1] for k in branches if k.shape1 is not None}
    if len(widths) > 1:
        raise NetworkError(
            f"{label}: found branches of {sorted(widths)} features; expected equal "
            "widths"
        )


def _check_gaussian(branches: Sequence[Kernel], label: str) -> None:
    if not all(k.is_gaussian for k in branches):
        raise NetworkError(
            f"{label}: found a branch that is not Gaussian; it has a limit only if "
            "every branch ends with a Dense (or comes from one unchanged). Put a Dense "
            "at the end of each branch"
        )
