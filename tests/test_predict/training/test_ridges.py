"""Ridges per training point and per output in the predictors, against dense algebra."""

from typing import Any

import numpy as np
import pytest
from scipy.linalg import expm

import fastntk
from fastntk import InputError, predict, stax

N, K, M = 30, 3, 6
NET = stax.serial(
    stax.Dense(1, W_std=1.5, b_std=0.3),
    stax.Relu(),
    stax.Dense(1, W_std=1.5, b_std=0.3),
)
RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((N, 3)), RNG.standard_normal((N, K))
NEW = RNG.standard_normal((M, 3))
BY_ROW = 10.0 ** RNG.uniform(-2, 0.5, N)
BY_OUTPUT = np.array([[0.1, 2.0, 1e-2]])
BOTH = ("nngp", "ntk")
KERNELS = {
    get: (
        fastntk.gram(NET, X, get=get),
        fastntk.gram(NET, NEW, X, get=get),
        fastntk.gram(NET, NEW, get=get),
    )
    for get in BOTH
}
CASES = [
    (get, time)
    for get in ("nngp", "ntk", "ntkgp")
    for time in (None, 3.0)
    if get != "ntkgp" or time is None
]


def direct(get: str, ridge: Any, time: Any) -> tuple[Any, Any, Any]:
    """Return mean and covariance at new points, and the mean at the old ones."""
    tangent, across, _ = KERNELS["nngp" if get == "nngp" else "ntk"]
    shifted = tangent + np.diag(np.broadcast_to(ridge, N))
    inverse = np.linalg.inv(shifted)
    reached = inverse
    if time is not None:
        reached = inverse @ (np.eye(N) - expm(-shifted * time))
    a = across @ reached
    kernel, cross, own = KERNELS["ntk" if get == "ntkgp" else "nngp"]
    if get == "ntk":
        covariance = own + a @ kernel @ a.T - a @ cross.T - cross @ a.T
    elif time is None:
        covariance = own - cross @ inverse @ cross.T
    else:
        both = inverse @ (np.eye(N) - expm(-2 * shifted * time))
        covariance = own - across @ both @ across.T
    return a @ Y, covariance, tangent @ reached @ Y


def made(get: str, time: Any, ridge: Any, method: str) -> Any:
    if time is None:
        return predict.Posterior(NET, X, Y, get, ridge=ridge, method=method)
    flow = predict.GradientFlow(NET, X, Y, get, ridge=ridge, method=method)
    return flow.at(time * Y.size)


@pytest.mark.parametrize("method", ["dense", "operator"])
@pytest.mark.parametrize(("get", "time"), CASES)
def test_one_per_training_point(get: str, time: Any, method: str) -> None:
    found = made(get, time, BY_ROW, method)
    mean, covariance, fitted = direct(get, BY_ROW, time)
    np.testing.assert_allclose(found.mean(NEW), mean, atol=1e-6)
    np.testing.assert_allclose(found.mean(), fitted, atol=1e-6)
    np.testing.assert_allclose(found.covariance(NEW), covariance, atol=1e-6)
    np.testing.assert_allclose(found.variance(NEW), covariance.diagonal(), atol=1e-6)
    assert found.report.ridge == pytest.approx(BY_ROW.mean())
    other = made(get, time, 0.3, method).with_ridge(BY_ROW)
    np.testing.assert_allclose(other.mean(NEW), mean, atol=1e-6)
    back = other.with_ridge(0.3)
    np.testing.assert_allclose(back.mean(NEW), direct(get, 0.3, time)[0], atol=1e-6)


@pytest.mark.parametrize("method", ["dense", "operator"])
@pytest.mark.parametrize(("get", "time"), CASES)
def test_one_per_output(get: str, time: Any, method: str) -> None:
    found = made(get, time, BY_OUTPUT, method)
    each = [direct(get, ridge, time) for ridge in BY_OUTPUT[0]]
    mean = np.stack([each[j][0][:, j] for j in range(K)], axis=1)
    fitted = np.stack([each[j][2][:, j] for j in range(K)], axis=1)
    np.testing.assert_allclose(found.mean(NEW), mean, atol=1e-6)
    np.testing.assert_allclose(found.mean(), fitted, atol=1e-6)
    covariance = found.covariance(NEW)
    assert covariance.shape == (M, M, K, K)
    assert not covariance[:, :, 0, 1].any()
    variance = found.variance(NEW)
    for j in range(K):
        np.testing.assert_allclose(covariance[:, :, j, j], each[j][1], atol=1e-6)
        np.testing.assert_allclose(variance[:, j], each[j][1].diagonal(), atol=1e-6)
    assert found.sample(NEW, 4, seed=0).shape == (4, M, K)
    other = made(get, time, BY_ROW, method).with_ridge(BY_OUTPUT)
    np.testing.assert_allclose(other.mean(NEW), mean, atol=1e-6)
    back = other.with_ridge(0.1)
    assert back.variance(NEW).shape == (M,)
    np.testing.assert_allclose(back.mean(NEW)[:, 0], mean[:, 0], atol=1e-6)


