"""Activations and their derivatives as NumPy functions, right for every real argument.

Nothing overflows: exponentials only ever decay, and their sums are rearranged so that
no digits cancel. Derivatives are those almost everywhere; at a kink, where they are
never asked for by a rule of quadrature, one of the sides is taken.
"""

import math
from collections.abc import Callable
from typing import TypeAlias

import numpy as np

from fastntk._typing import FloatArray

__all__ = [
    "SELU_ALPHA",
    "SELU_SCALE",
    "Function",
    "arctan_slope",
    "celu",
    "celu_slope",
    "elu",
    "elu_slope",
    "gelu_tanh",
    "gelu_tanh_slope",
    "hard_swish",
    "hard_swish_slope",
    "log_cosh",
    "mish",
    "mish_slope",
    "sigmoid",
    "sigmoid_slope",
    "silu",
    "silu_slope",
    "softplus",
    "softsign",
    "softsign_slope",
    "tanh_slope",
]

Function: TypeAlias = Callable[[FloatArray], FloatArray]

SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946
_GELU_C = math.sqrt(2 / math.pi)
_GELU_A = 0.044715
_FAR = 1e3  # where tanh and its like have long reached their limits


def tanh_slope(u: FloatArray) -> FloatArray:
    """Return ``1 / cosh(u)^2``."""
    e = np.exp(-2 * np.abs(u))
    return np.asarray(4 * e / (1 + e) ** 2)


def sigmoid(u: FloatArray) -> FloatArray:
    """Return ``1 / (1 + exp(-u))``."""
    e = np.exp(-np.abs(u))
    return np.asarray(np.where(u >= 0, 1.0, e) / (1 + e))


def sigmoid_slope(u: FloatArray) -> FloatArray:
    """Return ``sigmoid(u) sigmoid(-u)``."""
    e = np.exp(-np.abs(u))
    return np.asarray(e / (1 + e) ** 2)


def softplus(u: FloatArray) -> FloatArray:
    """Return ``log(1 + exp(u))``; its derivative is `sigmoid`."""
    return np.asarray(np.maximum(u, 0) + np.log1p(np.exp(-np.abs(u))))


def silu(u: FloatArray) -> FloatArray:
    """Return ``u sigmoid(u)``."""
    return np.asarray(u * sigmoid(u))


def silu_slope(u: FloatArray) -> FloatArray:
    """Return the derivative of `silu`."""
    return np.asarray(sigmoid(u) + u * sigmoid_slope(u))


def mish(u: FloatArray) -> FloatArray:
    """Return ``u tanh(log(1 + exp(u)))``."""
    e = np.exp(-np.abs(u))
    rising = (1 + 2 * e) / (1 + 2 * e + 2 * e * e)
    falling = e * (e + 2) / (e * (e + 2) + 2)
    return np.asarray(u * np.where(u >= 0, rising, falling))


def mish_slope(u: FloatArray) -> FloatArray:
    """Return the derivative of `mish`."""
    e = np.exp(-np.abs(u))
    above, below = 1 + 2 * e + 2 * e * e, e * (e + 2) + 2
    gate = np.where(u >= 0, (1 + 2 * e) / above, e * (e + 2) / below)
    steep = 4 * e * (1 + e) * np.where(u >= 0, e / above**2, 1 / below**2)
    return np.asarray(gate + u * steep)


def elu(u: FloatArray, alpha: float = 1.0, scale: float = 1.0) -> FloatArray:
    """Return ``scale u`` for positive ``u``, else ``scale alpha (exp(u) - 1)``."""
    return scale * np.where(u > 0, u, alpha * np.expm1(np.minimum(u, 0)))


def elu_slope(u: FloatArray, alpha: float = 1.0, scale: float = 1.0) -> FloatArray:
    """Return the derivative of `elu`."""
    return scale * np.where(u > 0, 1.0, alpha * np.exp(np.minimum(u, 0)))


def celu(u: FloatArray, alpha: float = 1.0) -> FloatArray:
    """Return ``u`` for positive ``u``, else ``alpha (exp(u / alpha) - 1)``."""
    return np.where(u > 0, u, alpha * np.expm1(np.minimum(u, 0) / alpha))


def celu_slope(u: FloatArray, alpha: float = 1.0) -> FloatArray:
    """Return the derivative of `celu`."""
    return np.where(u > 0, 1.0, np.exp(np.minimum(u, 0) / alpha))


def softsign(u: FloatArray) -> FloatArray:
    """Return ``u / (1 + |u|)``."""
    return np.asarray(u / (1 + np.abs(u)))


def softsign_slope(u: FloatArray) -> FloatArray:
    """Return ``1 / (1 + |u|)^2``."""
    inverse = 1 / (1 + np.abs(u))
    return np.asarray(inverse * inverse)


def hard_swish(u: FloatArray) -> FloatArray:
    """Return ``u min(max(u + 3, 0), 6) / 6``."""
    return np.asarray(u * (np.clip(u + 3, 0, 6) / 6))


def hard_swish_slope(u: FloatArray) -> FloatArray:
    """Return the derivative of `hard_swish`."""
    inside = (2 * np.clip(u, -3, 3) + 3) / 6
    return np.where(u > 3, 1.0, np.where(u > -3, inside, 0.0))


def gelu_tanh(u: FloatArray) -> FloatArray:
    """Return ``u (1 + tanh(sqrt(2/pi) (u + 0.044715 u^3))) / 2``."""
    gate, _ = _gelu_gate(u)
    return np.asarray(u * gate)


def gelu_tanh_slope(u: FloatArray) -> FloatArray:
    """Return the derivative of `gelu_tanh`."""
    gate, steep = _gelu_gate(u)
    return np.asarray(gate + u * steep)


def _gelu_gate(u: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return ``(1 + tanh(y)) / 2 = sigmoid(2 y)`` and its derivative by ``u``."""
    near = np.clip(u, -_FAR, _FAR)
    y = 2 * _GELU_C * near * (1 + _GELU_A * near * near)
    rise = 2 * _GELU_C * (1 + 3 * _GELU_A * near * near)
    return sigmoid(y), np.asarray(sigmoid_slope(y) * rise)


def log_cosh(u: FloatArray) -> FloatArray:
    """Return ``log(cosh(u))``; its derivative is tanh."""
    size = np.abs(u)
    small = np.sinh(np.minimum(size, 1.0))
    near = 0.5 * np.log1p(small * small)
    far = size + np.log1p(np.exp(-2 * size)) - math.log(2)
    return np.asarray(np.where(size < 1, near, far))


def arctan_slope(u: FloatArray) -> FloatArray:
    """Return ``1 / (1 + u^2)``."""
    size = np.minimum(np.abs(u), 1e150)
    return np.asarray(1 / (1 + size * size))
