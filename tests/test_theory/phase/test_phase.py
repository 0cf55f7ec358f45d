"""Phases and critical lines against published values, closed forms and simulation."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.special import erf, expit

from fastntk import stax, theory
from fastntk._errors import InputError
from fastntk.theory.phase.moments import FunctionMoments, as_moments


def relu(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(x, 0.0))


def elu(x: np.ndarray) -> np.ndarray:
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0.0)))


@pytest.mark.parametrize(
    ("b2", "w2", "digits"),
    [
        (0.0, 1.0, 1e-9),  # Poole et al. 2016: W_std = 1 / phi'(0)
        (2.01e-5, 1.05, 5e-3),  # Pennington, Schoenholz, Ganguli 2017
        (0.05, 1.76, 5e-3),  # Schoenholz et al. 2017
        (0.09, 1.395584**2, 1e-6),  # Tamai et al. 2023, arXiv 2307.02284
    ],
)
def test_critical_tanh_is_as_published(b2: float, w2: float, digits: float) -> None:
    line = theory.critical_line(np.tanh, math.sqrt(b2))
    np.testing.assert_allclose(line.W_std**2, w2, rtol=digits)


def test_critical_relu_is_one_point() -> None:
    for activation in (stax.Relu(), relu):
        line = theory.critical_line(activation)
        np.testing.assert_allclose(line.W_std, math.sqrt(2.0), rtol=1e-12)
        with pytest.raises(InputError, match="no critical point .* such as ReLU"):
            theory.critical_line(activation, 0.1)
        point = theory.phase_point(activation, math.sqrt(2.0), start=3.0)
        assert (point.phase, point.q) == ("critical", 3.0)


def test_critical_erf_solves_its_closed_form() -> None:
    line = theory.critical_line(stax.Erf(), [0.0, 0.1, 0.5])
    np.testing.assert_allclose(line.W_std[0] ** 2, math.pi / 4, rtol=1e-9)
    q, w2 = line.q, line.W_std**2
    chi = w2 * 4 / math.pi / np.sqrt(1 + 4 * q)
    variance = w2 * 2 / math.pi * np.arcsin(2 * q / (1 + 2 * q)) + line.b_std**2
    np.testing.assert_allclose(chi, 1.0, rtol=1e-10)
    assert line.is_stable.all()
    np.testing.assert_allclose(variance, q, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("b_std", [0.0, 0.3])
@pytest.mark.parametrize("W_std", [0.5, 1.0, 2.0])
def test_layer_and_function_agree(W_std: float, b_std: float) -> None:
    layer = theory.phase_point(stax.Erf(), W_std, b_std)
    function = theory.phase_point(erf, W_std, b_std)
    assert layer.phase == function.phase
    for name in ("q", "chi_1", "c", "chi_c", "xi_c", "xi_q"):
        pair = getattr(layer, name), getattr(function, name)
        np.testing.assert_allclose(*pair, rtol=1e-7, err_msg=name)


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (stax.Gelu(), lambda x: x * 0.5 * (1.0 + erf(x / math.sqrt(2.0)))),
        (stax.Cos(), np.cos),
        (stax.Gaussian(), lambda x: np.exp(-(x**2))),
        (stax.ABRelu(-0.5, 1.0), lambda x: np.where(x > 0, x, -0.5 * x)),
    ],
)
def test_more_layers_and_functions_agree(layer: object, function: object) -> None:
    for w, b in ((1.0, 0.3), (1.5, 0.1)):
        one, other = (theory.phase_point(a, w, b) for a in (layer, function))
        assert one.phase == other.phase
        for name in ("q", "chi_1", "c", "xi_c", "xi_q"):
            pair = getattr(one, name), getattr(other, name)
            np.testing.assert_allclose(*pair, rtol=1e-7, err_msg=name)


@pytest.mark.parametrize("function", [np.tanh, relu, elu, expit, np.cos])
def test_moments_by_quadrature(function: object) -> None:
    source = FunctionMoments(function)  # type: ignore[arg-type]
    z = np.linspace(-12, 12, 4_000_001)
    weight = np.exp(-(z**2) / 2)
    weight /= weight.sum()
    for q in (0.01, 1.0, 30.0):
        found = source.moments(np.array([q]))
        values = function(math.sqrt(q) * z)  # type: ignore[operator]
        slope = np.gradient(values, z) / math.sqrt(q)
        np.testing.assert_allclose(found.variance, weight @ values**2, rtol=1e-9)
        np.testing.assert_allclose(found.slope, weight @ slope**2, rtol=1e-5)
        near = source.moments(np.array([q * 1.0001, q * 0.9999])).variance
        growth = (near[0] - near[1]) / (0.0002 * q)
        np.testing.assert_allclose(found.growth, growth, rtol=1e-6, atol=1e-12)


def test_kinks_away_from_zero() -> None:
    def step(x: np.ndarray) -> np.ndarray:
        return np.where(x > 0.777, 1.0, 0.0)

    with pytest.raises(InputError, match="kinks="):
        as_moments(step)
    found = as_moments(step, kinks=[0.777]).moments(np.array([1.0]))
    np.testing.assert_allclose(found.variance, 0.5 * (1 - erf(0.777 / 2**0.5)))
    np.testing.assert_allclose(found.slope, 0.0, atol=1e-15)


def test_depth_scales_describe_the_recursion() -> None:
    for w, b in ((1.2, 0.3), (2.0, 0.3)):
        point = theory.phase_point(np.tanh, w, b)
        source = as_moments(np.tanh)
        gaps, rho = [], 0.9
        for _ in range(70):
            rho = min((w * w * source.dual(point.q, rho)[0] + b * b) / point.q, 1.0)
            gaps.append(abs(rho - point.c))
        rate = gaps[61] / gaps[60]
        np.testing.assert_allclose(rate, math.exp(-1 / point.xi_c), rtol=1e-3)
        q, steps = 1.5 * point.q, []
        for _ in range(12):
            q = w * w * float(source.moments(np.array([q])).variance[0]) + b * b
            steps.append(q - point.q)
        np.testing.assert_allclose(
            steps[9] / steps[8], math.exp(-1 / point.xi_q), rtol=1e-3
        )


def test_degenerate_fixed_points() -> None:
    assert theory.phase_point(stax.Relu(), 1.6, 0.1).phase == "unbounded"
    vanishing = theory.phase_point(np.tanh, 0.5)
    assert vanishing.q == 0.0
    np.testing.assert_allclose(vanishing.chi_1, 0.25, rtol=1e-6)
    np.testing.assert_allclose(theory.phase_point(elu, 0.5).chi_1, 0.25, rtol=1e-5)
    chaotic = theory.phase_point(np.tanh, 1.05)
    assert chaotic.phase == "chaotic"
    assert chaotic.c == 0.0
    assert theory.phase_point(stax.Sign(), 1.0, 0.1).xi_c == 0.0


def test_diagram_agrees_with_points() -> None:
    diagram = theory.phase_diagram(np.tanh, [0.5, 1.5, 3.0], [0.0, 0.2])
    for i, b in enumerate(diagram.b_std):
        for j, w in enumerate(diagram.W_std):
            point = theory.phase_point(np.tanh, w, b)
            np.testing.assert_allclose(diagram.q[i, j], point.q, rtol=1e-10)
            np.testing.assert_allclose(diagram.chi_1[i, j], point.chi_1, rtol=1e-10)


def test_depth_warning() -> None:
    hidden = [stax.Dense(9, W_std=1.1, b_std=0.3), stax.Erf()]
    fine = theory.check_depth(stax.serial(*3 * hidden, stax.Dense(1)))
    assert fine.phase == "ordered"
    deep = stax.serial(stax.serial(*100 * hidden), stax.Dense(1))
    with pytest.warns(theory.DepthWarning, match="100 hidden layers.*critical_line"):
        theory.check_depth(deep)


def test_variances_that_explode_are_warned_of() -> None:
    hidden = [stax.Dense(9, W_std=2.0), stax.Relu()]  # twice the variance each
    assert theory.check_depth(stax.serial(*20 * hidden)).phase == "unbounded"
    with pytest.warns(theory.DepthWarning, match=r"60 hidden layers.*found 1.2e\+18"):
        theory.check_depth(stax.serial(*60 * hidden))


@pytest.mark.parametrize(
    ("layers", "match"),
    [
        ([stax.Dense(1)], "found no Dense layer with an activation"),
        ([stax.Relu()], "without a Dense layer"),
        ([stax.Dense(1), stax.Dense(1), stax.Relu()], "two Dense layers in a row"),
        (
            [stax.Dense(1), stax.Relu()]
            + [
                stax.Dense(1, W_std=w) if k == 0 else stax.Relu()
                for w in (1, 2)
                for k in (0, 1)
            ],
            "2 kinds of hidden layers",
        ),
    ],
)
def test_depth_refusals(layers: list[Any], match: str) -> None:
    with pytest.raises(InputError, match=match):
        theory.check_depth(stax.serial(*layers))


@pytest.mark.parametrize(
    ("activation", "match"),
    [
        ("tanh", "activation: found str; expected a layer"),
        (math.tanh, "vectorised function"),
        (lambda x: 1.0, "returned shape"),
        (lambda x: np.full_like(x, np.nan), "found nan"),
    ],
)
def test_activation_refusals(activation: object, match: str) -> None:
    with pytest.raises(InputError, match=match):
        theory.phase_point(activation, 1.0)


def test_scale_refusals() -> None:
    with pytest.raises(InputError, match="W_std: found -1.0"):
        theory.phase_point(np.tanh, -1.0)
    with pytest.raises(InputError, match="b_std: found -0.5; expected .*>= 0"):
        theory.critical_line(np.tanh, -0.5)


def test_small_variances_of_gelu_grow() -> None:
    found = [theory.critical_line(f).is_stable[0] for f in (stax.Gelu(), stax.Erf())]
    assert found == [False, True]
    np.testing.assert_allclose(theory.critical_line(stax.Gelu()).W_std, 2.0, rtol=1e-6)
