"""What must hold whatever the numbers are."""

from typing import Any

import numpy as np
import pytest

from fastntk import predict
from tests.test_predict.problems import BOTH, NET, Problem, assert_close, problem

P = problem()


def ensemble(p: Problem = P, **options: Any) -> Any:
    return predict.gradient_descent_mse_ensemble(NET, p.x, p.y, **options)


@pytest.mark.parametrize("get", BOTH)
def test_time_zero_is_the_prior(get: str) -> None:
    mean, covariance = ensemble()(0.0, P.x_test, get, True)
    assert (mean == 0).all()
    np.testing.assert_allclose(covariance, P.tt.nngp, rtol=1e-12)


@pytest.mark.parametrize("get", BOTH)
@pytest.mark.parametrize("diag_reg", [0.0, 1e-2])
def test_infinite_time_by_eigenvalues_and_by_cholesky(
    get: str, diag_reg: float
) -> None:
    predictor = ensemble(diag_reg=diag_reg)
    late = predictor(np.inf, P.x_test, get, True)
    end = predictor(None, P.x_test, get, True)
    assert_close(late.mean, end.mean)
    assert_close(late.covariance, end.covariance)


def test_training_set_is_fitted_in_the_end() -> None:
    mean, covariance = ensemble()(None, P.x, "ntk", True)
    np.testing.assert_allclose(mean, P.y, atol=1e-10)
    assert np.abs(covariance).max() < 1e-10
    regularised = ensemble(diag_reg=0.1)(None, P.x, "ntk")
    assert np.abs(regularised - P.y).max() > 1e-3


def test_only_the_product_of_rate_and_time_counts() -> None:
    slow = ensemble(learning_rate=0.1)(30.0, P.x_test, "ntk")
    np.testing.assert_allclose(slow, ensemble()(3.0, P.x_test, "ntk"), rtol=1e-12)


def test_diag_reg_is_relative_unless_absolute() -> None:
    mean = np.trace(P.dd.ntk) / len(P.x)
    relative = predict.gp_inference(P.dd, P.y, 0.3)("ntk", P.td)
    absolute = predict.gp_inference(P.dd, P.y, 0.3 * mean, True)("ntk", P.td)
    np.testing.assert_allclose(relative, absolute, rtol=1e-12)


@pytest.mark.parametrize("t", [None, 7.0])
def test_means_are_linear_in_the_targets(t: float | None) -> None:
    rng = np.random.default_rng(1)
    other = rng.standard_normal(P.y.shape)

    def mean(y: np.ndarray) -> Any:
        flow = predict.gradient_descent_mse(P.dd.ntk, y)
        return flow(t, None, 0.0, P.td.ntk)

    assert_close(mean(2 * P.y - 3 * other), 2 * mean(P.y) - 3 * mean(other))


def test_order_of_the_samples_does_not_matter() -> None:
    order = np.random.default_rng(2).permutation(len(P.x))
    shuffled = predict.gradient_descent_mse_ensemble(NET, P.x[order], P.y[order])
    for t in (None, 4.0):
        one = ensemble()(t, P.x_test, "ntk", True)
        two = shuffled(t, P.x_test, "ntk", True)
        assert_close(one.mean, two.mean)
        assert_close(one.covariance, two.covariance)


def test_precomputed_kernels_and_kernel_functions_agree() -> None:
    by_function = ensemble(diag_reg=1e-3)(None, P.x_test, None, True)
    forms = [
        (P.dd, P.td, P.tt),
        (P.dd._asdict(), P.td._asdict(), P.tt._asdict()),
        (NET.kernel_fn(P.x), NET.kernel_fn(P.x_test, P.x), NET.kernel_fn(P.x_test)),
    ]
    for dd, td, tt in forms:
        by_numbers = predict.gp_inference(dd, P.y, 1e-3)(None, td, tt)
        for one, two in zip(by_function, by_numbers, strict=True):
            assert_close(one.mean, two.mean)
            assert_close(one.covariance, two.covariance)


def test_networks_kernel_functions_and_plain_functions_agree() -> None:
    def plain(x1: Any, x2: Any, get: Any) -> Any:
        return NET.kernel_fn(x1, x2, get)

    results = [
        predict.gradient_descent_mse_ensemble(f, P.x, P.y)(3.0, P.x_test, "ntk", True)
        for f in (NET, NET.kernel_fn, plain)
    ]
    for other in results[1:]:
        np.testing.assert_array_equal(results[0].mean, other.mean)
        np.testing.assert_array_equal(results[0].covariance, other.covariance)


def test_kernel_function_gets_its_arguments() -> None:
    seen = []

    def kernel_fn(x1: Any, x2: Any, get: Any, mask: Any = None) -> Any:
        seen.append(mask)
        return NET.kernel_fn(x1, x2, get)

    pair = (np.ones(2), np.zeros(2))
    predictor = predict.gradient_descent_mse_ensemble(kernel_fn, P.x, P.y, mask=pair)
    predictor(None, P.x_test, "ntk", mask=(np.full(2, 3.0), np.ones(2)))
    assert seen[0] is pair
    assert (seen[1][0] == 3).all() and (seen[1][1] == 1).all()


