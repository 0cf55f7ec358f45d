"""Kernel gradient descent in discrete steps."""

import numpy as np
import pytest

from fastntk import predict
from tests.test_predict.problems import problem

P = problem()


def test_steps_are_powers_of_the_contraction() -> None:
    rate, n_steps = 0.8, 37
    result = predict.kernel_gradient_descent(P.dd.ntk, P.y, rate, n_steps)
    values, vectors = np.linalg.eigh(P.dd.ntk)
    left = (1 - rate * values / P.y.size) ** n_steps
    expected = P.y - vectors @ (left[:, None] * (vectors.T @ P.y))
    np.testing.assert_allclose(result.fx_train, expected, atol=1e-12)
    assert result.n_steps == n_steps and len(result.losses) == n_steps + 1
    assert result.status == "max_steps" and result.learning_rate == rate


@pytest.mark.parametrize("batch_size", [None, 7])
def test_small_steps_tend_to_the_flow(batch_size: int | None) -> None:
    flow = predict.gradient_descent_mse(P.dd.ntk, P.y)
    train, test = flow(4.0, 0.2, 0.1, P.td.ntk)
    errors = []
    for n_steps in (100, 400, 1600):
        result = predict.kernel_gradient_descent(
            P.dd.ntk,
            P.y,
            4.0 / n_steps,
            n_steps,
            batch_size=batch_size,
            fx_train_0=0.2,
        )
        found = result.predict(P.td.ntk, 0.1)
        errors.append(
            np.abs(found - test).max() + np.abs(result.fx_train - train).max()
        )
    order = np.log2(errors[0] / errors[-1]) / 4
    assert errors[-1] < 0.02
    assert order > (0.9 if batch_size is None else 0.4)


def test_momentum_tends_to_its_flow() -> None:
    times = 3.0  # sqrt(rate) times steps
    errors = []
    for n_steps in (200, 800):
        rate = (times / n_steps) ** 2
        momentum = 1 - 0.5 * np.sqrt(rate)  # friction -0.5
        flow = predict.gradient_descent("mse", P.dd.ntk, P.y, rate, momentum)
        result = predict.kernel_gradient_descent(
            P.dd.ntk, P.y, rate, n_steps, momentum=momentum
        )
        errors.append(np.abs(result.fx_train - flow(float(n_steps))).max())
    assert errors[1] < 0.3 * errors[0] < 0.05


@pytest.mark.parametrize(
    ("batch_size", "momentum"), [(None, 0.0), (None, 0.9), (4, 0.0), (1, 0.0), (5, 0.5)]
)
def test_the_interpolant_of_least_norm(batch_size: int | None, momentum: float) -> None:
    result = predict.kernel_gradient_descent(
        P.dd.ntk, P.y, None, 40_000, batch_size=batch_size, momentum=momentum, rtol=1e-9
    )
    assert result.status == "converged"
    best = np.linalg.solve(P.dd.ntk, P.y)
    np.testing.assert_allclose(result.coefficients, best, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(
        result.predict(P.td.ntk), P.td.ntk @ best, rtol=1e-6, atol=1e-7
    )
    norm = np.einsum("ik,ij,jk->", result.coefficients, P.dd.ntk, result.coefficients)
    np.testing.assert_allclose(norm, np.sum(P.y * best), rtol=1e-6)


def test_singular_kernels_get_the_pseudoinverse() -> None:
    twice = np.tile(np.arange(14), 2)
    kernel, y = P.dd.ntk[np.ix_(twice, twice)], P.y[twice]
    result = predict.kernel_gradient_descent(kernel, y, None, 20_000, rtol=1e-10)
    assert result.status == "converged"
    best = np.linalg.pinv(kernel, hermitian=True) @ y
    np.testing.assert_allclose(result.coefficients, best, rtol=1e-5, atol=1e-7)


def test_the_default_step_is_stable_and_the_edge_is_sharp() -> None:
    edge = predict.max_learning_rate(P.dd.ntk, P.y.size)
    below = predict.kernel_gradient_descent(P.dd.ntk, P.y, 0.99 * edge, 3000)
    assert below.losses[-1] < below.losses[0]
    with pytest.warns(UserWarning, match="grew 1e\\+08-fold; expected less than max"):
        above = predict.kernel_gradient_descent(P.dd.ntk, P.y, 1.05 * edge, 3000)
    assert above.status == "diverged" and above.n_steps < 3000
    default = predict.kernel_gradient_descent(P.dd.ntk, P.y, n_steps=5)
    np.testing.assert_allclose(default.learning_rate, edge / 2)


def test_the_seed_decides_the_order_of_the_samples() -> None:
    runs = [
        predict.kernel_gradient_descent(
            P.dd.ntk, P.y, 0.5, 9, batch_size=4, seed=seed
        ).fx_train
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.abs(runs[0] - runs[2]).max() > 1e-6


def test_a_batch_of_everything_is_the_full_step() -> None:
    full = predict.kernel_gradient_descent(P.dd.ntk, P.y, 0.5, 20)
    batch = predict.kernel_gradient_descent(P.dd.ntk, P.y, 0.5, 20, batch_size=14)
    np.testing.assert_allclose(full.fx_train, batch.fx_train, rtol=1e-12)
    np.testing.assert_allclose(full.losses, batch.losses, rtol=1e-12)


def test_nothing_to_do() -> None:
    result = predict.kernel_gradient_descent(P.dd.ntk, P.y, 0.5, 0)
    assert result.n_steps == 0 and (result.coefficients == 0).all()
    done = predict.kernel_gradient_descent(P.dd.ntk, P.y, 0.5, 9, fx_train_0=P.y)
    assert (done.coefficients == 0).all()
