"""The networks that are measured, written once for every library.

Layer names and arguments are shared by ``fastntk.stax`` and
``neural_tangents.stax``; each builder takes either module and returns its network.
Standard library only: the rivals' environment imports this file too.
"""

import math
from collections.abc import Callable
from typing import Any

W_STD = 1.5
B_STD = 0.1


def fully_connected(
    stax: Any, activation: str, depth: int, b_std: float | None = B_STD
) -> Any:
    """Return ``depth`` hidden layers with one activation, and a linear read-out."""
    layers = []
    for _ in range(depth):
        layers += [stax.Dense(512, W_std=W_STD, b_std=b_std)]
        layers += [getattr(stax, activation)()]
    return stax.serial(*layers, stax.Dense(1, W_std=W_STD, b_std=b_std))


def hyperbolic(stax: Any, depth: int) -> Any:
    """Return a tanh network; neural-tangents integrates it with 25 nodes an axis."""
    if hasattr(stax, "Tanh"):
        return fully_connected(stax, "Tanh", depth)
    from jax import numpy as jnp

    hidden = [
        stax.Dense(512, W_std=W_STD, b_std=B_STD),
        stax.ElementwiseNumerical(jnp.tanh, deg=25),
    ]
    return stax.serial(*hidden * depth, stax.Dense(1, W_std=W_STD, b_std=B_STD))


def jacot(stax: Any, depth: int, n_features: int) -> Any:
    """Return the net whose NTK is scikit-ntk's with ``bias=1``, up to a factor.

    scikit-ntk starts from ``S = <x, y>`` and ``T = S + 1`` and repeats
    ``S <- 2 kappa(S)``, ``T <- 2 kappa_dot(S) T + S + 1``, the bias entering T alone.
    In standard parameterization ``ntk' = width_in nngp + W_std^2 ntk + 1``; width 2 and
    ``W_std^2 = 2`` give that recursion, ``W_std^2 = d`` undoes the division by
    the number of features, and ``b_std=0.`` keeps the bias out of S.
    """
    dense: dict[str, Any] = {"b_std": 0.0, "parameterization": "standard"}
    layers = [stax.Dense(2, W_std=math.sqrt(n_features), **dense)]
    for _ in range(depth):
        layers += [stax.Relu(), stax.Dense(2, W_std=math.sqrt(2.0), **dense)]
    return stax.serial(*layers)


def scikit_ntk_scale(depth: int, bias: float = 1.0) -> float:
    """Return scikit-ntk's factor on the kernel of `jacot`."""
    return 1.0 / ((depth + 1) * (bias**2 + 1.0))


BUILDERS: dict[str, Callable[[Any, int], Any]] = {
    "relu-3": lambda stax, d: fully_connected(stax, "Relu", 3),
    "relu-10": lambda stax, d: fully_connected(stax, "Relu", 10),
    "relu-3-no-bias": lambda stax, d: fully_connected(stax, "Relu", 3, None),
    "relu-100": lambda stax, d: fully_connected(stax, "Relu", 100),
    "tanh-3": lambda stax, d: hyperbolic(stax, 3),
    "erf-3": lambda stax, d: fully_connected(stax, "Erf", 3),
    "gelu-3": lambda stax, d: fully_connected(stax, "Gelu", 3),
    "sin-3": lambda stax, d: fully_connected(stax, "Sin", 3),
    "dense-1": lambda stax, d: stax.serial(stax.Dense(1)),
    "jacot-10": lambda stax, d: jacot(stax, 10, d),
}


def build(stax: Any, name: str, n_features: int) -> Any:
    """Return the network called ``name`` in the vocabulary of ``stax``."""
    return BUILDERS[name](stax, n_features)
