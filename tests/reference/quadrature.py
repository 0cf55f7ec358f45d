"""Averages over two normal variables, from their definition.

``E[f(u) f(v)]`` is an integral over ``z = u / sqrt(q1)`` of ``f(u)`` times the average
of ``f(v)`` given ``z``, each by Gauss-Legendre panels that end where ``f`` may have a
kink or a jump, at zero. Errors stay below 1e-12 of ``sqrt(E[f(u)^2] E[f(v)^2])``.
"""

from collections.abc import Callable

import numpy as np
from scipy import special

Function = Callable[[np.ndarray], np.ndarray]
REACH = 12.0  # standard deviations: the density beyond is below 1e-31
PANELS = 8  # on each side of the kink
NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)


def _panels(cut: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return nodes and weights of the normal density, cut in two: (..., nodes)."""
    low = np.linspace(-REACH, cut, PANELS + 1, axis=-1)
    high = np.linspace(cut, REACH, PANELS + 1, axis=-1)[..., 1:]
    ends = np.concatenate([low, high], axis=-1)
    half = np.diff(ends, axis=-1)[..., None] / 2
    z = (ends[..., :-1, None] + half + half * NODES).reshape(*cut.shape, -1)
    weight = (half * WEIGHTS).reshape(*cut.shape, -1)
    return z, weight * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


def mean_product(f: Function, q1: float, q2: float, c: float) -> float:
    """Return E[f(u) f(v)] for variances ``q1``, ``q2`` and covariance ``c``."""
    s1, s2 = np.sqrt(q1), np.sqrt(q2)
    rho = c / (s1 * s2)
    z, weight = _panels(np.zeros(()))
    if abs(rho) >= 1:
        return float(np.sum(weight * f(s1 * z) * f(np.sign(rho) * s2 * z)))
    sine = np.sqrt((1 - rho) * (1 + rho))
    y, inner = _panels(np.clip(-rho * z / sine, -REACH, REACH))
    given = np.sum(inner * f(s2 * (rho * z[:, None] + sine * y)), axis=1)
    return float(np.sum(weight * f(s1 * z) * given))


def _gelu(x: np.ndarray) -> np.ndarray:
    return np.asarray(x * special.ndtr(x))


def _gelu_slope(x: np.ndarray) -> np.ndarray:
    density = np.exp(-x * x / 2) / np.sqrt(2 * np.pi)
    return np.asarray(special.ndtr(x) + x * density)


def functions(name: str, params: dict[str, float]) -> tuple[Function, Function]:
    """Return an activation and its derivative, by the name of the layer."""
    return FUNCTIONS[name](**params)


def _waves(
    wave: Function, slope: Function, a: float, b: float, c: float
) -> tuple[Function, Function]:
    return lambda x: a * wave(b * x + c), lambda x: a * b * slope(b * x + c)


def _sigmoid_like() -> tuple[Function, Function]:
    b = 1 / 2.4020563531719796
    return (
        lambda x: (special.erf(b * x) + 1) / 2,
        lambda x: b / np.sqrt(np.pi) * np.exp(-((b * x) ** 2)),
    )


def _hermite(degree: int) -> tuple[Function, Function]:
    unit = [0.0] * degree + [float(special.factorial(degree)) ** -0.5]
    series = np.polynomial.HermiteE(unit)
    return series, series.deriv()


def _rectified(degree: int) -> tuple[Function, Function]:
    def power(k: int) -> Function:
        return lambda x: np.where(x > 0, x, 0.0) ** k * (x > 0)

    if degree == 0:
        return power(0), np.zeros_like
    return power(degree), lambda x: degree * power(degree - 1)(x)


def _polynomial(coef: list[float]) -> tuple[Function, Function]:
    series = np.polynomial.Polynomial(coef)
    return series, series.deriv()


FUNCTIONS: dict[str, Callable[..., tuple[Function, Function]]] = {
    "Sigmoid_like": _sigmoid_like,
    "Gelu": lambda approximate=False: (_gelu, _gelu_slope),
    "Sin": lambda a=1, b=1, c=0: _waves(np.sin, np.cos, a, b, c),
    "Cos": lambda a=1, b=1, c=0: _waves(np.cos, lambda x: -np.sin(x), a, b, c),
    "Rbf": lambda gamma=1: _waves(
        np.sin, np.cos, 2**0.5, (2 * gamma) ** 0.5, np.pi / 4
    ),
    "Exp": lambda a=1, b=1: _waves(np.exp, np.exp, a, b, 0),
    "Gaussian": lambda a=1, b=-1: (
        lambda x: a * np.exp(b * x * x),
        lambda x: 2 * a * b * x * np.exp(b * x * x),
    ),
    "Gabor": lambda: (
        lambda x: np.exp(-x * x) * np.sin(x),
        lambda x: np.exp(-x * x) * (np.cos(x) - 2 * x * np.sin(x)),
    ),
    "Hermite": _hermite,
    "Monomial": lambda degree: _polynomial([0.0] * degree + [1.0]),
    "Polynomial": _polynomial,
    "RectifiedMonomial": _rectified,
}
