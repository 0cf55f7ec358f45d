"""Every closed form of the references against the average that defines it."""

from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpf

from tests.reference.duals import CLOSED_FORMS, half_moment
from tests.reference.duals_multiple import DUALS
from tests.reference.numbers import MULTIPLE, NUMPY
from tests.reference.quadrature import functions, mean_product

pytestmark = pytest.mark.jit_off

# (q1, q2, rho)
POINTS = [(1.0, 1.0, 0.8), (0.5, 2.0, 0.6), (3.0, 0.7, -0.9), (0.3, 0.2, 0.0)]
PARALLEL = [(2.0, 2.0, 1.0), (1.0, 0.3, 1.0), (1.0, 2.5, -1.0)]
LAYERS: list[tuple[str, dict[str, Any]]] = [
    ("Sigmoid_like", {}),
    ("Gelu", {}),
    ("Gelu", {"approximate": True}),
    ("Sin", {}),
    ("Sin", {"a": 1.3, "b": 0.8, "c": 0.4}),
    ("Cos", {}),
    ("Cos", {"a": 0.7, "b": 1.2, "c": 0.2}),
    ("Rbf", {}),
    ("Rbf", {"gamma": 0.35}),
    ("Exp", {}),
    ("Exp", {"a": 0.5, "b": -0.4}),
    ("Gaussian", {}),
    ("Gaussian", {"a": 0.8, "b": -0.35}),
    ("Gaussian", {"a": 0.8, "b": 0.03}),
    ("Gabor", {}),
    ("Polynomial", {"coef": [0.2, 0.5, -0.3]}),
    ("Polynomial", {"coef": [0.0, 1.0, 0.0, -0.2, 0.1]}),
    *(("Monomial", {"degree": d}) for d in range(7)),
    *(("RectifiedMonomial", {"degree": d}) for d in range(7)),
]


def label(value: Any) -> str:
    return value if isinstance(value, str) else "-".join(map(str, value.values()))


@pytest.mark.parametrize(("name", "params"), LAYERS, ids=label)
def test_closed_form_is_the_average(name: str, params: dict[str, Any]) -> None:
    pair = functions(name, params)
    for q1, q2, rho in (*POINTS, *PARALLEL):
        c = rho * np.sqrt(q1 * q2)
        numbers = [np.float64(v) for v in (q1, q2, c)]
        naive = CLOSED_FORMS[name](NUMPY, *numbers, **params)
        with mp.workdps(40):
            cov = rho * mp.sqrt(mpf(q1) * mpf(q2))
            exact = DUALS[name](mpf(q1), mpf(q2), cov, **params)
        for f, a, b in zip(pair, exact, naive, strict=True):
            unit = np.sqrt(mean_product(f, q1, q1, q1) * mean_product(f, q2, q2, q2))
            value = mean_product(f, q1, q2, c)
            assert abs(float(a) - value) <= 1e-12 * unit
            # In float64 the angle of a parallel pair has half the digits.
            assert abs(b - value) <= (1e-7 if abs(rho) == 1 else 1e-11) * unit


@pytest.mark.parametrize("degree", range(5))
def test_hermite_polynomials_are_orthonormal(degree: int) -> None:
    """At unit variances; neural-tangents takes the same formula at all of them."""
    f, slope = functions("Hermite", {"degree": degree})
    for rho in (0.7, -0.4, 1.0):
        kappa, derivative = DUALS["Hermite"](mpf(1), mpf(1), mpf(rho), degree=degree)
        assert mean_product(f, 1.0, 1.0, rho) == pytest.approx(float(kappa), abs=1e-12)
        expected = mean_product(slope, 1.0, 1.0, rho)
        assert expected == pytest.approx(float(derivative), abs=1e-12)


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_the_derivative_is_that_of_the_kernel(name: str) -> None:
    """Price's theorem: d kappa / d c = E[phi'(u) phi'(v)]."""
    params: dict[str, Any] = dict(PARAMS.get(name, {}))
    q1, q2 = mpf(1) / 3, mpf(7) / 5
    for c in (mpf(-1) / 4, mpf(0), mpf(1) / 2):
        slope = DUALS[name](q1, q2, c, **params)[1]
        with mp.workdps(40):
            expected = mp.diff(lambda t: DUALS[name](q1, q2, t, **params)[0], c)
        if name == "Hermite":  # a formula of c alone
            expected = params["degree"] * c ** (params["degree"] - 1)
        assert abs(slope - expected) < 1e-13


PARAMS: dict[str, dict[str, Any]] = {
    "Hermite": {"degree": 3},
    "Monomial": {"degree": 4},
    "Polynomial": {"coef": [0.2, 0.5, -0.3, 0.1]},
    "RectifiedMonomial": {"degree": 3},
    "Sin": {"a": 1.3, "b": 0.8, "c": 0.4},
}


def test_rectified_powers_are_those_of_cho_and_saul() -> None:
    """J_1 and J_2 as published."""
    theta = mpf(7) / 10
    rho, sine = mp.cos(theta), mp.sin(theta)
    j1 = sine + (mp.pi - theta) * rho
    j2 = 3 * sine * rho + (mp.pi - theta) * (1 + 2 * rho**2)
    for degree, published in ((1, j1), (2, j2)):
        value = half_moment(MULTIPLE, rho, sine**2, degree, degree)
        assert abs(value - published / (2 * mp.pi)) < 1e-14


@pytest.mark.parametrize("name", CLOSED_FORMS)
def test_rows_of_zeros_have_values(name: str) -> None:
    params = PARAMS.get(name, {})
    zero, one = mpf(0), mpf(1)
    for q2 in (zero, one):
        for value in DUALS[name](zero, q2, zero, **params):
            assert mp.isfinite(value)
