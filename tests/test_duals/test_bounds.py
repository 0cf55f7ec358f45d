"""Bounds of `dual_activation` on functions that it has never seen."""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
from scipy import special

import fastntk
from fastntk import ToleranceNotReached, spec
from tests.golden.loader import FOLDER
from tests.reference import duals
from tests.reference.numbers import MULTIPLE

POINTS = [
    (1.0, 0.5, 1.0),
    (1.0, -0.9375, 1.0),
    (0.25, 0.4375, 1.0),
    (2.0, -0.125, 0.5),
    (3.0, 2.8125, 2.75),
]
DIGITS = 40  # digits of multiple precision
Function = Callable[[Any], Any]
Dual = Callable[[Any, Any, Any], Any]


class Case(NamedTuple):
    fn: Function
    dual: Dual  # of (q1, q2, c), in multiple precision


def bump(centre: str, width: str) -> Case:
    """A Gaussian bump, by completing the square."""
    m, w = float(centre), float(width)

    def dual(q1: Any, q2: Any, c: Any) -> Any:
        b = 2 / mpmath.mpf(w) ** 2
        det = (1 + b * q1) * (1 + b * q2) - (b * c) ** 2
        inside = (2 + b * q1 + b * q2 - 2 * b * c) / det
        return mpmath.exp(-(mpmath.mpf(m) ** 2) * b / 2 * inside) / mpmath.sqrt(det)

    return Case(lambda u: np.exp(-(((u - m) / w) ** 2)), dual)


def known(fn: Function, name: str, **parameters: Any) -> Case:
    """A function whose dual stands among the references."""
    form = duals.CLOSED_FORMS[name]
    return Case(fn, lambda q1, q2, c: form(MULTIPLE, q1, q2, c, **parameters)[0])


def slopes(a: float, b: float) -> Case:
    def dual(q1: Any, q2: Any, c: Any) -> Any:
        g = mpmath.sqrt(q1 * q2)
        rho = c / g
        wedge = mpmath.sqrt(1 - rho**2) + rho * mpmath.asin(rho)
        odd = (mpmath.mpf(b) - a) ** 2 / 4
        return (mpmath.mpf(a) + b) ** 2 / 4 * c + odd * 2 / mpmath.pi * g * wedge

    return Case(lambda u: np.where(u < 0, a * u, b * u), dual)


def erf(scale: float) -> Case:
    def dual(q1: Any, q2: Any, c: Any) -> Any:
        b = 2 * mpmath.mpf(scale) ** 2
        return (
            2
            / mpmath.pi
            * mpmath.asin(b * c / mpmath.sqrt((1 + b * q1) * (1 + b * q2)))
        )

    return Case(lambda u: special.erf(scale * u), dual)


CASES: dict[str, Case] = {
    "spike": bump("0.7", "0.01"),
    "narrow spike": bump("-1.3", "0.0005"),
    "bump": bump("1", "0.5"),
    "wide bump": bump("0", "3"),
    "sin": known(np.sin, "Sin"),
    "sin 50": known(lambda u: np.sin(50 * u), "Sin", b=50),
    "sin 8": known(lambda u: np.sin(8 * u + 0.25), "Sin", b=8, c=0.25),
    "cos 3": known(lambda u: np.cos(3 * u), "Cos", b=3),
    "exp": known(lambda u: np.exp(0.5 * u), "Exp", b=0.5),
    "gabor": known(lambda u: np.exp(-u * u) * np.sin(u), "Gabor"),
    "gelu": known(lambda u: u * special.ndtr(u), "Gelu"),
    "cubic": known(lambda u: u**3 - u, "Polynomial", coef=(0, -1, 0, 1)),
    "quartic": known(lambda u: u**4, "Monomial", degree=4),
    "parabola": known(lambda u: 1 + u + u * u, "Polynomial", coef=(1, 1, 1)),
    "relu squared": known(
        lambda u: np.maximum(u, 0) ** 2, "RectifiedMonomial", degree=2
    ),
    "relu cubed": known(lambda u: np.maximum(u, 0) ** 3, "RectifiedMonomial", degree=3),
    "relu": slopes(0, 1),
    "leaky": slopes(0.25, 1),
    "abs": slopes(-1, 1),
    "erf": erf(1),
    "steep erf": erf(4),
    "flat erf": erf(0.125),
}
WRITTEN: dict[str, Function] = {
    "Tanh": np.tanh,
    "Sigmoid": lambda u: 0.5 * (1 + np.tanh(0.5 * u)),
    "Softplus": lambda u: np.logaddexp(0, u),
    "Silu": lambda u: u * special.expit(u),
    "Mish": lambda u: u * np.tanh(np.logaddexp(0, u)),
    "LogCosh": lambda u: np.logaddexp(u, -u) - np.log(2),
    "Arctan": np.arctan,
    "Elu": lambda u: np.where(u > 0, u, np.expm1(np.minimum(u, 0))),
    "Softsign": lambda u: u / (1 + np.abs(u)),
    "HardTanh": lambda u: np.minimum(np.maximum(u, -1), 1),
    "HardSwish": lambda u: u * np.clip(u + 3, 0, 6) / 6,
}
REFUSED = {"narrow spike"}  # what may be refused; the others have values


@cache
def truth(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the duals at the points, the derivative by Price's theorem."""
    with mpmath.workdps(DIGITS):
        pairs = [_exact(CASES[name].dual, *map(mpmath.mpf, p)) for p in POINTS]
    values, steep = np.array(pairs).T
    return values, steep


def _exact(dual: Dual, q1: Any, c: Any, q2: Any) -> tuple[float, float]:
    slope = mpmath.diff(lambda t: dual(q1, q2, t), c)
    return float(dual(q1, q2, c)), float(slope)


def judge(fn: Function, table: Any, k: Any, dk: Any) -> np.ndarray:
    """Return how far the bound is above the error, point by point."""
    found = fastntk.dual_activation(spec.Elementwise(fn), *table)
    off, off_dot = np.abs(found.kappa - k), np.abs(found.kappa_dot - dk)
    assert (off <= found.kappa_bound).all()
    assert (off_dot <= found.kappa_dot_bound).all()
    assert (np.maximum(off, off_dot) <= found.bound).all()
    return np.asarray(found.bound / np.maximum(np.maximum(off, off_dot), 1e-300))


@cache
def ratios(name: str) -> np.ndarray | None:
    table: Any
    if name in CASES:
        table = np.array(POINTS).T
        k, dk = truth(name)
        try:
            return judge(CASES[name].fn, table, k, dk)
        except ToleranceNotReached:
            return None
    with np.load(FOLDER / "dual_truth_numerical.npz", allow_pickle=False) as stored:
        table = [stored[key][3::9] for key in ("q11", "q12", "q22")]
        k, dk = stored[f"{name}_k"][3::9], stored[f"{name}_dk"][3::9]
    return judge(WRITTEN[name], table, k, dk)


@pytest.mark.parametrize("name", [*CASES, *WRITTEN])
def test_the_bound_is_above_the_error_or_the_function_is_refused(name: str) -> None:
    found = ratios(name)
    assert found is not None or name in REFUSED


def test_the_bound_is_a_hundred_times_the_error_at_most_in_the_median() -> None:
    found = [ratios(name) for name in [*CASES, *WRITTEN]]
    assert len(found) >= 30
    assert np.median(np.concatenate([r for r in found if r is not None])) <= 100
