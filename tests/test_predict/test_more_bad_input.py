"""Further messages of prediction: seeds, ridges, kernels with negative eigenvalues."""

from typing import Any

import numpy as np
import pytest

from fastntk import predict
from fastntk._errors import InputError
from tests.test_predict.problems import NET, problem

P = problem()
INDEFINITE = np.array([[1.0, 2.0], [2.0, 1.0]])


@pytest.mark.parametrize("seed", ["a", -1, 1.5, True])
def test_seeds(seed: Any) -> None:
    with pytest.raises(InputError, match="seed: found .*; expected an integer >= 0"):
        predict.Posterior(NET, P.x, P.y).sample(P.x_test, seed=seed)
    with pytest.raises(InputError, match="seed: found"):
        predict.kernel_gradient_descent(P.dd.ntk, P.y, batch_size=3, seed=seed)


@pytest.mark.parametrize("ridge", [-1.0, np.nan, "a", None])
def test_ridges_are_named(ridge: Any) -> None:
    for kind in (predict.Posterior, predict.GradientFlow):
        with pytest.raises(InputError, match="^ridge: found .* finite number >= 0"):
            kind(NET, P.x, P.y, ridge=ridge)
    with pytest.raises(InputError, match="^ridge: found"):
        predict.Posterior(NET, P.x, P.y).with_ridge(ridge)


@pytest.mark.parametrize("t", [True, "3", ["1"], np.array([True])])
def test_times_are_numbers(t: Any) -> None:
    with pytest.raises(InputError, match="t: found .*; expected a number of steps"):
        predict.gradient_descent_mse(P.dd.ntk, P.y)(t)


def test_kernels_with_negative_eigenvalues() -> None:
    calls: list[Any] = [
        predict.max_learning_rate,
        lambda k: predict.kernel_gradient_descent(k, np.ones(len(k))),
        lambda k: predict.gradient_descent("mse", k, np.ones((len(k), 1))),
    ]
    three = np.full((3, 3), -0.9) + 1.9 * np.eye(3)  # every pair of rows is fine
    for call in calls:
        with pytest.raises(InputError, match="negative eigenvalue"):
            call(INDEFINITE)
        with pytest.raises(InputError, match="negative eigenvalue"):
            call(three)
        with pytest.raises(InputError, match="found the diagonal entry -1"):
            call(-np.eye(2))
        call(np.ones((2, 2)))


def test_kernels_that_are_not_symmetric() -> None:
    upper = np.triu(P.dd.ntk)
    calls: list[Any] = [
        predict.max_learning_rate,
        lambda k: predict.kernel_gradient_descent(k, P.y),
        lambda k: predict.gradient_descent("mse", k, P.y),
        lambda k: predict.gradient_descent_mse(k, P.y),
        lambda k: predict.gp_inference(k, P.y),
    ]
    for call in calls:
        with pytest.raises(InputError, match="differs from its transpose by"):
            call(upper)


def test_kernels_that_are_missing_on_the_training_set() -> None:
    fitted = predict.gp_inference({"nngp": P.dd.nngp}, P.y)
    assert np.array_equal(fitted("nngp"), P.y)
    for get in ("ntk", "ntkgp", ("nngp", "ntk")):
        with pytest.raises(InputError, match="k_train_train: found no 'ntk' kernel"):
            fitted(get)


def test_one_kernel_where_two_are_needed() -> None:
    with pytest.raises(InputError, match="k_train_train: found one kernel; .* both"):
        predict.gp_inference(P.dd.ntk, P.y)("ntk", P.td.ntk, P.tt.ntk)
    with pytest.raises(InputError, match="k_test_train: found one kernel"):
        predict.gp_inference(P.dd, P.y)("ntk", P.td.ntk, P.tt)
    mean, covariance = predict.gp_inference(P.dd.nngp, P.y)(
        "nngp", P.td.nngp, P.tt.nngp
    )
    assert mean.shape == (6, 3) and covariance.shape == (6, 6)


def test_probabilities() -> None:
    y = np.eye(3)[[0, 1, 2] * 4 + [0, 0]]
    y[2, 1] = -0.5
    with pytest.raises(InputError, match=r"found -0.5 .*expected probabilities >= 0"):
        predict.gradient_descent("cross_entropy", P.dd.ntk, y)


def test_tolerances_and_small_numbers() -> None:
    with pytest.raises(InputError, match="rtol: found -1; expected .* >= 0"):
        predict.kernel_gradient_descent(P.dd.ntk, P.y, rtol=-1)
    with pytest.raises(InputError, match="eps: found 'x'"):
        predict.max_learning_rate(P.dd.ntk, eps="x")  # type: ignore[arg-type]


def test_rows_of_float32_are_widened() -> None:
    x, x_test = P.x.astype(np.float32), P.x_test.astype(np.float32)
    found = predict.Posterior(NET, x, P.y, ridge=1e-4)
    wide = predict.Posterior(NET, x.astype(float), P.y, ridge=1e-4)
    expected = wide.mean(x_test.astype(float))
    np.testing.assert_allclose(found.mean(x_test), expected, rtol=1e-12)
    np.testing.assert_allclose(
        found.variance(x_test), wide.variance(x_test.astype(float)), rtol=1e-12
    )


def test_the_last_batch_of_a_pass_counts_its_own_rows() -> None:
    result = predict.kernel_gradient_descent(
        P.dd.ntk, P.y, 1e-6, n_steps=2, batch_size=8, seed=0
    )
    order = np.random.default_rng(0).permutation(14)
    first, last = order[:8], order[8:]
    np.testing.assert_allclose(
        result.coefficients[first], 1e-6 / (8 * 3) * P.y[first], rtol=1e-4
    )
    np.testing.assert_allclose(
        result.coefficients[last], 1e-6 / (6 * 3) * P.y[last], rtol=1e-4
    )
    whole = 0.5 * np.mean((result.fx_train - P.y) ** 2)
    np.testing.assert_allclose(result.losses[-1], whole, rtol=1e-12)


def test_inconsistent_targets_of_a_singular_kernel() -> None:
    kernel = P.dd.ntk[np.ix_([0, 0, 1], [0, 0, 1])]
    y = np.array([1.0, 2.0, 0.0])
    short, long = (
        predict.kernel_gradient_descent(kernel, y, n_steps=n) for n in (4000, 8000)
    )
    np.testing.assert_allclose(long.fx_train, [1.5, 1.5, 0.0], atol=1e-8)
    grown = np.abs(long.coefficients).max() / np.abs(short.coefficients).max()
    assert 1.8 < grown < 2.2  # as the page says


def test_networks_and_pairs_in_the_place_of_a_kernel() -> None:
    both = NET.kernel_fn(P.x, None, ("nngp", "ntk"))
    for function in (predict.gradient_descent_mse, predict.kernel_gradient_descent):
        with pytest.raises(InputError, match="kernel in numbers"):
            function(NET, P.y)
        with pytest.raises(InputError, match="of two kernels"):
            function(both, P.y)
    with pytest.raises(InputError, match="kernel in numbers"):
        predict.gradient_descent("mse", NET.kernel_fn, P.y)
