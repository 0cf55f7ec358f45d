"""Derivatives by Price's theorem: the method chosen, its values, its stated error."""

import warnings
from typing import Any

import numpy as np
import pytest

from fastntk import NetworkError, stax
from fastntk.duals import HostDual, differentiate, host_dual
from fastntk.duals.user.checked import Checked
from fastntk.duals.user.differences import Differences
from fastntk.duals.user.price import ComplexStep
from tests.test_duals import functions as duals

pytestmark = pytest.mark.jit_off

LABEL = "Elementwise(nngp_fn=f) at layer 1"
CASES = [
    (duals.erf, duals.erf_slope, ComplexStep, 1e-12),
    (duals.exp, duals.exp, ComplexStep, 1e-12),
    (duals.constant, lambda c, q1, q2: 0 * c, ComplexStep, 1e-12),
    (duals.erf_arctan2, duals.erf_slope, Differences, 1e-6),
    (duals.exp_real, duals.exp, Differences, 1e-8),
    (duals.relu, duals.relu_slope, Differences, 1e-7),
]


def points(kind: str) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(5)
    q1, q2 = 10 ** rng.uniform(-1.5, 1, (2, 500))
    rho = rng.uniform(-0.95, 0.95, 500)
    if kind == "ends":
        rho[:250] = 1 - 10 ** rng.uniform(-16, -2, 250)
        rho[250:] = -1 + 10 ** rng.uniform(-16, -2, 250)
        rho[:50] = 1.0
        q2[:50] = q1[:50]
    return rho * np.sqrt(q1) * np.sqrt(q2), q1, q2


@pytest.mark.parametrize("kind", ["inside", "ends"])
@pytest.mark.parametrize(("function", "slope", "method", "stated"), CASES)
def test_the_error_is_no_more_than_stated(
    function: Any, slope: Any, method: type, stated: float, kind: str
) -> None:
    dual = Checked(function, "nngp_fn", LABEL)
    found = differentiate(dual)
    step: Any = found.function
    assert isinstance(step if method is ComplexStep else step.function, method)
    assert found.error <= stated
    c, q1, q2 = points(kind)
    truth = slope(c, q1, q2)
    sizes = dual(q1, q1, q1) * dual(q2, q2, q2)
    scale = np.maximum(np.abs(truth), np.sqrt(sizes / (q1 * q2)))
    error = np.abs(found.function(c, q1, q2) - truth) / scale
    # 1e-8: of the arccos in the truth itself, near the ends
    assert error.max() <= 10 * found.error + (1e-8 if slope is duals.relu_slope else 0)


@pytest.mark.parametrize(("function", "slope", "method", "stated"), CASES)
def test_rows_of_zeros_have_a_derivative(
    function: Any, slope: Any, method: type, stated: float
) -> None:
    q1, q2 = np.array([0.0, 0.0, 2.0]), np.array([0.0, 2.0, 0.0])
    found = differentiate(Checked(function, "nngp_fn", LABEL)).function(0 * q1, q1, q2)
    truth = slope(0 * q1, q1, q2)
    np.testing.assert_allclose(found, truth, atol=3e-6 * (1 + np.abs(truth)).max())


def test_shapes_broadcast() -> None:
    for function in (duals.erf, duals.erf_arctan2, duals.constant):
        step = differentiate(Checked(function, "nngp_fn", LABEL)).function
        c = np.full((3, 4), 0.1)
        q1, q2 = np.linspace(0.5, 1, 3)[:, None], np.linspace(1, 2, 4)[None, :]
        whole = step(c, q1, q2)
        assert whole.shape == (3, 4)
        one = step(c[2, 1], q1[2, 0], q2[0, 1])
        np.testing.assert_allclose(whole[2, 1], one, rtol=1e-12)
        assert step(c[:0], q1[:0], q2).shape == (0, 4)


def test_a_derivative_given_is_taken() -> None:
    dual = host_dual(duals.erf, duals.erf_slope, LABEL)
    assert isinstance(dual, HostDual)
    assert dual.description == "d_nngp_fn as given"
    point = (np.array([0.3]), np.array([1.0]), np.array([2.0]))
    assert dual.d_nngp_fn(*point) == duals.erf_slope(*point)
    assert dual.nngp_fn(*point) == duals.erf(*point)


