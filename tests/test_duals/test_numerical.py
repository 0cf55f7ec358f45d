"""Kinks that are found, fits for whole tiles, and what a network makes of them."""

import pickle
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import spec, stax
from fastntk.duals import numerical_dual
from fastntk.duals.fits.angle import angle_fit
from fastntk.duals.fits.far import far_fit
from fastntk.duals.pairs.bounded import pair_duals
from fastntk.duals.series.hermite import hermite_rows
from fastntk.duals.series.moments import moments
from fastntk.duals.sources import functions
from fastntk.duals.sources.catalogue import known_function, source_of

RNG = np.random.default_rng(8)


def own(fn: Any, **fields: Any) -> Any:
    return source_of(spec.Elementwise(fn, **fields), "own")


@pytest.mark.parametrize(
    ("fn", "kinks"),
    [
        (np.abs, (0.0,)),
        (lambda u: np.clip(u, -1, 1), (-1.0, 1.0)),
        (lambda u: np.clip(u, 0, 6), (0.0, 6.0)),
        (lambda u: np.maximum(u - np.pi / 3, 0) + 0.1 * u, (np.pi / 3,)),
        (lambda u: np.where(u > 0.125, 1.0, np.tanh(u)), (0.125,)),
        (lambda u: np.maximum(u, 0) ** 3, (0.0,)),
        (np.tanh, ()),
        (lambda u: np.exp(-(((u - 1) / 0.05) ** 2)), ()),
    ],
)
def test_kinks_are_found(fn: Any, kinks: tuple[float, ...]) -> None:
    found = own(fn).panels(12.0).kinks
    assert len(found) == len(kinks)
    assert np.allclose(found, kinks, rtol=0, atol=1e-9)


@pytest.mark.parametrize("kink", [np.e, np.pi / 3, -np.sqrt(5), 1.234567891234])
@pytest.mark.parametrize("smooth", [0.0, 1.0])
def test_a_kink_is_found_to_the_last_digits(kink: float, smooth: float) -> None:
    bent = own(lambda u: smooth * np.tanh(u) + np.abs(u - kink))
    cut = own(lambda u: smooth * np.tanh(u) + np.where(u > kink, 1.0, -0.3))
    for source in (bent, cut):
        (found,) = source.panels(16.0).kinks
        assert abs(found - kink) <= 1e-15


@pytest.mark.parametrize("off", [3e-3, 1e-3, 2e-4, 1e-5, 1e-7, -1e-4, -2e-3])
def test_a_kink_next_to_an_edge_of_the_first_panels_is_found(off: float) -> None:
    kink = float(np.linspace(-1, 1, 49)[28] * 16 + 0.00317 * 16 + off)
    layer = stax.Elementwise(lambda u: np.abs(u - kink))
    known = stax.Elementwise(lambda u: np.abs(u - kink), kinks=(kink,))
    args = 1.0, np.array([0.5, -0.9, 1.0]), 1.0
    found, right = (fastntk.dual_activation(a, *args) for a in (layer, known))
    assert (np.abs(found.kappa - right.kappa) <= found.kappa_bound).all()
    gap = np.abs(found.kappa_dot - right.kappa_dot)
    assert (gap <= found.kappa_dot_bound).all()


def test_far_values_take_no_digits_from_a_closed_form() -> None:
    c = np.sqrt(5)
    layer = stax.Elementwise(lambda u: np.abs(u + c))
    found = fastntk.dual_activation(layer, 9.0, 9.0, 9.0)
    assert abs(found.kappa - 14.0) <= found.kappa_bound  # E (u + c)^2


@pytest.mark.parametrize("width", [3e-3, 2e-3, 1e-3, 5e-4])
def test_a_narrow_spike_is_no_piecewise_polynomial(width: float) -> None:
    layer = stax.Elementwise(lambda u: np.exp(-((u / width) ** 2)))
    q, c = 1.0, 0.5
    found = fastntk.dual_activation(layer, q, c, q)
    s = 2 / width**2  # E exp(-s (u^2 + v^2) / 2) is a determinant
    right = ((1 + s * q) ** 2 - (s * c) ** 2) ** -0.5
    assert abs(found.kappa - right) <= found.kappa_bound
    assert abs(found.kappa - right) <= 1e-12 * right


