"""Posterior and GradientFlow."""

import pickle
from typing import Any

import numpy as np
import pytest

from fastntk import predict
from tests.test_predict.problems import BOTH, NET, assert_close, problem

P = problem()


@pytest.mark.parametrize("get", ["nngp", "ntk", "ntkgp"])
@pytest.mark.parametrize("ridge", [0.0, 0.2])
def test_posterior_is_gp_inference(get: str, ridge: float) -> None:
    posterior = predict.Posterior(NET, P.x, P.y, get, ridge=ridge)
    expected = predict.gp_inference(P.dd, P.y, ridge, True)(get, P.td, P.tt)
    assert_close(posterior.mean(P.x_test), expected.mean)
    covariance = posterior.covariance(P.x_test)
    assert_close(covariance, expected.covariance)
    variance = posterior.variance(P.x_test)
    assert_close(variance, covariance.diagonal())


@pytest.mark.parametrize("get", BOTH)
def test_flow_is_the_ensemble(get: str) -> None:
    flow = predict.GradientFlow(NET, P.x, P.y, get, learning_rate=0.5, ridge=0.1)
    ensemble = predict.gradient_descent_mse_ensemble(NET, P.x, P.y, 0.5, 0.1, True)
    for t in (None, 0.0, 3.0, np.array([[1.0, 5.0]])):
        expected = ensemble(t, P.x_test, get, True)
        now = flow.at(t)
        assert_close(now.mean(P.x_test), expected.mean)
        assert_close(now.covariance(P.x_test), expected.covariance)
        diagonal = np.diagonal(expected.covariance, axis1=-2, axis2=-1)
        assert_close(now.variance(P.x_test), diagonal)


def test_training_set_is_the_default() -> None:
    posterior = predict.Posterior(NET, P.x, P.y, "ntk", ridge=0.3)
    assert_close(posterior.mean(), posterior.mean(P.x))
    assert_close(posterior.variance(), posterior.variance(P.x))
    assert_close(posterior.covariance(), posterior.covariance(P.x))


def test_ridges_share_one_decomposition() -> None:
    first = predict.Posterior(NET, P.x, P.y, "ntk")
    other = first.with_ridge(0.5)
    third = other.with_ridge(0.01)
    kernels: list[Any] = [p._field.kernels for p in (first, other, third)]
    spectra = [each.spectrum("ntk") for each in kernels]
    assert spectra[0] is spectra[1] is spectra[2]
    for posterior, ridge in ((other, 0.5), (third, 0.01), (first, 0.0)):
        alone = predict.Posterior(NET, P.x, P.y, "ntk", ridge=ridge)
        assert_close(posterior.mean(P.x_test), alone.mean(P.x_test))
        assert_close(posterior.covariance(P.x_test), alone.covariance(P.x_test))
    assert other.report.status == "eigh" and other.report.ridge == 0.5


@pytest.mark.parametrize(
    "factor", [None, [[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0, 0, 2]]]
)
def test_samples_have_the_moments(factor: Any) -> None:
    flow = predict.GradientFlow(NET, P.x, P.y, output_factor=factor).at(2.0)
    draws = flow.sample(P.x_test, n=20_000, seed=1)
    assert draws.shape == (20_000, 6, 3)
    np.testing.assert_array_equal(draws[:5], flow.sample(P.x_test, 20_000, 1)[:5])
    variance = flow.variance(P.x_test)
    if factor is None:
        variance = np.repeat(variance[:, None], 3, axis=1)
    error = (draws.mean(0) - flow.mean(P.x_test)) / np.sqrt(variance / 20_000)
    assert np.abs(error).max() < 4.5
    np.testing.assert_allclose(draws.var(0), variance, rtol=0.05)
    covariance = flow.covariance(P.x_test)
    joint = np.cov(draws[:, 0, 0], draws[:, 1, 1])[0, 1]
    if factor is None:
        assert covariance.shape == (6, 6)
        assert abs(joint) < 0.05 * variance.max()
    else:
        assert covariance.shape == (6, 6, 3, 3)
        assert variance.shape == (6, 3)
        assert abs(joint - covariance[0, 1, 0, 1]) < 0.05 * variance.max()


def test_one_output_without_an_axis() -> None:
    flow = predict.GradientFlow(NET, P.x, P.y[:, 0])
    assert flow.mean(P.x_test).shape == (6,)
    assert flow.at([1.0, 2.0]).mean(P.x_test).shape == (2, 6)
    assert flow.sample(P.x_test, 4, seed=0).shape == (4, 6)
    assert flow.t is None and flow.at(3.0).t == 3.0


def test_variances_are_never_negative() -> None:
    near = np.concatenate([P.x, P.x + 1e-9, P.x_test])
    for get in ("nngp", "ntk", "ntkgp"):
        assert (predict.Posterior(NET, P.x, P.y, get).variance(near) >= 0).all()
    times = np.concatenate([[0.0], np.logspace(-3, 9, 80), [np.inf]])
    for get in BOTH:
        flow = predict.GradientFlow(NET, P.x, P.y, get).at(times)
        assert (flow.variance(near) >= 0).all()
        diagonals = np.diagonal(flow.covariance(near), axis1=1, axis2=2)
        assert (diagonals >= 0).all()


def test_kernel_functions_of_full_kernels_give_variances() -> None:
    def kernel_fn(x1: Any, x2: Any, get: Any) -> Any:
        found = NET.kernel_fn(x1, x2, get)
        return found if isinstance(found, np.ndarray) else found._asdict()

    one = predict.GradientFlow(kernel_fn, P.x, P.y).variance(P.x_test)
    two = predict.GradientFlow(NET, P.x, P.y).variance(P.x_test)
    np.testing.assert_allclose(one, two, rtol=1e-12)


def test_named_tuples_can_be_pickled() -> None:
    found = predict.gp_inference(P.dd, P.y)(None, P.td, P.tt)
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.ntk.mean, found.ntk.mean)
