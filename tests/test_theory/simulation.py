"""Kernel ridge regression on targets of known spectrum, measured on new rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import eval_gegenbauer

import fastntk
from fastntk import stax, theory

Array = NDArray[np.float64]

RIDGES = (1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0)  # in units of tr(K) / n
DEGREES = (0, 1, 2, 3, 4)
NOISE = 0.02


def network(name: str = "relu") -> stax.Network:
    """Return two hidden layers with biases, "relu" or "erf"."""
    activation = stax.Relu() if name == "relu" else stax.Erf()
    hidden = [stax.Dense(1, W_std=2**0.5, b_std=0.3), activation]
    return stax.serial(*2 * hidden, stax.Dense(1, W_std=1.0, b_std=0.3))


def sphere_rows(rng: np.random.Generator, n: int, d: int) -> Array:
    """Return rows uniform on the sphere of radius sqrt(d)."""
    x = rng.normal(size=(n, d))
    return np.asarray(x * np.sqrt(d) / np.linalg.norm(x, axis=1, keepdims=True))


def legendre(cosines: Array, degree: int, d: int) -> Array:
    """Return the Gegenbauer polynomial that is 1 at 1 (d >= 3)."""
    alpha = (d - 2) / 2
    value = eval_gegenbauer(degree, alpha, np.clip(cosines, -1, 1))
    return np.asarray(value / eval_gegenbauer(degree, alpha, 1.0))


@dataclass(frozen=True)
class Targets:
    """Random harmonics: centres (n_outputs, n_centres, d) and weights by degree."""

    centres: Array
    weights: Array  # (n_degrees, n_outputs, n_centres)

    @classmethod
    def draw(cls, rng: np.random.Generator, n_outputs: int, d: int) -> "Targets":
        centres = sphere_rows(rng, n_outputs * 20, d).reshape(n_outputs, 20, d)
        weights = rng.normal(size=(len(DEGREES), n_outputs, 20))
        targets = cls(centres / np.sqrt(d), weights)
        wanted = 0.5 ** np.array(DEGREES)[:, None]  # mean squares of the degrees
        scale = np.sqrt(wanted / targets.power())
        return cls(targets.centres, weights * scale[:, :, None])

    def power(self) -> Array:
        """Return the exact mean square of each degree, (n_degrees, n_outputs)."""
        d = self.centres.shape[-1]
        cosines = self.centres @ self.centres.transpose(0, 2, 1)
        rows = []
        for degree, weights in zip(DEGREES, self.weights, strict=True):
            form = legendre(cosines, degree, d) / theory.sphere_multiplicity(d, degree)
            rows.append(np.einsum("oi,oij,oj->o", weights, form, weights))
        return np.array(rows)

    def __call__(self, x: Array) -> Array:
        """Return targets of shape (n, n_outputs), without noise."""
        d = x.shape[1]
        columns = []
        for centres, weights in zip(
            self.centres, self.weights.transpose(1, 0, 2), strict=True
        ):
            cosines = x @ centres.T / np.sqrt(d)
            parts = [
                legendre(cosines, degree, d) @ w
                for degree, w in zip(DEGREES, weights, strict=True)
            ]
            columns.append(np.sum(parts, axis=0))
        return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Outcome:
    """Relative deviations from the measured test error, for every ridge."""

    kare: Array
    eigenlearning: Array


def deviations(
    seed: int, n: int, n_test: int, n_outputs: int, *, d: int = 10, name: str = "relu"
) -> Outcome:
    """Train on n rows, measure on n_test, and compare both predictions."""
    rng = np.random.default_rng(seed)
    targets = Targets.draw(rng, n_outputs, d)
    x, x_test = sphere_rows(rng, n, d), sphere_rows(rng, n_test, d)
    spread = np.sqrt(NOISE)
    y = targets(x) + spread * rng.normal(size=(n, n_outputs))
    y_test = targets(x_test) + spread * rng.normal(size=(n_test, n_outputs))
    net = network(name)
    k, k_test = fastntk.gram(net, x), fastntk.gram(net, x_test, x)
    ridges = np.array(RIDGES) * np.trace(k) / n
    measured = ridge_errors(k, y, k_test, y_test, ridges)
    spectrum = theory.sphere_spectrum(net, d, 24)
    power = np.zeros(24)
    power[list(DEGREES)] = targets.power().mean(axis=1)
    expected = theory.eigenlearning(
        spectrum.eigenvalues,
        power,
        n,
        ridges,
        noise=NOISE,
        multiplicities=spectrum.multiplicities,
        tail=spectrum.tail,
    )
    estimated = theory.kare(theory.decompose(k, y), ridges)
    return Outcome(
        kare=estimated.test_mse / measured - 1.0,
        eigenlearning=expected.test_mse / measured - 1.0,
    )


def ridge_errors(
    k: Array, y: Array, k_test: Array, y_test: Array, ridges: Sequence[float] | Array
) -> Array:
    """Return the measured test error of kernel ridge regression for every ridge."""
    values, vectors = np.linalg.eigh(k)
    projected, features = vectors.T @ y, k_test @ vectors
    errors = [
        np.mean((features @ (projected / (values + r)[:, None]) - y_test) ** 2)
        for r in ridges
    ]
    return np.array(errors)
