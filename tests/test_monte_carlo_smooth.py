"""Closed forms of smooth activations against averages over a wide random layer.

As `test_monte_carlo`, with fewer samples: a formula wrong by 5 % must not pass.
"""

from typing import Any

import pytest

from tests.reference.quadrature import functions
from tests.test_monte_carlo import QUANTITIES, dual, sample

SAMPLES = 1_000_000
CUBIC = 4_000_000  # of a large variance
FACTOR = 1.05
# (q1, q2, rho)
COVARIANCES = [(1.0, 1.0, 0.8), (0.5, 1.5, 0.6)]
LAYERS: dict[str, list[Any]] = {
    "sigmoid-like": ["Sigmoid_like", {}],
    "gelu": ["Gelu", {}],
    "sin": ["Sin", {}],
    "scaled-sin": ["Sin", {"a": 1.3, "b": 0.8, "c": 0.4}],
    "cos": ["Cos", {}],
    "scaled-cos": ["Cos", {"a": 0.7, "b": 1.2, "c": 0.2}],
    "rbf": ["Rbf", {"gamma": 0.35}],
    "exp": ["Exp", {"a": 0.5, "b": 0.4}],
    "gaussian": ["Gaussian", {}],
    "growing-gaussian": ["Gaussian", {"a": 0.8, "b": 0.03}],
    "gabor": ["Gabor", {}],
    "monomial-2": ["Monomial", {"degree": 2}],
    "monomial-3": ["Monomial", {"degree": 3}],
    "polynomial": ["Polynomial", {"coef": [0.2, 0.5, -0.3]}],
    "hermite-1": ["Hermite", {"degree": 1}],
    "hermite-2": ["Hermite", {"degree": 2}],
    "rectified-0": ["RectifiedMonomial", {"degree": 0}],
    "rectified-1": ["RectifiedMonomial", {"degree": 1}],
    "rectified-2": ["RectifiedMonomial", {"degree": 2}],
    "rectified-3": ["RectifiedMonomial", {"degree": 3}],
}
HEAVY_TAILS = {
    *(("monomial-3", "value"), ("rectified-3", "value"), ("hermite-2", "value")),
}
HERMITE = [  # whose kernel holds for a variance of 1
    pytest.param(f"hermite-{k}", what, (1.0, 1.0, rho), id=f"hermite-{k}-{what}")
    for k, rho in ((1, 0.6), (2, 0.9))
    for what in QUANTITIES
]
CASES = [
    pytest.param(name, what, q, id=f"{name}-{what}-{q[2]}")
    for name in LAYERS
    if not name.startswith("hermite")
    for what in QUANTITIES
    for q in COVARIANCES
    if (name, what) != ("rectified-0", "derivative")
]


@pytest.mark.parametrize(("name", "what", "q"), [*CASES, *HERMITE])
def test_closed_form_lies_within_six_standard_errors(
    name: str, what: str, q: tuple[float, float, float]
) -> None:
    layer, params = LAYERS[name]
    function = functions(layer, params)[QUANTITIES.index(what)]
    n = CUBIC if (name, what) in HEAVY_TAILS else SAMPLES
    estimate = sample(function, *q, n=n)
    value = dual([layer, params], *q)[what]
    assert estimate.standard_error <= 0.004 * estimate.diagonal
    assert estimate.standard_error <= 0.006 * abs(value)
    assert estimate.admits(value)
    assert not estimate.admits(FACTOR * value)
    assert not estimate.admits(value / FACTOR)
