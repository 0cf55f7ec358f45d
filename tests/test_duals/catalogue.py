"""The activations of `torch.nn` and `jax.nn`, written plainly in NumPy.

``python -m tests.test_duals.catalogue`` prints the table of docs/guide/activations.md:
how each is computed, its bound, and its error against truth in long double.
"""

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from scipy import special

import fastntk
from fastntk import spec
from fastntk.duals import numerical_dual
from tests.reference import duals
from tests.test_duals.truth import dual, multiple

Function = Callable[[Any], Any]
POINTS = ((1.0, 0.5, 1.0), (0.25, 0.4375, 1.0), (2.0, -0.125, 0.5), (3.0, 2.5, 2.75))
HEAD = (
    "| activation | written as | one pair | whole matrices | kappa: bound, error | "
    "kappa_dot: bound, error |\n|---|---|---|---|---|---|"
)
TILES = {
    "polynomials": "fit",
    "Hermite series, tol": "series",
    "Hermite series, near pairs by the closed": "series, closed form",
    "Hermite series, near pairs by quadrature": "series, quadrature",
}
SELU = 1.0507009873554805, 1.6732632423543772
L = np.longdouble


class Entry(NamedTuple):
    """An activation.

    ``code`` is a naive formula; ``exact`` and ``slope`` are right in long double (those
    of GELU stand for nothing: its dual is known).
    """

    code: str
    exact: Function
    slope: Function
    kinks: tuple[float, ...] = ()


def _step(u: Any) -> Any:
    return np.where(u > 0, L(1), L(0))


def _sigmoid(u: Any) -> Any:
    e = np.exp(-np.abs(u))
    return np.where(u >= 0, L(1), e) / (1 + e)


def _softplus(u: Any) -> Any:
    return np.maximum(u, 0) + np.log1p(np.exp(-np.abs(u)))


def _bell(u: Any) -> Any:
    """Return the slope of the sigmoid."""
    return _sigmoid(u) * _sigmoid(-u)


def _elu(u: Any, scale: float = 1.0, alpha: float = 1.0, width: float = 1.0) -> Any:
    below = L(alpha) * np.expm1(np.minimum(u, 0) / L(width))
    return L(scale) * np.where(u > 0, u, below)


def _elu_slope(
    u: Any, scale: float = 1.0, alpha: float = 1.0, width: float = 1.0
) -> Any:
    below = L(alpha) / L(width) * np.exp(np.minimum(u, 0) / L(width))
    return L(scale) * np.where(u > 0, L(1), below)


def _leaky(slope: float) -> tuple[Function, Function]:
    s = L(slope)
    return lambda u: np.where(u > 0, u, s * u), lambda u: np.where(u > 0, L(1), s)


def _inside(low: float, high: float, inner: Function, above: float) -> Function:
    """Return a slope: 0 below, a function inside, a number above."""
    return lambda u: np.where(u > high, L(above), np.where(u > low, inner(u), L(0)))


def _mish(u: Any) -> Any:
    return u * np.tanh(_softplus(u))


def _mish_slope(u: Any) -> Any:
    t = np.tanh(_softplus(u))
    return t + u * (1 - t) * (1 + t) * _sigmoid(u)


def _half(u: Any) -> Any:
    """Return the argument of tanh in the approximation of gelu, and its slope."""
    c = np.sqrt(2 / (4 * np.arctan(L(1))))
    a = L(0.044715)
    return c * (u + a * u**3), c * (1 + 3 * a * u * u)


def _gelu_tanh_slope(u: Any) -> Any:
    y, rise = _half(u)
    t = np.tanh(y)
    return (1 + t) / 2 + u * (1 - t) * (1 + t) / 2 * rise


def _log_cosh(u: Any) -> Any:
    return np.log1p(2 * np.sinh(u / 2) ** 2)


