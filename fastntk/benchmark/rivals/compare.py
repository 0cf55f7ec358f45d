"""Other libraries beside fastntk: same rows, same function, results compared."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from fastntk import stax
from fastntk._errors import FastntkError
from fastntk._typing import AnyArray
from fastntk.benchmark.cases import CASES
from fastntk.benchmark.rivals.environments import Rival, UnableError
from fastntk.benchmark.settings import Settings
from fastntk.calls import diagonal
from fastntk.spec import Dense, Relu

__all__ = [
    "compared",
    "deviation",
    "deviation_of_product",
    "open_rivals",
    "relu_depth",
    "same_function",
]

Arrays = tuple[AnyArray, AnyArray, AnyArray]
"""Rows, rows of the other side, and columns to multiply."""

AGREE_WITHIN = {"float64": 1e-6, "float32": 2e-3}  # rivals' own noise at near rows
SCIKIT_BIAS = 1.0


@dataclass
class Comparison:
    """A rival that is ready, and the network of ours with which it is compared.

    Attributes
    ----------
    library : str
    rival : Rival or None
        Its process; None if it can't compute the network.
    net : Network
        Computes the same function up to a factor.
    scale : float
        The rival's result is so many times ours.
    is_own_function : bool
        Whether ``net`` is not the network that was asked for.
    unable : str
        Why there is no rival.
    """

    library: str
    rival: Rival | None
    net: stax.Network
    scale: float = 1.0
    is_own_function: bool = False
    unable: str = ""
    depth: int | None = None

    def prepare(self, net: stax.Network, arrays: Arrays, get: str) -> None:
        """Hand over a network, and rows, other rows and columns."""
        assert self.rival is not None
        self.rival.prepare(net.spec.to_dict(), *arrays, get=get, depth=self.depth)


@contextmanager
def open_rivals(settings: Settings, threads: int) -> Iterator[list[Comparison]]:
    """Start a process for every library asked for; end them all at the end."""
    pythons = settings.environments or {}
    with ExitStack() as stack:
        found = []
        for library in settings.against:
            comparison = same_function(library, settings)
            if not comparison.unable:
                comparison.rival = stack.enter_context(
                    _started(library, pythons[library], threads, settings)
                )
            found.append(comparison)
        yield found


def _started(library: str, python: Path, threads: int, settings: Settings) -> Rival:
    return Rival(library, python, threads, settings.dtype == "float64")


def same_function(library: str, settings: Settings) -> Comparison:
    """Return the network with which a library is compared, or why it can't be.

    scikit-ntk starts from ``S = <x, y>`` and ``T = S + 1`` and repeats
    ``S <- 2 kappa(S)``, ``T <- 2 kappa_dot(S) T + S + 1``, the bias entering T alone,
    and divides by ``2 (depth + 1)``. In standard parameterization ``ntk' = width_in
    nngp + W_std^2 ntk + 1``; width 2 and ``W_std^2 = 2`` give that recursion, ``W_std^2
    = d`` undoes the division by the number of features, and ``b_std=0.`` keeps the
    bias out of S.
    """
    if library != "scikit-ntk":
        return Comparison(library, None, settings.net)
    depth = relu_depth(settings.net)
    if depth is None or settings.get != "ntk":
        words = "scikit-ntk computes the NTK of ReLU networks, and nothing else"
        return Comparison(library, None, settings.net, unable=words)
    dense: dict[str, Any] = {"b_std": 0.0, "parameterization": "standard"}
    layers: list[Any] = [stax.Dense(2, W_std=math.sqrt(settings.d), **dense)]
    for _ in range(depth):
        layers += [stax.Relu(), stax.Dense(2, W_std=math.sqrt(2.0), **dense)]
    scale = 1.0 / ((depth + 1) * (SCIKIT_BIAS**2 + 1.0))
    net = stax.serial(*layers)
    return Comparison(library, None, net, scale, is_own_function=True, depth=depth)


def relu_depth(net: stax.Network) -> int | None:
    """Return the hidden layers of a plain ReLU network, else None.

    Examples
    --------
    >>> relu_depth(stax.serial(stax.Dense(4), stax.Relu(), stax.Dense(1)))
    1
    >>> relu_depth(stax.serial(stax.Dense(4), stax.Erf(), stax.Dense(1))) is None
    True
    """
    layers = getattr(net.spec, "layers", (net.spec,))
    n_hidden, is_even = divmod(len(layers) - 1, 2)
    wanted = [*[Dense, Relu] * n_hidden, Dense]
    if is_even or [type(layer) for layer in layers] != wanted:
        return None
    return n_hidden


# --- results --------------------------------------------------------------------------


def deviation(
    ours: AnyArray, theirs: AnyArray, roots: tuple[AnyArray, AnyArray], scale: float
) -> float:
    """Return the largest ``|ours - theirs/scale|`` relative to sqrt(Kii Kjj).

    Parameters
    ----------
    ours, theirs : ndarray of shape (n1, n2)
    roots : tuple of ndarray
        Square roots of the kernel's diagonals of both sides.
    scale : float
    """
    worst = 0.0
    for start in range(0, len(ours), 500):
        rows = slice(start, start + 500)
        gap = np.abs(ours[rows] - np.asarray(theirs[rows], np.float64) / scale)
        worst = max(worst, float(np.max(gap / np.outer(roots[0][rows], roots[1]))))
    return worst


def deviation_of_product(
    ours: AnyArray,
    theirs: AnyArray,
    columns: AnyArray,
    roots: tuple[AnyArray, AnyArray],
    scale: float,
) -> float:
    """Return the same of products with columns, relative to what bounds an entry."""
    bound = np.outer(roots[0], roots[1] @ np.abs(columns))
    gap = np.abs(ours - np.asarray(theirs, np.float64) / scale)
    return float(np.max(gap / bound))


def compared(
    comparison: Comparison,
    case: str,
    ours: AnyArray,
    arrays: Arrays,
    get: str,
) -> float:
    """Return how far the rival's result of a case is from ours."""
    assert comparison.rival is not None
    x, other, columns = arrays
    theirs = comparison.rival.result(case)
    cols = other if case == CASES[2] else x
    roots = _roots(comparison.net, x, get), _roots(comparison.net, cols, get)
    if case == CASES[3]:
        return deviation_of_product(ours, theirs, columns, roots, comparison.scale)
    return deviation(ours, theirs, roots, comparison.scale)


def _roots(net: stax.Network, x: AnyArray, get: str) -> AnyArray:
    found: AnyArray = np.sqrt(np.abs(diagonal(net, x, get, dtype=np.float64)))
    return np.maximum(found, np.finfo(np.float32).tiny)


def try_prepare(
    comparison: Comparison, net: stax.Network, arrays: Arrays, get: str
) -> bool:
    """Hand over a problem; keep the reason if the rival can't do it."""
    try:
        comparison.prepare(net, arrays, get)
    except (UnableError, FastntkError) as error:
        comparison.unable = str(error)
        return False
    return True
