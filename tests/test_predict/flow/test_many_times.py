"""Thousands of times cost and say the same as a few."""

import numpy as np
import pytest

from fastntk import predict
from fastntk.predict.flow import eigen_groups, time_filters
from fastntk.predict.training.moments import spread
from fastntk.solvers.direct.psd import growth
from tests.test_predict.problems import BOTH, NET, problem

P = problem(n=120, m=9, k=2)
RANGES = {
    "log": np.logspace(-3, 8, 600),
    "linear": np.linspace(0, 5000, 500),
    "ends": np.concatenate([[0.0], np.logspace(-9, 6, 300), [np.inf]]),
    "same": np.full(100, 3.0),
}


@pytest.mark.parametrize("times", RANGES.values(), ids=RANGES)
@pytest.mark.parametrize("get", BOTH)
def test_many_times_equal_single_ones(get: str, times: np.ndarray) -> None:
    flow = predict.GradientFlow(NET, P.x, P.y, get)
    many = flow.at(times)
    some = slice(0, None, 37)
    for method in ("mean", "variance", "covariance"):
        found = getattr(many, method)(P.x_test)[some]
        expected = getattr(flow.at(times[some]), method)(P.x_test)
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10 * scale)


@pytest.mark.parametrize("low", [1e-1, 1e-6, 1e-13, 1e-18])
def test_a_few_dozen_times_carry_thousands(low: float) -> None:
    values = np.sort(np.geomspace(low, 1.0, 500))
    times = np.logspace(-2, 5, 4000)
    cutoff = 500 * 2.2e-16
    for choose in (time_filters.nodes_for_means, time_filters.nodes_for_covariances):
        nodes = choose(values, times, cutoff)
        assert nodes.combine is not None and len(nodes.chosen) < 120
        assert np.abs(nodes.combine).max() < 1e4
    h = growth(values, times, cutoff) * np.maximum(values, cutoff)
    for i in (0, 100, 499):
        product = h * h[:, [i]]
        found = nodes.expand(product[nodes.chosen])
        np.testing.assert_allclose(found, product, rtol=0, atol=1e-11)


def test_few_times_are_computed_one_by_one() -> None:
    nodes = time_filters.nodes_for_means(np.ones(3), np.arange(5.0), 1e-15)
    assert nodes.combine is None and len(nodes.chosen) == 5


def test_what_does_not_follow_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time_filters, "_ACCEPTED", 0.0)
    values, times = np.geomspace(1e-3, 1, 50), np.logspace(0, 3, 100)
    for choose in (time_filters.nodes_for_means, time_filters.nodes_for_covariances):
        assert choose(values, times, 1e-14).combine is None


def test_training_curves_of_many_times() -> None:
    times = np.logspace(-2, 5, 300)
    flow = predict.gradient_descent_mse(P.dd.ntk, P.y)
    many = flow(times, 0.5)
    expected = flow(times[::50], 0.5)
    np.testing.assert_allclose(many[::50], expected, atol=1e-11)


@pytest.mark.parametrize("null", [0, 30])
def test_products_that_all_times_share(null: int) -> None:
    rng = np.random.default_rng(0)
    values = np.sort(np.concatenate([np.zeros(null), np.geomspace(1e-3, 1, 250)]))
    times, cutoff = np.array([0.0, *np.logspace(-2, 14, 150), np.inf]), 1e-13
    root = rng.standard_normal((250 + null, 250 + null)) * np.sqrt(values[:, None])
    left, rows = rng.standard_normal((2, 7, 250 + null)) * np.sqrt(values)
    filters = eigen_groups.filter_basis(values, times, cutoff)
    assert filters.is_worthwhile()
    expected = spread(growth(values, times, cutoff), left, root, rows, False)
    found = eigen_groups.covariances(filters, left, root, rows)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * scale)
    np.testing.assert_array_equal(found, found.transpose(0, 2, 1))
    diagonals = eigen_groups.variances(filters, left, root, rows)
    wanted = np.einsum("tmm->tm", expected)
    np.testing.assert_allclose(diagonals, wanted, rtol=0, atol=1e-12 * scale)
