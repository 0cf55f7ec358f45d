"""`gram(tol=)`: met, with a bound that holds, or refused in words."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from fastntk.backends.cpu.blocks import mean_squares
from fastntk.backends.cpu.bound import kernel_bound
from tests.prepared import prepare
from tests.tolerances import relative_error

GETS = ("nngp", "ntk")
X = np.random.default_rng(5).standard_normal((40, 6))


def network(activation: Any, depth: int = 3) -> Any:
    layers = [stax.Dense(1, W_std=1.5, b_std=0.1), activation] * depth
    return stax.serial(*layers, stax.Dense(1))


@pytest.mark.parametrize("layer_tol", [1e-3, 1e-8])
@pytest.mark.parametrize("fn", [np.tanh, lambda u: np.log1p(np.exp(u))])
def test_the_bound_is_never_below_the_error(fn: Any, layer_tol: float) -> None:
    loose = network(stax.Elementwise(fn, tol=layer_tol))
    truth = fastntk.gram(network(stax.Elementwise(fn, tol=1e-13)), X, get=GETS)
    setup = prepare(loose, X, None, GETS)
    bounds = kernel_bound(setup.program, (mean_squares(X),), setup.dtype)
    found = fastntk.gram(loose, X, get=GETS)
    for name in GETS:
        exact = getattr(truth, name)
        diagonal = exact.diagonal()
        error = relative_error(getattr(found, name), exact, diagonal, diagonal)
        assert error <= bounds[name].error
        assert bounds[name].error <= 1e4 * layer_tol


@pytest.mark.parametrize("tol", [1e-5, 1e-8, 1e-12])
def test_terms_are_added_until_it_is_met(tol: float) -> None:
    loose = network(stax.Elementwise(np.tanh, tol=1e-4))
    truth = fastntk.gram(network(stax.Elementwise(np.tanh, tol=1e-14)), X, get=GETS)
    found = fastntk.gram(loose, X, get=GETS, tol=tol)
    for name in GETS:
        exact = getattr(truth, name)
        diagonal = exact.diagonal()
        assert relative_error(getattr(found, name), exact, diagonal, diagonal) <= tol


def test_closed_forms_meet_what_the_dtype_allows() -> None:
    net = network(stax.Gelu())
    np.testing.assert_array_equal(fastntk.gram(net, X, tol=1e-11), fastntk.gram(net, X))
    with pytest.raises(
        fastntk.ToleranceNotReached, match=r"rounding of float32 .* dtype='float64'"
    ):
        fastntk.gram(net, X, dtype="float32", tol=1e-8)


def test_a_kernel_that_cannot_be_so_accurate_is_refused() -> None:
    with pytest.raises(
        fastntk.ToleranceNotReached, match=r"tol is 1.0e-16; the bound reached is"
    ):
        fastntk.gram(network(stax.Tanh()), X, tol=1e-16)


@pytest.mark.parametrize("tol", [0, -1.0, "1e-3", True, np.nan, np.inf])
def test_tolerances_are_positive_numbers(tol: Any) -> None:
    with pytest.raises(fastntk.InputError, match="tol: found .* expected a positive"):
        fastntk.gram(network(stax.Tanh()), X, tol=tol)


def test_no_bound_on_whole_matrices() -> None:
    net = stax.serial(stax.Dense(1), stax.Relu(), stax.Dense(1))
    with pytest.raises(fastntk.NotSupportedError, match="tol: networks with layers"):
        fastntk.gram(net, X.reshape(10, 4, 6), tol=1e-6)
