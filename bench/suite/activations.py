"""Any activation at closed-form speed, and networks that collapse to one function."""

from typing import Any

import numpy as np

import fastntk
from bench.data import spread_rows
from bench.figures.session import deviation
from bench.suite.measure import best_of, ratio
from fastntk import stax

D = 20


def rows(norms: str, n: int = 2_000, dtype: str = "float64") -> Any:
    """Return rows of equal norms, or of norms that put variances from 0.1 to 10."""
    x = spread_rows(n, D, np.float64)
    x *= np.sqrt(D) / np.linalg.norm(x, axis=1, keepdims=True)
    if norms == "spread":
        scales = np.exp(np.random.default_rng(0).uniform(np.log(0.1), np.log(10), n))
        x *= np.sqrt(scales)[:, None]
    return x.astype(dtype)


def network(activation: str, depth: int) -> stax.Network:
    """Return ``depth`` hidden layers and a linear read-out."""
    if not hasattr(stax, activation):
        raise NotImplementedError(f"stax.{activation} is not there yet")
    layer = stax.serial(stax.Dense(64, 1.0, 0.1), getattr(stax, activation)())
    return stax.serial(*[layer] * depth, stax.Dense(1))


class Tanh:
    """Three layers of tanh, certified to 1e-12, beside three of our own Relu."""

    params = ("spread", "equal")
    param_names = ("norms",)

    def setup(self, norms: str) -> None:
        """Make the inputs."""
        self.x = rows(norms)
        self.out = np.zeros((len(self.x), len(self.x)))
        self.tanh, self.relu = network("Tanh", 3), network("Relu", 3)

    def track_over_relu(self, norms: str) -> float:
        """Time over that of the Relu network on the same rows."""
        return ratio(
            lambda: fastntk.gram(self.tanh, self.x, out=self.out),
            lambda: fastntk.gram(self.relu, self.x, out=self.out),
            repeats=3,
        )

    def track_prepare_seconds(self, norms: str) -> float:
        """Time of coefficients and tables of 10,000 rows: their kernel with one row."""
        x = rows(norms, 10_000)
        return best_of(lambda: fastntk.gram(self.tanh, x, x[:1]), 2)

    def track_true_error(self, norms: str) -> float:
        """Largest error of 256 entries against quadrature in the plane."""
        few = self.x[:: len(self.x) // 16][:16]
        by_quadrature = stax.Elementwise(np.tanh, method="quadrature")
        layer = stax.serial(stax.Dense(64, 1.0, 0.1), by_quadrature)
        exact = fastntk.gram(stax.serial(*[layer] * 3, stax.Dense(1)), few)
        return deviation(fastntk.gram(self.tanh, few), exact)

    track_true_error.unit = "relative"  # type: ignore[attr-defined]
    track_over_relu.unit = "x"  # type: ignore[attr-defined]
    track_prepare_seconds.unit = "s"  # type: ignore[attr-defined]


def track_kinked_over_relu(activation: str) -> float:
    """Return the time of a layer with kinks over that of Relu, rows of any norms."""
    x = rows("spread")
    out = np.zeros((len(x), len(x)))
    kinked, relu = network(activation, 1), network("Relu", 1)
    return ratio(
        lambda: fastntk.gram(kinked, x, out=out),
        lambda: fastntk.gram(relu, x, out=out),
        repeats=2,
    )


track_kinked_over_relu.params = ("HardTanh", "Elu")  # type: ignore[attr-defined]
track_kinked_over_relu.param_names = ("activation",)  # type: ignore[attr-defined]
track_kinked_over_relu.unit = "x"  # type: ignore[attr-defined]


def track_depth_is_free(dtype: str) -> float:
    """Return the time of 100 Relu layers over that of 3, on rows of equal norms."""
    x = rows("equal", 4_000, dtype)
    out = np.zeros((len(x), len(x)), dtype)
    deep, shallow = network("Relu", 100), network("Relu", 3)
    return ratio(
        lambda: fastntk.gram(deep, x, out=out),
        lambda: fastntk.gram(shallow, x, out=out),
    )


track_depth_is_free.params = ("float64", "float32")  # type: ignore[attr-defined]
track_depth_is_free.param_names = ("dtype",)  # type: ignore[attr-defined]
track_depth_is_free.unit = "x"  # type: ignore[attr-defined]