def test_predictors_of_kernels_in_numbers() -> None:
    kernels = NET.kernel_fn(X, None, BOTH)
    tests = NET.kernel_fn(NEW, X, BOTH), NET.kernel_fn(NEW, None, BOTH)
    given = predict.gp_inference(kernels, Y, BY_ROW, True)
    mean, covariance, _ = direct("ntk", BY_ROW, None)
    found = given("ntk", *tests)
    np.testing.assert_allclose(found.mean, mean, atol=1e-9)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-9)
    relative = predict.gp_inference(kernels, Y, BY_ROW)("ntk", tests[0])
    scale = KERNELS["ntk"][0].diagonal().mean()
    np.testing.assert_allclose(relative, direct("ntk", BY_ROW * scale, None)[0])
    flow = predict.gradient_descent_mse(
        kernels.ntk, Y, diag_reg=BY_ROW, diag_reg_absolute_scale=True
    )
    shifted = KERNELS["ntk"][0] + np.diag(BY_ROW)
    wanted = (np.eye(N) - expm(-3.0 * shifted)) @ Y
    np.testing.assert_allclose(flow(3.0 * Y.size), wanted, atol=1e-9)
    ensemble = predict.gradient_descent_mse_ensemble(
        NET, X, Y, diag_reg=BY_OUTPUT, diag_reg_absolute_scale=True
    )
    mean, covariance = ensemble(3.0 * Y.size, NEW, "ntk", True)
    wanted = direct("ntk", 2.0, 3.0)
    np.testing.assert_allclose(mean[:, 1], wanted[0][:, 1], atol=1e-9)
    np.testing.assert_allclose(covariance[:, :, 1, 1], wanted[1], atol=1e-9)


@pytest.mark.parametrize("method", ["dense", "operator"])
@pytest.mark.filterwarnings("ignore::fastntk.ConditionWarning")
def test_equal_points_without_noise_are_those_of_the_pseudoinverse(method: str) -> None:
    x, y = np.concatenate([X, X[:3]]), np.concatenate([Y, Y[:3] + 1.0])
    ridge = np.concatenate([BY_ROW, BY_ROW[:3]])
    ridge[[0, N]] = 0.0
    inverse = np.linalg.pinv(fastntk.gram(NET, x, get="nngp") + np.diag(ridge))
    wanted = fastntk.gram(NET, NEW, x, get="nngp") @ inverse @ y
    found = predict.Posterior(NET, x, y, ridge=ridge, method=method).mean(NEW)
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_outputs_that_the_kernel_tells_apart_share_the_ridge_of_their_point() -> None:
    matrix = KERNELS["ntk"][0]
    factor = np.array([[1.0, 0.3, 0.0], [0.3, 1.0, 0.2], [0.0, 0.2, 1.0]])
    kernel = np.einsum("nm,ab->nmab", matrix, factor)
    joint = np.kron(matrix, factor) + np.diag(np.repeat(BY_ROW, K))
    flow = predict.gradient_descent_mse(
        kernel, Y, diag_reg=BY_ROW, diag_reg_absolute_scale=True, trace_axes=()
    )
    wanted = (np.eye(N * K) - expm(-joint)) @ Y.ravel()
    np.testing.assert_allclose(flow(1.0 * Y.size).ravel(), wanted, atol=1e-9)


@pytest.mark.parametrize(
    ("ridge", "message"),
    [
        (np.ones(K), r"found shape \(3,\).*np.reshape"),
        (np.ones((N, K)), r"found shape \(30, 3\)"),
        (np.ones((N, 1)), r"found shape \(30, 1\).*np.ravel"),
        (np.ones((1, 2)), r"found shape \(1, 2\)"),
        (np.where(np.arange(N) == 4, -1.0, 1.0), "found -1.0 for row 4"),
        (np.full((1, K), np.nan), "found nan for target 0"),
        (np.ma.masked_array(np.ones(N), np.arange(N) == 2), "found a masked array"),
        ([[1.0], [1.0, 2.0]], "found a list that is no array"),
        ("a", "found 'a'"),
        (None, "found None"),
        (-1.0, "found -1.0"),
    ],
)
def test_ridges_that_do_not_fit(ridge: Any, message: str) -> None:
    for call in (predict.Posterior, predict.GradientFlow):
        with pytest.raises(InputError, match=f"ridge: {message}"):
            call(NET, X, Y, ridge=ridge)
        with pytest.raises(InputError, match=f"ridge: {message}"):
            call(NET, X, Y).with_ridge(ridge)
    with pytest.raises(InputError, match="diag_reg: found"):
        predict.gp_inference(NET.kernel_fn(X, None, BOTH), Y, ridge)
    with pytest.raises(InputError, match="diag_reg: found"):
        predict.gradient_descent_mse_ensemble(NET, X, Y, diag_reg=ridge)


def test_a_factor_of_the_outputs_takes_one_number() -> None:
    for ridge in (BY_ROW, BY_OUTPUT):
        with pytest.raises(InputError, match="found an array with output_factor"):
            predict.Posterior(NET, X, Y, ridge=ridge, output_factor=np.eye(K))