def test_kinks_as_given_are_taken() -> None:
    layers = [
        stax.Elementwise(np.abs, kinks=kinks) for kinks in (None, (0,), (-1.0, 0.0))
    ]
    values = [fastntk.dual_activation(a, 1.0, 0.5, 2.0).kappa for a in layers]
    assert np.ptp(values) <= 1e-14


@pytest.mark.parametrize("name", ["Elu", "Softsign"])
def test_a_fit_of_tiles_is_the_quadrature(name: str) -> None:
    source = source_of(getattr(spec, name)(), name)
    fit = angle_fit(source, 0.4, 3.0, 5e-13)
    assert fit is not None
    q1, q2 = np.array([0.4, 1.3]), np.array([0.9, 3.0, 2.0])
    theta = np.array([[0.0, 1.0, 3.0], [1e-3, np.pi, 2.0]])
    value, slope = fit.table(q1, q2, theta)
    one, two = (a.ravel() for a in np.broadcast_arrays(q1[:, None], q2))
    exact = pair_duals(source, one, two, theta.ravel(), "quadrature")
    assert np.abs(value.ravel() - exact.value).max() <= 1e-13 * exact.scale.max()
    assert np.abs(slope.ravel() - exact.slope).max() <= 1e-13


@pytest.mark.parametrize(
    "layer",
    [
        spec.HardTanh(),
        spec.Relu6(),
        spec.HardSwish(),
        spec.Elementwise(lambda u: np.tanh(u) + np.maximum(u - 0.5, 0)),
    ],
)
def test_series_and_near_pairs_are_the_duals_one_by_one(layer: spec.Spec) -> None:
    source = source_of(layer, "layer")
    fit = far_fit(source, 0.4, 3.0, 1e-13)
    assert fit is not None
    q1, q2 = np.array([0.4, 1.3, 3.0]), np.array([0.9, 3.0, 2.0, 0.4])
    theta = np.array([0.0, 1e-3, 0.4, 1.0, 1.6, 2.0, 3.0, np.pi] + [1.2] * 4)
    rho = np.cos(theta).reshape(3, 4)
    x = np.copysign(1 - np.abs(rho), rho)
    value, slope = fit.table(q1, q2, x, theta.reshape(3, 4))
    one, two = (a.ravel() for a in np.broadcast_arrays(q1[:, None], q2))
    exact = pair_duals(source, one, two, theta, "auto")
    assert np.abs(value.ravel() / exact.scale - exact.value / exact.scale).max() <= (
        2 * fit.error
    )
    assert np.abs((slope.ravel() - exact.slope) / exact.scale_slope).max() <= 1e-13


def test_a_jump_has_no_series_for_its_derivative() -> None:
    source = own(lambda u: np.where(u > 0.25, 1.0, np.tanh(u)))
    assert far_fit(source, 0.4, 3.0, 1e-13) is None


def test_two_methods_give_one_kernel() -> None:
    x = RNG.standard_normal((30, 6))
    for layer in (stax.Elu, stax.HardTanh, stax.Silu):
        fast, slow = (
            fastntk.gram(stax.serial(stax.Dense(8), a, stax.Dense(1)), x[:n], get="ntk")
            for a, n in ((layer(), 30), (layer(method="quadrature"), 5))
        )
        assert np.abs(fast[:5, :5] - slow).max() <= 1e-12 * np.abs(slow).max()


def test_a_row_of_zeros_is_a_constant() -> None:
    x = np.vstack([RNG.standard_normal((3, 4)), np.zeros(4)])
    for layer, at_zero in ((stax.Sigmoid(), 0.5), (stax.Elu(), 0.0)):
        net = stax.serial(stax.Dense(8), layer, stax.Dense(1))
        both = net.kernel_fn(x, None, ("nngp", "ntk"))
        assert abs(both.nngp[3, 3] - at_zero**2) <= 1e-15
        assert np.isfinite(both.ntk).all()


