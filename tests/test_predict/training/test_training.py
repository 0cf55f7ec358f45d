"""Prediction against the training of real networks, wide but finite."""

import numpy as np
import pytest
from scipy.special import erf

from fastntk import predict, stax

W_STD, B_STD = 1.4, 0.2
NET = stax.serial(
    stax.Dense(1, W_std=W_STD, b_std=B_STD),
    stax.Erf(),
    stax.Dense(1, W_std=W_STD, b_std=B_STD),
)


class Ensemble:
    """Networks of one hidden layer in the NTK parameterization, trained together."""

    def __init__(self, n_networks: int, width: int, d: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.w1 = rng.standard_normal((n_networks, d, width))
        self.b1 = rng.standard_normal((n_networks, 1, width))
        self.w2 = rng.standard_normal((n_networks, width, 1))
        self.b2 = rng.standard_normal((n_networks, 1, 1))
        self.scale1 = W_STD / np.sqrt(d)
        self.scale2 = W_STD / np.sqrt(width)

    def hidden(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self.scale1 * (x @ self.w1) + B_STD * self.b1)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        found = self.scale2 * (erf(self.hidden(x)) @ self.w2) + B_STD * self.b2
        return np.asarray(found)

    def step(self, x: np.ndarray, y: np.ndarray, rate: float) -> None:
        """Take a full-batch step on ``0.5 mean((f - y)^2)``."""
        before = self.hidden(x)
        after = erf(before)
        error = self.scale2 * (after @ self.w2) + B_STD * self.b2 - y
        error *= rate / y.size
        back = error @ self.w2.swapaxes(1, 2) * self.scale2
        back *= 2 / np.sqrt(np.pi) * np.exp(-(before**2))
        self.w2 -= self.scale2 * (after.swapaxes(1, 2) @ error)
        self.b2 -= B_STD * error.sum(axis=1, keepdims=True)
        self.w1 -= self.scale1 * (x.T @ back)
        self.b1 -= B_STD * back.sum(axis=1, keepdims=True)


def compare(n: int, m: int, n_networks: int, width: int, n_steps: int) -> None:
    """Train on the diabetes data and compare at three times."""
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = datasets.load_diabetes(return_X_y=True)
    x, y = (x / x.std(axis=0))[: n + m], ((y - y.mean()) / y.std())[: n + m, None]
    train, test = slice(0, n), slice(n, n + m)
    edge = predict.max_learning_rate(NET.kernel_fn(x[train], None, "ntk"))
    rate = 0.05 * edge
    networks = Ensemble(n_networks, width, x.shape[1], seed=0)
    stops = (n_steps // 10, n_steps // 3, n_steps)
    found = []
    for step in range(1, n_steps + 1):
        networks.step(x[train], y[train], rate)
        if step in stops:
            found.append(networks.outputs(x[test])[:, :, 0])
    flow = predict.gradient_descent_mse_ensemble(NET, x[train], y[train], rate)
    mean, covariance = flow(stops, x[test], "ntk", True)
    mean, variance = mean[..., 0], np.diagonal(covariance, axis1=1, axis2=2)
    draws = np.array(found)  # (times, networks, points)
    z_mean = (draws.mean(1) - mean) / np.sqrt(variance / n_networks)
    z_variance = (draws.var(1, ddof=1) / variance - 1) / np.sqrt(2 / (n_networks - 1))
    for z in (z_mean, z_variance):
        assert np.abs(z).max() < 4.5
        assert np.sqrt((z**2).mean(axis=1)).max() < 1.8


def test_mean_and_variance_of_trained_networks() -> None:
    compare(n=20, m=12, n_networks=120, width=384, n_steps=90)


@pytest.mark.slow
def test_mean_and_variance_of_many_wider_networks() -> None:
    compare(n=40, m=20, n_networks=200, width=1024, n_steps=150)
