"""How far a network of finite width is from its infinite-width kernel."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastntk._errors import InputError
from fastntk.spec import Dense, Parallel, Relu, Serial, Spec, as_spec
from fastntk.theory._checks import positive
from fastntk.theory.kernel_moments import ntk_excess

__all__ = ["FiniteWidth", "finite_width"]


@dataclass(frozen=True)
class FiniteWidth:
    """Size of finite-width corrections to the NTK, and whether to trust the limit.

    Attributes
    ----------
    is_trusted : bool
        Whether ``relative_std`` is at most the tolerance.
    relative_std : float
        Standard deviation of the NTK's diagonal over initialisations, relative to its
        mean: ``sqrt(moment_ratio - 1)``.
    moment_ratio : float
        ``E[K^2] / E[K]^2``; at one hidden layer ``1 + 3 / width``.
    beta : float
        Sum over hidden layers of 1 / width; depth / width if all are equal.
    n_hidden : int
        Hidden layers, along the path with the largest beta.
    is_theorem : bool
        True for plain ReLU networks without biases in the NTK parameterization, for
        which the numbers are exact; for others read them as an order of magnitude.
    """

    is_trusted: bool
    relative_std: float
    moment_ratio: float
    beta: float
    n_hidden: int
    is_theorem: bool


def finite_width(net: Any, tolerance: float = 0.3) -> FiniteWidth:
    """Say whether the widths of a network are large enough for its kernel to hold.

    Parameters
    ----------
    net : Network or Spec
        The network, with the widths that are to be trained in its Dense layers. The
        last Dense is the output, and no hidden layer, unless an activation follows it.
    tolerance : float, default=0.3
        Largest relative standard deviation of the NTK to be trusted, > 0.

    Returns
    -------
    FiniteWidth

    Raises
    ------
    InputError
        If there is no Dense layer, or ``tolerance`` is not positive.

    Notes
    -----
    For fully connected ReLU networks without biases the second moment of the NTK's
    diagonal is computed exactly, by a recursion on moments, see
    `fastntk.theory.kernel_moments`; it does not depend on ``W_std`` or the input. For
    wide networks the logarithm of the ratio is 3 to 3.7 times beta, so it grows like
    depth / width, and the NTK moves in training by a fraction of the same order [1]_.
    Where branches run in parallel the worst counts; skip connections make it
    pessimistic.

    References
    ----------
    .. [1] B. Hanin, M. Nica, "Finite depth and width corrections to the neural tangent
       kernel", ICLR 2020, theorems 1 and 2.

    Examples
    --------
    >>> from fastntk import stax, theory
    >>> net = stax.serial(stax.Dense(512), stax.Relu(), stax.Dense(1))
    >>> theory.finite_width(net).is_trusted
    True
    >>> deep = stax.serial(*30 * [stax.Dense(64), stax.Relu()], stax.Dense(1))
    >>> theory.finite_width(deep).is_trusted
    False
    """
    limit = positive(tolerance, "tolerance")
    widths, has_open = _worst_path(as_spec(net))
    if not widths and not has_open:
        raise InputError(
            "net: found no Dense layer, so no widths; expected a network such as "
            "serial(Dense(512), Relu(), Dense(1))"
        )
    beta = math.fsum(1.0 / width for width in widths)
    excess = ntk_excess(widths)
    return FiniteWidth(
        is_trusted=math.sqrt(excess) <= limit,
        relative_std=math.sqrt(excess),
        moment_ratio=1.0 + excess,
        beta=beta,
        n_hidden=len(widths),
        is_theorem=all(map(_is_covered, _steps(as_spec(net)))),
    )


def _worst_path(spec: Spec) -> tuple[list[int], int]:
    """Return widths of hidden layers, and the width of a last Dense (0: none)."""
    hidden: list[int] = []
    last = 0
    for part in _steps(spec):
        is_dense, is_fan = isinstance(part, Dense), isinstance(part, Parallel)
        if last and (is_dense or is_fan or _is_activation(part)):
            hidden.append(last)
            last = 0
        if isinstance(part, Dense):
            last = part.out_dim
        elif isinstance(part, Parallel):
            paths = [_closed(_worst_path(branch)) for branch in part.layers]
            hidden += max(paths, key=lambda path: sum(1.0 / w for w in path))
    return hidden, last


def _steps(spec: Spec) -> Iterator[Spec]:
    """Yield the layers of nested ``serial`` calls in order."""
    if isinstance(spec, Serial):
        for part in spec.layers:
            yield from _steps(part)
    else:
        yield spec


def _closed(path: tuple[list[int], int]) -> list[int]:
    """Count the last Dense of a branch as hidden: something follows the branch."""
    return path[0] + ([path[1]] if path[1] else [])


def _is_activation(spec: Spec) -> bool:
    return type(spec).__name__ not in (
        "Identity",
        "Tap",
        "FanOut",
        "FanInSum",
        "Dropout",
    )


def _is_covered(spec: Spec) -> bool:
    if isinstance(spec, Dense):
        return not spec.b_std and spec.parameterization == "ntk"
    return isinstance(spec, Relu)
