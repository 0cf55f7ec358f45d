"""The blocks whose cost per entry and layer is measured: every op of the engine.

A block is one layer behind the Dense that it needs, or branches and their join, with
parameters at which the variances of rows stay of order 1 however often it is repeated.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

WIDTH = 64
B_STD = 0.1
SLOW_N = 500  # rows, where a block runs in Python


@dataclass(frozen=True)
class Block:
    """A block that is repeated.

    Parameters
    ----------
    title : str
        In words.
    layers : callable
        From ``fastntk.stax`` to the layers.
    n : int or None
        Rows that it is timed on; None for the figure's own number.
    has_zero_row : bool
        Whether one of them is a row of zeros, for which ops are put in.
    """

    title: str
    layers: Callable[[Any], list[Any]]
    n: int | None = None
    has_zero_row: bool = False


def _activation(
    name: str, W_std: float, b_std: float = B_STD, /, *arguments: Any
) -> Block:
    shown = ", ".join(map(str, arguments))
    title = f"Dense and {name}({shown})" if arguments else f"Dense and {name}"

    def layers(stax: Any) -> list[Any]:
        layer = getattr(stax, name)(*arguments)
        return [stax.Dense(WIDTH, W_std=W_std, b_std=b_std), layer]

    return Block(title, layers)


def _branches(join: str, W_std: float, b_std: float) -> Block:
    def layers(stax: Any) -> list[Any]:
        dense = [stax.Dense(WIDTH, W_std=W_std, b_std=b_std) for _ in range(2)]
        return [stax.FanOut(2), stax.parallel(*dense), getattr(stax, join)()]

    return Block(f"two Dense and {join}", layers)


def _erf_dual(cov12: Any, var1: Any, var2: Any) -> Any:
    product = (1 + 2 * var1) * (1 + 2 * var2)
    return 2 / np.pi * np.arcsin(2 * cov12 / np.sqrt(product))


def _erf_dual_derivative(cov12: Any, var1: Any, var2: Any) -> Any:
    product = (1 + 2 * var1) * (1 + 2 * var2)
    return 4 / np.pi / np.sqrt(product - 4 * cov12**2)


def _elementwise(stax: Any) -> list[Any]:
    layer = stax.Elementwise(None, _erf_dual, _erf_dual_derivative)
    return [stax.Dense(WIDTH, W_std=1.5, b_std=B_STD), layer]


def _long_polynomial(stax: Any) -> list[Any]:
    layer = stax.Polynomial([1 / math.factorial(k) for k in range(11)])
    return [stax.Dense(WIDTH, W_std=0.2, b_std=0.5), layer]


def _masked(stax: Any) -> list[Any]:
    dense = stax.Dense(WIDTH, W_std=1.4, b_std=0.0, parameterization="standard")
    return [dense, stax.Relu()]


def _floored(stax: Any) -> list[Any]:
    return [stax.Dense(WIDTH), stax.ExpNormalized()]


BLOCKS = (
    Block("Dense", lambda stax: [stax.Dense(WIDTH, W_std=1.0, b_std=B_STD)]),
    _activation("Relu", 1.5),
    _activation("LeakyRelu", 1.5, B_STD, 0.1),
    _activation("ABRelu", 1.5, B_STD, -0.2, 0.9),
    _activation("Abs", 1.0),
    _activation("Sign", 1.5),
    _activation("Erf", 1.5),
    _activation("Sigmoid_like", 1.5),
    _activation("Gelu", 1.5),
    _activation("Sin", 1.5),
    _activation("Sin", 1.5, B_STD, 1.0, 1.0, 0.5),
    _activation("Cos", 1.5),
    _activation("Rbf", 1.0),
    _activation("Exp", 0.3),
    _activation("ExpNormalized", 1.0),
    _activation("Gaussian", 1.0),
    _activation("Gabor", 1.5),
    _activation("Monomial", 0.1, 1.0, 2),
    _activation("Monomial", 0.05, 1.0, 3),
    _activation("Polynomial", 0.05, 1.0, (0.5, 1.0, 0.5, 0.2)),
    Block("Dense and a Polynomial of degree 10", _long_polynomial),
    _activation("RectifiedMonomial", 1.5, B_STD, 0),
    _activation("RectifiedMonomial", 0.3, 1.0, 2),
    _activation("RectifiedMonomial", 0.1, 1.0, 3),
    _activation("Tanh", 1.5),
    _activation("Softplus", 0.8),
    _activation("LayerNorm", 1.0),
    _activation("Dropout", 0.9, B_STD, 0.9),
    _branches("FanInSum", 0.7, B_STD),
    _branches("FanInProd", 0.5, 0.8),
    _branches("FanInConcat", 1.0, B_STD),
    Block("Dense and Elementwise, in Python", _elementwise, n=SLOW_N),
    Block("Dense and Relu, a row of zeros", _masked, has_zero_row=True),
    Block("Dense and ExpNormalized, a row of zeros", _floored, has_zero_row=True),
)


def repeated(stax: Any, block: Block, depth: int) -> Any:
    """Return ``depth`` blocks one after the other, and a linear read-out."""
    layers = [layer for _ in range(depth) for layer in block.layers(stax)]
    return stax.serial(*layers, stax.Dense(1))