def test_factorisations_are_made_once() -> None:
    calls = []

    def kernel_fn(x1: Any, x2: Any, get: Any) -> Any:
        calls.append(get)
        return NET.kernel_fn(x1, x2, get)

    predictor = predict.gradient_descent_mse_ensemble(kernel_fn, P.x, P.y)
    predictor(1.0, None, "ntk", True)
    kernels: Any = predictor._field.kernels
    spectrum = kernels.spectrum("ntk")
    predictor([2.0, 3.0], P.x_test, "ntk", True)
    predictor(None, P.x_test, "ntk")
    assert kernels.spectrum("ntk") is spectrum
    assert calls.count(("ntk", "nngp")) + calls.count(("nngp", "ntk")) == 2


@pytest.mark.parametrize("get", BOTH)
def test_times_of_any_shape(get: str) -> None:
    times = np.array([[0.0, 1.0, 2.0], [3.0, np.inf, 0.5]])
    mean, covariance = ensemble()(times, P.x_test, get, True)
    assert mean.shape == (2, 3, 6, 3) and covariance.shape == (2, 3, 6, 6)
    one = ensemble()(3.0, P.x_test, get, True)
    np.testing.assert_allclose(mean[1, 0], one.mean, rtol=1e-12)
    np.testing.assert_allclose(covariance[1, 0], one.covariance, rtol=1e-12)


def test_targets_in_one_dimension() -> None:
    flow = predict.gradient_descent_mse(P.dd.ntk, P.y[:, 0])
    train, test = flow([1.0, 2.0], 0.0, 0.0, P.td.ntk)
    assert train.shape == (2, 14) and test.shape == (2, 6)
    column = predict.gradient_descent_mse(P.dd.ntk, P.y[:, :1])
    np.testing.assert_array_equal(
        test, column([1.0, 2.0], 0.0, 0.0, P.td.ntk)[1][..., 0]
    )


def test_results_of_any_order_of_get() -> None:
    posterior = predict.gp_inference(P.dd, P.y)
    found = posterior(("ntkgp", "nngp"), P.td)
    assert found._fields == ("ntkgp", "nngp")
    np.testing.assert_array_equal(found.nngp, posterior("NNGP", P.td))


def test_inputs_are_not_modified() -> None:
    arrays = [P.dd.ntk.copy(), P.dd.nngp.copy(), P.y.copy()]
    kernels = {"ntk": arrays[0], "nngp": arrays[1]}
    for array in arrays:
        array.flags.writeable = False
    predict.gp_inference(kernels, arrays[2], 0.1)(None, P.td, P.tt)
    predict.gradient_descent_mse(arrays[0], arrays[2], 0.1)(1.0)
    predict.kernel_gradient_descent(arrays[0], arrays[2], n_steps=3)
    np.testing.assert_array_equal(arrays[0], P.dd.ntk)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("n", [40, 400])
def test_largest_learning_rate_is_the_edge(n: int, momentum: float) -> None:
    p = problem(n=n, m=1, k=1)
    rate = predict.max_learning_rate(p.dd.ntk, momentum=momentum)
    top = np.linalg.eigvalsh(p.dd.ntk)[-1]
    np.testing.assert_allclose(rate, 2 * (1 + momentum) * n / top, rtol=1e-10)


def test_float32_kernels_are_solved_in_float64() -> None:
    kernel = P.dd.ntk.astype(np.float32)
    found = predict.gp_inference(kernel, P.y)("ntk", P.td)
    expected = predict.gp_inference(kernel.astype(float), P.y)("ntk", P.td)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert found.dtype == np.float64


def test_training_set_at_infinite_time_is_the_targets() -> None:
    posterior = predict.gp_inference(P.dd, P.y, 0.3)
    np.testing.assert_array_equal(posterior("ntk"), P.y)
    mean, covariance = posterior("nngp", None, True)
    np.testing.assert_array_equal(mean, P.y)
    assert covariance.shape == (14, 14) and (covariance == 0).all()
    predictor = ensemble(diag_reg=0.3)
    np.testing.assert_array_equal(predictor(None, None, "ntk"), P.y)
    both = predictor(None, None, None, True)
    assert (both.ntk.covariance == 0).all() and (both.nngp.mean == P.y).all()


def test_predictors_report_on_their_kernels() -> None:
    predictor = ensemble(diag_reg=1e-3)
    assert predictor.reports == {}
    predictor(1.0, P.x_test, "ntk")
    assert predictor.reports["ntk"].status == "eigh"
    predictor(None, P.x_test, "ntk")
    assert predictor.reports["ntk"].status == "cholesky"
    flow = predict.gradient_descent_mse(P.dd.ntk, P.y)
    flow(None, 0.0, 0.0, P.td.ntk)
    assert flow.reports["ntk"].rank == 14
    at_a_time = predict.GradientFlow(NET, P.x, P.y).at(1.0)
    assert at_a_time.report.status == "eigh"


def test_arguments_of_the_kernel_function_that_are_arrays() -> None:
    seen = []

    def kernel_fn(x1: Any, x2: Any, get: Any, pattern: Any = None) -> Any:
        seen.append(pattern)
        return NET.kernel_fn(x1, x2, get)

    own, other = np.zeros(2), np.ones(2)
    predictor = predict.gradient_descent_mse_ensemble(kernel_fn, P.x, P.y, pattern=own)
    predictor(None, P.x_test, "ntk", pattern=other)
    assert seen[0] is own and seen[1] is other