def test_descriptions_say_the_method_and_the_error() -> None:
    step = host_dual(duals.erf, None, LABEL).description
    assert "derivative of nngp_fn by a complex step with an error of about" in step
    message = r"^Elementwise\(nngp_fn=f\) at layer 1: .*differences.*Pass d_nngp_fn"
    with pytest.warns(UserWarning, match=message):
        differences = host_dual(duals.erf_arctan2, None, LABEL).description
    assert "by differences of degree 15 with an error of about" in differences


def test_a_hopeless_derivative_is_told_of() -> None:
    assert differentiate(Checked(duals.sign, "nngp_fn", LABEL)).error > 0.01


def test_a_warning_is_for_those_who_ask_for_the_tangent_kernel() -> None:
    layer = stax.Elementwise(nngp_fn=duals.erf_arctan2)
    net = stax.serial(stax.Dense(8), layer, stax.Dense(1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        net.program(get="nngp")
    with pytest.warns(UserWarning, match="Elementwise.* at layer 1: d_nngp_fn is the"):
        program = net.program(get="ntk")
    host = program.ops[1]
    assert host.name == "host"
    assert isinstance(host.payload, HostDual)


BAD: dict[str, tuple[Any, str]] = {
    "scalars only": (
        lambda c, q1, q2: c if c > 0 else -c,
        r"nngp_fn raised ValueError.*function of arrays.*numpy\.vectorize",
    ),
    "two arguments": (lambda c, q: c, r"nngp_fn raised TypeError.*\(cov12, var1, var2"),
    "another shape": (
        lambda c, q1, q2: np.zeros(3),
        r"nngp_fn returned shape \(3,\) for arrays of shape \(64,\); expected",
    ),
    "complex": (
        lambda c, q1, q2: c + 1j,
        r"nngp_fn returned ndarray of dtype complex128; expected real numbers",
    ),
    "nothing": (
        lambda c, q1, q2: None,
        r"nngp_fn returned NoneType of dtype object; expected real numbers",
    ),
    "NaN": (
        lambda c, q1, q2: np.sqrt(c - 100),
        r"nngp_fn returned NaN or infinity at 64 of 64 points.*expected finite",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_functions_are_refused_in_words(kind: str) -> None:
    function, message = BAD[kind]
    with pytest.raises(NetworkError, match=r"^Elementwise.* at layer 1: " + message):
        host_dual(function, None, LABEL)


def test_nan_is_refused_where_it_turns_up() -> None:
    dual = host_dual(lambda c, q1, q2: c / q1 * q1, duals.constant, LABEL)
    good, zero = np.array([0.5, 1.0]), np.array([0.5, 0.0])
    np.testing.assert_array_equal(dual.nngp_fn(good, good, good), good)
    message = r"nngp_fn returned NaN at \(cov12, var1, var2\) = \(0, 0, 0\); expected"
    with pytest.raises(NetworkError, match=message):
        dual.nngp_fn(zero, zero, zero)
    slope = host_dual(duals.erf, lambda c, q1, q2: c / q1, LABEL).d_nngp_fn
    with pytest.raises(NetworkError, match="d_nngp_fn returned NaN at"):
        slope(zero, zero, zero)


def test_a_function_with_a_limited_domain_is_differentiated() -> None:
    def bump(c: Any, q1: Any, q2: Any) -> Any:  # exp(0.05 u^2): needs 0.2 q < 1
        return 1 / np.sqrt((1 - 0.1 * q1) * (1 - 0.1 * q2) - 0.01 * c**2)

    found = differentiate(Checked(bump, "nngp_fn", LABEL))
    assert isinstance(found.function, ComplexStep)
    slope = 0.01 * 0.5 * bump(0.5, 1.0, 1.0) ** 3
    point = [np.array([v]) for v in (0.5, 1.0, 1.0)]
    assert found.function(*point) == pytest.approx(slope, rel=1e-14)