ENTRIES: dict[str, Entry] = {
    "ReLU": Entry("np.maximum(x, 0)", lambda u: np.maximum(u, 0), _step, (0.0,)),
    "ReLU6": Entry(
        "np.minimum(np.maximum(x, 0), 6)",
        lambda u: np.clip(u, 0, 6),
        _inside(0, 6, np.ones_like, 0),
        (0.0, 6.0),
    ),
    "LeakyReLU": Entry("np.where(x > 0, x, 0.01 * x)", *_leaky(0.01), (0.0,)),
    "PReLU": Entry("np.maximum(0, x) + 0.25 * np.minimum(0, x)", *_leaky(0.25), (0.0,)),
    "RReLU (mean slope)": Entry(
        "np.where(x >= 0, x, (1 / 8 + 1 / 3) / 2 * x)",
        *_leaky((1 / 8 + 1 / 3) / 2),
        (0.0,),
    ),
    "ELU": Entry("np.where(x > 0, x, np.exp(x) - 1)", _elu, _elu_slope, (0.0,)),
    "SELU": Entry(
        "1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * (np.exp(x) - 1))",
        lambda u: _elu(u, *SELU),
        lambda u: _elu_slope(u, *SELU),
        (0.0,),
    ),
    "CELU": Entry(
        "np.maximum(0, x) + np.minimum(0, 2 * (np.exp(x / 2) - 1))",
        lambda u: _elu(u, 1.0, 2.0, 2.0),
        lambda u: _elu_slope(u, 1.0, 2.0, 2.0),
        (0.0,),
    ),
    "GELU": Entry(
        "x * (1 + erf(x / np.sqrt(2))) / 2",
        np.positive,
        np.ones_like,
    ),
    "GELU (tanh)": Entry(
        "0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))",
        lambda u: u * _sigmoid(2 * _half(u)[0]),
        _gelu_tanh_slope,
    ),
    "Sigmoid": Entry("1 / (1 + np.exp(-x))", _sigmoid, _bell),
    "LogSigmoid": Entry(
        "np.log(1 / (1 + np.exp(-x)))", lambda u: -_softplus(-u), lambda u: _sigmoid(-u)
    ),
    "SiLU, swish": Entry(
        "x / (1 + np.exp(-x))",
        lambda u: u * _sigmoid(u),
        lambda u: _sigmoid(u) + u * _bell(u),
    ),
    "Mish": Entry("x * np.tanh(np.log(1 + np.exp(x)))", _mish, _mish_slope),
    "Softplus": Entry("np.log(1 + np.exp(x))", _softplus, _sigmoid),
    "Softplus (log1p)": Entry("np.log1p(np.exp(x))", _softplus, _sigmoid),
    "Tanh": Entry(
        "(np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))",
        np.tanh,
        lambda u: 4 * _bell(2 * u),
    ),
    "Tanhshrink": Entry(
        "x - np.tanh(x)", lambda u: u - np.tanh(u), lambda u: np.tanh(u) ** 2
    ),
    "Softsign": Entry(
        "x / (1 + np.abs(x))",
        lambda u: u / (1 + np.abs(u)),
        lambda u: 1 / (1 + np.abs(u)) ** 2,
        (0.0,),
    ),
    "Softshrink": Entry(
        "np.where(x > 0.5, x - 0.5, np.where(x < -0.5, x + 0.5, 0))",
        lambda u: np.sign(u) * np.maximum(np.abs(u) - L(0.5), 0),
        lambda u: _step(np.abs(u) - L(0.5)),
        (-0.5, 0.5),
    ),
    "Hardshrink": Entry(
        "np.where(np.abs(x) > 0.5, x, 0)",
        lambda u: np.where(np.abs(u) > 0.5, u, 0),
        lambda u: _step(np.abs(u) - L(0.5)),
        (-0.5, 0.5),
    ),
    "Threshold": Entry(
        "np.where(x > 0.1, x, 20)",
        lambda u: np.where(u > L(0.1), u, L(20)),
        lambda u: _step(u - L(0.1)),
        (0.1,),
    ),
    "Hardtanh": Entry(
        "np.clip(x, -1, 1)",
        lambda u: np.clip(u, -1, 1),
        _inside(-1, 1, np.ones_like, 0),
        (-1.0, 1.0),
    ),
    "Hardsigmoid": Entry(
        "np.clip(x / 6 + 0.5, 0, 1)",
        lambda u: np.clip(u / 6 + L(0.5), 0, 1),
        _inside(-3, 3, lambda u: np.full_like(u, L(1) / 6), 0),
        (-3.0, 3.0),
    ),
    "Hardswish, hard_silu": Entry(
        "x * np.clip(x + 3, 0, 6) / 6",
        lambda u: u * np.clip(u + 3, 0, 6) / 6,
        _inside(-3, 3, lambda u: (2 * u + 3) / 6, 1),
        (-3.0, 3.0),
    ),
    "sparse_plus": Entry(
        "np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1)**2 / 4))",
        lambda u: np.where(u >= 1, u, np.maximum(u + 1, 0) ** 2 / 4),
        _inside(-1, 1, lambda u: (u + 1) / 2, 1),
        (-1.0, 1.0),
    ),
    "sparse_sigmoid": Entry(
        "np.where(x <= -1, 0, np.where(x >= 1, 1, (x + 1) / 2))",
        lambda u: np.clip((u + 1) / 2, 0, 1),
        _inside(-1, 1, lambda u: np.full_like(u, L(0.5)), 0),
        (-1.0, 1.0),
    ),
    "squareplus": Entry(
        "(x + np.sqrt(x**2 + 4)) / 2",
        lambda u: (u + np.sqrt(u * u + 4)) / 2,
        lambda u: (1 + u / np.sqrt(u * u + 4)) / 2,
    ),
    "identity": Entry("1.0 * x", lambda u: u, np.ones_like),
    "log cosh": Entry("np.log(np.cosh(x))", _log_cosh, np.tanh),
    "pseudo-Huber": Entry(
        "np.sqrt(1 + x**2) - 1",
        lambda u: u * u / (1 + np.sqrt(1 + u * u)),
        lambda u: u / np.sqrt(1 + u * u),
    ),
    "1 - cos": Entry("1 - np.cos(x)", lambda u: 2 * np.sin(u / 2) ** 2, np.sin),
    "symmetric log": Entry(
        "np.sign(x) * np.log(1 + np.abs(x))",
        lambda u: np.sign(u) * np.log1p(np.abs(u)),
        lambda u: 1 / (1 + np.abs(u)),
        (0.0,),
    ),
}


