"""Designed activations and the trust flag, against kernels and finite networks."""

import math
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax, theory
from fastntk._errors import InputError

WANTED = np.array([0.2, 0.5, 0.0, 0.3, 0.1])


def moment_kernel(function: object, rho: float, degree: int) -> float:
    """Return E f(u) f(v) by a product rule, exact for polynomials."""
    z, w = np.polynomial.hermite_e.hermegauss(degree + 2)
    w = w / w.sum()
    u, v = z[:, None], rho * z[:, None] + math.sqrt(1 - rho**2) * z
    return float(np.sum(w[:, None] * w * function(u) * function(v)))  # type: ignore[operator]


@pytest.mark.parametrize("signs", ["positive", "alternating", "pairs"])
def test_nngp_of_the_design(signs: str) -> None:
    design = theory.design_activation(WANTED, get="nngp", signs=signs)
    for rho in (-0.7, 0.0, 0.4, 1.0):
        expected = np.polynomial.polynomial.polyval(rho, WANTED)
        np.testing.assert_allclose(moment_kernel(design, rho, 4), expected, atol=1e-12)
    x = np.linspace(-3, 3, 7)
    powers = np.polynomial.polynomial.polyval(x, design.coef)
    np.testing.assert_allclose(powers, design(x), atol=1e-12)


@pytest.mark.parametrize("get", ["nngp", "ntk"])
def test_kernel_of_the_layer(get: str) -> None:
    design = theory.design_activation(WANTED, get=get)
    net = stax.serial(stax.Dense(512), design.layer, stax.Dense(1))
    theta = np.linspace(0.0, math.pi, 9)
    found = theory.kernel_profile(net, theta, 6, get=get)
    expected = np.polynomial.polynomial.polyval(np.cos(theta), WANTED)
    np.testing.assert_allclose(found, expected, atol=1e-11)


def test_shallow_twin_of_a_deep_network() -> None:
    hidden = [stax.Dense(512, W_std=1.2, b_std=0.3), stax.Erf()]
    deep = stax.serial(*3 * hidden, stax.Dense(1))

    def profile(cosines: np.ndarray) -> np.ndarray:
        return theory.kernel_profile(deep, np.arccos(cosines), 5)

    design = theory.design_activation(profile, degree=30)
    twin = stax.serial(stax.Dense(512), design.layer, stax.Dense(1))
    x = np.random.default_rng(0).normal(size=(20, 5))
    x *= math.sqrt(5) / np.linalg.norm(x, axis=1, keepdims=True)
    wanted, found = fastntk.gram(deep, x), fastntk.gram(twin, x)
    assert np.abs(found - wanted).max() < 10 * design.misfit + 1e-9
    assert design.misfit < 1e-3 * wanted.max()


@pytest.mark.parametrize("degree", [10, 20, 30, 40])
def test_rounding_of_powers_is_said(degree: int) -> None:
    wanted = 1.0 / (1.0 + np.arange(degree + 1.0)) ** 2
    design = theory.design_activation(wanted)
    net = stax.serial(stax.Dense(512), design.layer, stax.Dense(1))
    theta = np.linspace(0.0, math.pi, 20)
    found = theory.kernel_profile(net, theta, 5)
    expected = np.polynomial.polynomial.polyval(np.cos(theta), wanted)
    assert np.abs(found - expected).max() <= design.rounding + 1e-13
    with pytest.raises(InputError, match="powers of x up to 60 cancel"):
        _ = theory.design_activation(np.ones(61)).layer


def test_fit_of_a_function() -> None:
    design = theory.design_activation(lambda t: np.exp(0.5 * t), degree=12)
    expected = [0.5**k / math.factorial(k) for k in range(6)]
    np.testing.assert_allclose(design.kernel[:6], expected, rtol=1e-4, atol=1e-6)
    assert design.misfit < 1e-9


def test_a_fit_does_not_depend_on_the_unit() -> None:
    one = theory.design_activation(np.exp, degree=6)
    for unit in (1e-160, 1e160):
        other = theory.design_activation(lambda t, u=unit: u * np.exp(t), degree=6)
        np.testing.assert_allclose(other.kernel, unit * one.kernel, rtol=1e-12)
        assert other.misfit == pytest.approx(unit * one.misfit, rel=1e-6)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (([1.0, -0.1],), "coefficient -0.1 of rho\\^1; expected none below 0"),
        (([],), "expected 1 to 65 coefficients"),
        ((np.ones(66),), "expected 1 to 65 coefficients"),
        (([1.0], 3), "degree: found one together with coefficients"),
        ((np.exp, 65), "degree: found 65; expected an integer from 0 to 64"),
        ((lambda t: 1.0, 3), "returned shape"),
        (
            (lambda t: -t, 8),
            "nearest kernel of degree 8 misses by 100 % of its largest",
        ),
        ((np.sign, 0), "or take a higher degree"),
    ],
)
def test_design_refusals(arguments: tuple[Any, ...], match: str) -> None:
    with pytest.raises(InputError, match=match):
        theory.design_activation(*arguments)