def test_a_function_of_the_user_gives_the_kernel_of_the_layer() -> None:
    x = RNG.standard_normal((20, 6))
    grams = [
        fastntk.gram(stax.serial(stax.Dense(8, 1.5, 0.1), a, stax.Dense(1)), x)
        for a in (
            stax.Tanh(),
            stax.Elementwise(np.tanh),
            stax.Elementwise(np.tanh, df=functions.tanh_slope),
            stax.ElementwiseNumerical(np.tanh, 25),
        )
    ]
    for other in grams[1:]:
        assert np.abs(grams[0] - other).max() <= 2e-12 * np.abs(grams[0]).max()


def test_constants_agree_with_a_limit() -> None:
    for layer in (stax.Sigmoid(), stax.Softsign(), stax.Erf(1, 1, 0.5)):
        zero = fastntk.dual_activation(layer, 0.0, 0.0, 1.0)
        near = fastntk.dual_activation(layer, 1e-16, 0.0, 1.0)
        assert abs(zero.kappa - near.kappa) <= 1e-7


def test_the_series_says_when_it_is_exact() -> None:
    rows = hermite_rows(source_of(spec.Tanh(), "t"), np.array([0.5, 2.0]))
    size, steep = moments(source_of(spec.Tanh(), "t"), np.array([0.5, 2.0]))
    assert np.abs(rows.size - size).max() <= 1e-15
    assert np.abs(rows.steep - steep).max() <= 1e-15
    assert (rows.tail[:, -1] <= 1e-14).all()
    assert (np.diff(rows.tail, axis=1) <= 0).all()


@pytest.mark.parametrize(
    "layer", [spec.Tanh(), spec.Elu(0.5), spec.HardSwish(), spec.Mish(tol=1e-6)]
)
def test_a_payload_compares_and_pickles(layer: spec.Spec) -> None:
    dual = numerical_dual(layer, "a")
    assert pickle.loads(pickle.dumps(dual)) == dual
    assert dual.host == numerical_dual(layer, "a").host
    assert dual != numerical_dual(layer, "b")
    assert "quadrature" in dual.description or dual.kind in dual.description
    assert pickle.loads(pickle.dumps(dual.host)) == dual.host


def test_functions_are_stable_everywhere() -> None:
    u = np.array([-1e300, -1e4, -750.0, -40.0, -1e-300, 0.0, 1e-8, 40.0, 750.0, 1e300])
    for name in spec.known_layers():
        layer = getattr(spec, name)
        if not issubclass(layer, spec.Numerical):
            continue
        known = known_function(layer())
        assert known is not None
        with np.errstate(over="raise", invalid="raise", divide="raise"):
            assert np.isfinite(known.fn(u)).all()
            assert np.isfinite(known.df(u)).all()


def test_derivatives_are_those_of_the_functions() -> None:
    u = np.linspace(-8, 8, 1601) + 0.0031
    for name in spec.known_layers():
        layer = getattr(spec, name)
        if issubclass(layer, spec.Numerical):
            known = known_function(layer())
            assert known is not None
            step = 1e-5
            slope = (known.fn(u + step) - known.fn(u - step)) / (2 * step)
            assert np.abs(slope - known.df(u)).max() <= 1e-9


def test_a_layer_says_what_it_is() -> None:
    assert repr(stax.Elu(0.5, tol=1e-9)) == "Elu(alpha=0.5, tol=1e-09)"
    assert repr(stax.Elementwise(np.tanh, kinks=[1, 0])) == (
        "Elementwise(fn=tanh, kinks=(0.0, 1.0))"
    )
    net = stax.serial(stax.Dense(3), stax.Celu(0.25), stax.Swish(tol=1e-6))
    assert stax.from_json(net.to_json()) == net
    found = fastntk.dual_activation(stax.Tanh(), 1.0, 0.5, 1.0)
    assert repr(found).startswith("DualActivation(kappa=")
