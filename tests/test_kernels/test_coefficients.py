"""The stored polynomials against the functions they stand for, in 40 digits."""

from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from mpmath import mp, mpf

from fastntk.kernels.formulas import coefficients

pytestmark = pytest.mark.jit_off


def asin_ratio(r: mpf) -> mpf:
    s = mp.sqrt(r / 2)
    return mp.asin(s) / s if s else mpf(1)


def arc_excess(t2: mpf) -> mpf:
    if not t2:
        return 2 / (3 * mp.pi)
    t = mp.sqrt(t2)
    return 2 / mp.pi * (mp.sin(t) - t * mp.cos(t)) / t**3


def sinc_deficit(x2: mpf) -> mpf:
    return (1 - mp.sin(mp.sqrt(x2)) / mp.sqrt(x2)) / x2 if x2 else mpf(1) / 6


# name: function, upper end of the interval in use
FUNCTIONS: dict[str, tuple[Callable[[mpf], mpf], float]] = {
    "ASIN": (asin_ratio, 1.0),
    "EXCESS": (arc_excess, np.pi**2 / 4),
    "SINC": (sinc_deficit, np.pi**2 / 4),
}
DTYPES = {"64": (np.float64, 1e-15), "32": (np.float32, 4e-7)}


@pytest.mark.parametrize("bits", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_relative_error_in_working_precision(name: str, bits: str) -> None:
    function, upper = FUNCTIONS[name]
    dtype, allowed = DTYPES[bits]
    powers = [dtype(c) for c in getattr(coefficients, f"{name}_{bits}")]
    x = np.concatenate([[0, 1e-30, 1e-12], np.linspace(0, upper, 401)]).astype(dtype)
    value = np.zeros_like(x)
    for c in reversed(powers):
        value = value * x + c
    with mpmath.workdps(60):
        exact = np.array([float(function(mpf(float(v)))) for v in x])
    assert np.abs(value / exact - 1).max() <= allowed


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_polynomial_alone_is_better_than_rounding(name: str) -> None:
    function, upper = FUNCTIONS[name]
    for bits, allowed in (("64", 5e-16), ("32", 2e-8)):
        powers = [mpf(c) for c in getattr(coefficients, f"{name}_{bits}")]
        with mpmath.workdps(60):
            for k in range(1, 200):
                x = mpf(upper) * k / 200
                value = mp.fsum(c * x**i for i, c in enumerate(powers))
                error = value / function(x) - 1
                assert abs(error) <= allowed
