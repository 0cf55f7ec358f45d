"""Predictions and theory: what many times cost, and how far estimates are off."""

import numpy as np

import fastntk
from bench.data import spread_rows
from bench.nets import build
from bench.suite.measure import needs, ratio
from fastntk import stax

NET = build(stax, "relu-3", 20)


def track_thousand_times_over_one() -> float:
    """Return the time of 1,000 training times over that of one, n = 2,000."""
    needs("predict.GradientFlow")
    x = spread_rows(2_000, 20)
    y, x_new = np.sin(x[:, :10]), spread_rows(100, 20, seed=1)

    def at(times: object) -> object:
        flow = fastntk.predict.GradientFlow(NET, x, y)
        return flow.at(times).mean(x_new)

    return ratio(lambda: at(np.logspace(-1, 5, 1_000)), lambda: at(10.0), repeats=2)


def track_kare_error() -> float:
    """Return KARE's largest relative error against 2,000 fresh rows, n = 500."""
    needs("theory.kare")
    rng = np.random.default_rng(0)
    worst = []
    for seed in range(10):
        x, x_new = spread_rows(500, 5, seed=seed), spread_rows(2_000, 5, seed=seed + 10)
        y, y_new = np.sin(2 * x[:, 0]), np.sin(2 * x_new[:, 0])
        noise = 0.1 * rng.standard_normal((2, len(x_new)))
        y, y_new = y + noise[0, : len(x)], y_new + noise[1]
        kernel, cross = fastntk.gram(NET, x), fastntk.gram(NET, x_new, x)
        unit = np.trace(kernel) / len(x)
        for ridge in unit * np.logspace(-4, 1, 6):
            found = fastntk.theory.kare(fastntk.theory.decompose(kernel, y), ridge)
            fit = cross @ np.linalg.solve(kernel + ridge * np.eye(len(x)), y)
            worst.append(abs(found.test_mse / np.mean((fit - y_new) ** 2) - 1))
    return float(max(worst))


track_thousand_times_over_one.unit = "x"  # type: ignore[attr-defined]
track_kare_error.unit = "relative"  # type: ignore[attr-defined]