def test_design_option_refusals() -> None:
    with pytest.raises(InputError, match="get: found 'both'"):
        theory.design_activation([1.0], get="both")
    with pytest.raises(InputError, match="signs: found 'random'"):
        theory.design_activation([1.0], signs="random")


def sampled_ntk(rng: np.random.Generator, width: int, depth: int) -> float:
    """Return the NTK of one ReLU network at one input of unit mean square."""
    a = np.ones(width)
    acts, masks, weights = [a], [], []
    for _ in range(depth):
        w = rng.normal(size=(width, width)) * math.sqrt(2.0 / width)
        u = w @ a
        a = np.maximum(u, 0.0)
        acts.append(a)
        masks.append(u > 0)
        weights.append(w)
    back = rng.normal(size=width) / math.sqrt(width)
    total = float(acts[-1] @ acts[-1]) / width
    for layer in range(depth - 1, -1, -1):
        back = back * masks[layer]
        inputs = acts[layer]
        total += 2.0 * float(back @ back) * float(inputs @ inputs) / width
        back = weights[layer].T @ back
    return total


def test_moment_ratio_against_finite_networks() -> None:
    width, depth = 32, 12
    rng = np.random.default_rng(0)
    values = np.array([sampled_ntk(rng, width, depth) for _ in range(3000)])
    measured = np.mean(values**2) / np.mean(values) ** 2
    layers = [stax.Dense(width), stax.Relu()]
    found = theory.finite_width(stax.serial(*depth * layers, stax.Dense(1)))
    assert found.is_theorem
    assert found.n_hidden == depth
    # the theorem has constants of order 1 in the exponent
    ratio = math.log(measured) / math.log(found.moment_ratio)
    assert 0.4 < ratio < 1.6


def test_widths_are_found_in_any_structure() -> None:
    dense, act = stax.Dense, stax.Relu()
    plain = stax.serial(dense(10), act, dense(20), act, dense(1))
    assert theory.finite_width(plain).beta == pytest.approx(0.15)
    nested = stax.serial(
        stax.serial(dense(10), act), stax.serial(dense(20), act, dense(1))
    )
    assert theory.finite_width(nested).beta == pytest.approx(0.15)
    open_end = stax.serial(dense(10), act)
    assert theory.finite_width(open_end).n_hidden == 1
    linear = stax.serial(dense(10), dense(20), dense(1))
    assert theory.finite_width(linear).n_hidden == 2
    block = stax.serial(
        stax.FanOut(2),
        stax.parallel(stax.serial(act, dense(5)), stax.Identity()),
        stax.FanInSum(),
    )
    residual = theory.finite_width(stax.serial(dense(10), block, act, dense(1)))
    assert residual.beta == pytest.approx(0.1 + 0.2)
    assert not residual.is_theorem
    assert theory.finite_width(stax.serial(dense(4))).beta == 0.0
    assert not theory.finite_width(stax.serial(*1000 * [dense(1), act])).is_trusted
    with pytest.raises(InputError, match="no Dense layer"):
        theory.finite_width(act)
    with pytest.raises(InputError, match="tolerance"):
        theory.finite_width(plain, tolerance=0)


@pytest.mark.parametrize("widths", [[50], [3], [30, 30, 30], [5, 9]])
def test_spread_of_finite_networks(widths: list[int]) -> None:
    rng = np.random.default_rng(sum(widths))
    found = np.array([simulated_kernel(widths, rng) for _ in range(4000)])
    layers = [part for w in widths for part in (stax.Dense(w), stax.Relu())]
    flag = theory.finite_width(stax.serial(*layers, stax.Dense(1)))
    assert flag.is_theorem
    ratio = found / found.mean()
    error = np.std((ratio - 1) ** 2) / math.sqrt(len(found))
    assert abs(flag.moment_ratio - 1 - ratio.var()) < 5 * error
    if len(widths) == 1:
        np.testing.assert_allclose(flag.relative_std**2, 3 / widths[0], rtol=1e-12)


def simulated_kernel(widths: list[int], rng: np.random.Generator) -> float:
    """Return the NTK of a ReLU network at one input of one feature."""
    rows, weights = [np.ones(1)], []
    for n in widths:
        scale = math.sqrt(2 / len(rows[-1]))
        weights.append(scale * rng.normal(size=(n, len(rows[-1]))))
        rows.append(np.maximum(weights[-1] @ rows[-1], 0.0))
    weights.append(math.sqrt(2 / len(rows[-1])) * rng.normal(size=(1, len(rows[-1]))))
    total, back = 0.0, np.ones(1)
    for level in range(len(widths), -1, -1):
        below = rows[level]
        total += 2 / len(below) * float(below @ below) * float(back @ back)
        back = (weights[level].T @ back) * (below > 0)
    return total
