"""Singular and ill-conditioned kernels: what is done, and what is said."""

import warnings

import numpy as np
import pytest

from fastntk import predict
from fastntk._errors import ConditionWarning, InputError
from tests.test_predict.problems import BOTH, NET, problem

P = problem()
TWICE = np.concatenate([P.x, P.x[:4]])
LABELS = np.concatenate([P.y, P.y[:4]])


@pytest.mark.parametrize("get", BOTH)
def test_duplicates_with_equal_labels_change_nothing(get: str) -> None:
    posterior = predict.Posterior(NET, TWICE, LABELS, get)
    with pytest.warns(ConditionWarning, match="pseudoinverse, rank 14"):
        mean = posterior.mean(P.x_test)
    alone = predict.Posterior(NET, P.x, P.y, get)
    np.testing.assert_allclose(mean, alone.mean(P.x_test), rtol=1e-8, atol=1e-10)
    covariance = posterior.covariance(P.x_test)
    np.testing.assert_allclose(
        covariance, alone.covariance(P.x_test), rtol=1e-8, atol=1e-10
    )
    report = posterior.report
    assert (report.status, report.rank, report.n) == ("pseudoinverse", 14, 18)
    assert report.condition_number > 1e14
    assert 0 < report.cutoff < 1e-10


def test_duplicates_with_other_labels_are_averaged() -> None:
    labels = LABELS.copy()
    labels[14:] += 1.0
    posterior = predict.Posterior(NET, TWICE, labels, "ntk")
    with pytest.warns(ConditionWarning):
        fitted = posterior.mean(P.x[:4])
    np.testing.assert_allclose(fitted, P.y[:4] + 0.5, rtol=1e-7)


@pytest.mark.parametrize("get", BOTH)
def test_infinite_time_is_the_pseudoinverse(get: str) -> None:
    flow = predict.GradientFlow(NET, TWICE, LABELS, get)
    with pytest.warns(ConditionWarning):
        end = flow.mean(P.x_test)
    with pytest.warns(ConditionWarning):
        late = flow.at(np.inf).mean(P.x_test)
    np.testing.assert_allclose(late, end, rtol=1e-8, atol=1e-10)
    with pytest.warns(ConditionWarning):
        late_variance = flow.at(1e25).variance(P.x_test)
    np.testing.assert_allclose(
        late_variance, flow.variance(P.x_test), rtol=1e-7, atol=1e-9
    )


def test_finite_times_need_no_inverse() -> None:
    flow = predict.GradientFlow(NET, TWICE, LABELS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = flow.at([0.0, 1.0, 100.0]).covariance(P.x_test)
    assert np.isfinite(found).all() and (np.linalg.eigvalsh(found) > -1e-12).all()


def test_a_ridge_removes_the_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        posterior = predict.Posterior(NET, TWICE, LABELS, ridge=1e-6)
        posterior.mean(P.x_test)
    assert posterior.report.status == "cholesky"


def test_modes_below_the_rounding_are_followed_as_long_as_they_are_known() -> None:
    # Gaussian kernel: eigenvalues fall below the rounding long before n.
    x = np.linspace(0, 1, 60)[:, None]
    kernel = np.exp(-((x - x.T) ** 2))
    cross = np.exp(-((np.array([[0.123]]) - x.T) ** 2))
    y = np.random.default_rng(0).standard_normal((60, 1))
    flow = predict.gradient_descent_mse(kernel, y)
    found = flow(100.0, None, 0.0, cross)
    small = 100.0 / 60 / 20_000  # midpoint steps need no eigenvalues
    dual = np.zeros_like(y)
    for _ in range(20_000):
        middle = kernel @ (dual - small / 2 * (kernel @ dual - y))
        dual -= small * (middle - y)
    np.testing.assert_allclose(found, cross @ dual, rtol=1e-6)


def test_cutoff_follows_the_dtype_of_the_kernel() -> None:
    for dtype, rank in ((np.float64, 14), (np.float32, 10)):
        values = np.geomspace(1e-8, 1.0, 14)
        vectors = np.linalg.qr(np.random.default_rng(0).standard_normal((14, 14)))[0]
        kernel = ((vectors * values) @ vectors.T).astype(dtype)
        kernel = (kernel + kernel.T) / 2
        posterior = predict.gp_inference(kernel, P.y)
        if dtype == np.float64:
            posterior("ntk", P.td.ntk)
        else:
            with pytest.warns(ConditionWarning, match="of|rank"):
                posterior("ntk", P.td.ntk)
        assert posterior.reports["ntk"].rank == pytest.approx(rank, abs=1)


def test_indefinite_kernels_are_refused() -> None:
    kernel = np.diag(np.arange(14.0) - 3)
    with pytest.raises(InputError, match=r"eigenvalue -3, .*positive semi-definite"):
        predict.gradient_descent_mse(kernel, P.y)(1.0)
    with pytest.raises(InputError, match="positive semi-definite"):
        predict.gp_inference(kernel, P.y)("ntk", P.td.ntk)


def test_zero_kernel() -> None:
    zero = np.zeros((3, 3))
    with pytest.warns(ConditionWarning, match="rank 0"):
        found = predict.gp_inference(zero, np.ones((3, 1)))("nngp", zero, zero)
    assert (found.mean == 0).all() and (found.covariance == 0).all()
    assert (predict.gradient_descent_mse(zero, np.ones((3, 1)))([0.0, 5.0]) == 0).all()


def test_report_reads_as_a_sentence() -> None:
    posterior = predict.Posterior(NET, P.x, P.y, ridge=0.1)
    text = str(posterior.report)
    assert text.startswith("nngp: 14 x 14 with 0.1 on the diagonal, condition number")
    assert text.endswith("solved by cholesky")
    number = posterior.report.condition_number
    exact = np.linalg.cond(P.dd.nngp + 0.1 * np.eye(14))
    assert exact / 3 < number < 14 * exact