def reference(name: str) -> tuple[Any, Any]:
    """Return the duals of an activation at the points, right to 17 digits or more.

    Parameters
    ----------
    name : str
        One of the entries.

    Returns
    -------
    tuple of ndarray
    """
    entry = ENTRIES[name]
    if name == "GELU":  # NumPy has no erf in long double
        value, slope = multiple(duals.gelu, POINTS)
        return value, slope
    found = np.array([dual(*entry[1:], *p) for p in POINTS])
    return found[:, 0], found[:, 1]


def written(name: str) -> Function:
    """Return an activation as it is written.

    Parameters
    ----------
    name : str
        One of the entries.

    Returns
    -------
    callable
    """
    scope: dict[str, Any] = {"np": np, "erf": special.erf}
    fn: Function = eval(f"lambda x: {ENTRIES[name].code}", scope)
    return fn


class Row(NamedTuple):
    """A row of the table; errors and bounds are relative to the diagonal."""

    name: str
    pair: str
    tiles: str
    bound: float
    error: float
    bound_dot: float
    error_dot: float


def measured(name: str) -> Row:
    """Return how an activation is computed, how well, and how well it says it is.

    Parameters
    ----------
    name : str
        One of the entries.

    Returns
    -------
    Row
        The largest over the points.
    """
    layer = spec.Elementwise(written(name))
    q1, c, q2 = np.array(POINTS).T
    found = fastntk.dual_activation(layer, q1, c, q2)
    ends = [fastntk.dual_activation(layer, q, q, q) for q in (q1, q2)]
    scale = np.sqrt(ends[0].kappa * ends[1].kappa)
    scale_dot = np.sqrt(ends[0].kappa_dot * ends[1].kappa_dot)
    truth, truth_dot = reference(name)
    off = np.abs(found.kappa - truth).astype(float)
    off_dot = np.abs(found.kappa_dot - truth_dot).astype(float)
    words = numerical_dual(layer, name).description
    numbers = [
        float((values / size).max())
        for values, size in (
            (found.kappa_bound, scale),
            (off, scale),
            (found.kappa_dot_bound, scale_dot),
            (off_dot, scale_dot),
        )
    ]
    tiles = next(short for start, short in TILES.items() if words.startswith(start))
    if _jumps(name):  # its derivative is not that of its series
        tiles = found.method
    assert (off <= found.kappa_bound).all()
    assert (off_dot <= found.kappa_dot_bound).all()
    return Row(name, found.method, tiles, *numbers)


def _jumps(name: str) -> bool:
    """Return whether values jump at a kink."""
    entry = ENTRIES[name]
    sides = [entry.exact(np.array(entry.kinks, L) + e) for e in (-1e-9, 1e-9)]
    return bool((np.abs(sides[1] - sides[0]) > 1e-3).any())


def line(row: Row) -> str:
    """Return a row of the table.

    Parameters
    ----------
    row : Row
        Its numbers.

    Returns
    -------
    str
    """
    code = ENTRIES[row.name].code.replace("|", "\\|")
    pairs = (row.bound, row.error), (row.bound_dot, row.error_dot)
    shown = [f"{bound:.0e}, {max(error, 1e-17):.0e}" for bound, error in pairs]
    return f"| {row.name} | `{code}` | {row.pair} | {row.tiles} | {' | '.join(shown)} |"


if __name__ == "__main__":
    rows = [line(measured(name)) for name in ENTRIES]
    sys.stdout.write("\n".join([HEAD, *rows]) + "\n")
