"""Formulas as people write them: values that cancel, and that overflow far away."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import NetworkError, ToleranceNotReached, spec, stax
from fastntk.duals import numerical_dual
from fastntk.duals.sources.catalogue import source_of

Function = Callable[[Any], Any]
X = np.random.default_rng(3).standard_normal((4, 5))
CANCELLED: dict[str, tuple[Function, Function]] = {
    "1 - cos": (lambda u: 1 - np.cos(u), lambda u: 2 * np.sin(u / 2) ** 2),
    "log cosh": (
        lambda u: np.log(np.cosh(u)),
        lambda u: np.log1p(2 * np.sinh(np.clip(u, -99, 99) / 2) ** 2),
    ),
    "pseudo-Huber": (
        lambda u: np.sqrt(1 + u * u) - 1,
        lambda u: u * u / (1 + np.sqrt(1 + u * u)),
    ),
    "expm1": (lambda u: np.exp(u) - 1, np.expm1),
    "elu": (
        lambda u: np.where(u > 0, u, np.exp(u) - 1),
        lambda u: np.where(u > 0, u, np.expm1(np.minimum(u, 0))),
    ),
    "shifted elu": (
        lambda u: np.where(u > 0.3, u - 0.3, 2 * (np.exp(u - 0.3) - 1)),
        lambda u: np.where(u > 0.3, u - 0.3, 2 * np.expm1(np.minimum(u - 0.3, 0))),
    ),
}


def own(fn: Function) -> Any:
    return source_of(spec.Elementwise(fn), "own")


@pytest.mark.parametrize("name", CANCELLED)
@pytest.mark.parametrize("q", [4.0, 1e-2, 1e-4, 1e-6])
def test_the_bound_says_what_cancelling_leaves(name: str, q: float) -> None:
    naive, stable = map(spec.Elementwise, CANCELLED[name])
    c = q * np.array([1.0, 0.5, -0.9])
    found, right = (fastntk.dual_activation(f, q, c, q) for f in (naive, stable))
    off, off_dot = (np.abs(found[i] - right[i]) for i in (0, 1))
    assert (off <= found.kappa_bound + right.kappa_bound).all()
    assert (off_dot <= found.kappa_dot_bound + right.kappa_dot_bound).all()
    if q >= 1e-2:
        assert (found.kappa_bound <= 2e-13 * found.kappa[0]).all()
    assert (found.kappa_bound <= 1e-8 * found.kappa[0]).all()


@pytest.mark.parametrize("end", [1.0, 4.0, 16.0, 64.0])
def test_panels_do_not_resolve_rounding(end: float) -> None:
    for name, (naive, _) in CANCELLED.items():
        panels = own(naive).panels(end)
        assert len(panels.edges) < 120, name
        kinks = {"elu": (0.0,), "shifted elu": (0.3,)}.get(name, ())
        assert panels.kinks == kinks, name


def test_a_kink_of_the_second_derivative_is_found_through_rounding() -> None:
    """Panels close in on it to 1e-7 only."""
    kink = math.pi / 3000
    naive = own(lambda u: np.where(u > kink, u - kink, np.exp(u - kink) - 1))
    (found,) = naive.panels(1.0).kinks
    assert abs(found - kink) <= 1e-9


def test_rounding_where_a_side_has_no_variance() -> None:
    for naive, (value, slope) in (
        (CANCELLED["1 - cos"][0], (0.0, 0.0)),
        (np.cos, (math.exp(-0.5), 0.0)),
        (CANCELLED["elu"][0], (0.0, None)),
    ):
        found = fastntk.dual_activation(spec.Elementwise(naive), 0.0, 0.0, 1.0)
        assert abs(found.kappa - value) <= found.kappa_bound
        if slope is not None:
            assert abs(found.kappa_dot - slope) <= found.kappa_dot_bound


@pytest.mark.parametrize(
    ("rough", "message"),
    [
        (lambda u: 1e-9 * np.mod(u * 12345678.9, 1), r"smooth on none of 20000 panels"),
        (lambda u: np.exp(-(((u - 0.2) / 1e-5) ** 2)), r"the bound on the error is"),
        (lambda u: 1e-8 * np.exp(-(((u - 0.2) / 1e-3) ** 2)), r"derivative is not"),
    ],
)
def test_noise_and_spikes_are_seen_beside_cancelled_values(
    rough: Function, message: str
) -> None:
    layer = stax.Elementwise(lambda u: 1 - np.cos(u) + rough(u))
    with pytest.raises((NetworkError, ToleranceNotReached), match=message):
        fastntk.dual_activation(layer, 1.0, [0.5, 1.0], 1.0)


def test_rounding_to_fewer_digits_is_refused() -> None:
    layer = stax.Elementwise(lambda u: np.round(np.tanh(u), 11))
    with pytest.raises(NetworkError, match=r"smooth on none of 20000 panels"):
        fastntk.dual_activation(layer, 1.0, 0.5, 1.0)


def test_nothing_but_rounding_is_refused_with_its_cure() -> None:
    layer = stax.Elementwise(lambda u: u - np.tanh(u))  # u^3 / 3 of 1e-12 at 1e-8
    with pytest.raises(ToleranceNotReached, match=r"rounded to .*numpy\.expm1"):
        fastntk.dual_activation(layer, 1e-8, 0.0, 1e-8)


def test_a_tolerance_of_the_kernel_is_kept() -> None:
    layers = stax.Dense(8, 1e-2), stax.Elementwise(CANCELLED["1 - cos"][0])
    net = stax.serial(*layers, stax.Dense(1))
    assert np.isfinite(fastntk.gram(net, X)).all()
    with pytest.raises(ToleranceNotReached):
        fastntk.gram(net, X, tol=1e-12)


OVERFLOWS: dict[str, Function] = {
    "infinite": lambda u: np.log(np.cosh(u)),
    "infinite on one side": lambda u: np.log(1 + np.exp(u)),
    "NaN": lambda u: (np.exp(u) - np.exp(-u)) / (np.exp(u) + np.exp(-u)),
    "0 times infinity": lambda u: u * np.exp(u) * (1 / (1 + np.exp(u))),
    "an exception": np.vectorize(lambda u: math.log(math.cosh(u))),
    "a domain": lambda u: np.log(1 / (1 + np.exp(-u))),
}


@pytest.mark.parametrize("name", OVERFLOWS)
def test_overflow_without_weight_is_no_matter(name: str) -> None:
    layer = stax.Elementwise(OVERFLOWS[name])
    net = stax.serial(stax.Dense(8, 20.0), layer, stax.Dense(1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = fastntk.dual_activation(layer, 900.0, 450.0, 900.0)
        nngp = fastntk.gram(net, X, get="nngp")
    assert found.bound <= 1e-12 * 900
    assert np.isfinite(nngp).all()


@pytest.mark.parametrize("name", OVERFLOWS)
def test_overflow_with_weight_is_refused_in_words(name: str) -> None:
    layer = stax.Elementwise(OVERFLOWS[name])
    message = r"fn\(-?71\d.*\) is (NaN|infinite), where a normal variable of variance"
    with pytest.raises(NetworkError, match=message):
        fastntk.dual_activation(layer, 1e4, 0.0, 1e4)
    net = stax.serial(stax.Dense(8, 200.0), layer, stax.Dense(1))
    with pytest.raises(NetworkError, match=r"at layer 1: fn\(.*numpy\.logaddexp"):
        fastntk.gram(net, X)


def test_a_domain_that_ends_where_there_is_weight() -> None:
    layer = stax.Elementwise(lambda u: np.sqrt(400 - u * u))
    found = fastntk.dual_activation(layer, 1.0, 1.0, 1.0)
    assert abs(found.kappa - 399.0) <= found.kappa_bound
    with pytest.raises(NetworkError, match=r"fn\(-?20\.25\) is NaN, where a normal"):
        fastntk.dual_activation(layer, 9.0, 0.0, 9.0)
    assert numerical_dual(layer.spec, "own").kinks == ()
