"""The demonstration's computation: handwritten digits, ten splits, no printing."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fastntk import stax
from fastntk.calls import gram
from fastntk.cli.demo.ridge import fit_ridge

__all__ = [
    "Digits",
    "Overview",
    "Split",
    "evaluate_split",
    "load_digits",
    "network",
    "overview",
    "warm_up",
]

RELATIVE_RIDGES = (1e-6, 1e-4, 1e-3, 1e-2, 1e-1)
CURVE_SIZES = (50, 100, 200, 400, 800)
N_CLASSES = 10


@dataclass(frozen=True)
class Digits:
    """Images (n, 64) with pixels from 0 to 1, and their labels (n,)."""

    images: NDArray[np.floating]
    labels: NDArray[np.intp]


@dataclass(frozen=True)
class Split:
    """What one 80/20 split gave; times in seconds."""

    seed: int
    n_train: int
    n_test: int
    ridge: float
    accuracy: float
    curve: tuple[tuple[int, float], ...]  # (training rows, accuracy)
    gram_seconds: float
    solve_seconds: float

    @property
    def n_entries(self) -> int:
        """Entries of the training and the test Gram matrix together."""
        return self.n_train * (self.n_train + self.n_test)


@dataclass(frozen=True)
class Overview:
    """The kernel of all rows sorted by class, and its eigenvalues, largest first."""

    kernel: NDArray[np.floating]
    labels: NDArray[np.intp]
    eigenvalues: NDArray[np.float64]


def network() -> stax.Network:
    """Return the network: three hidden ReLU layers, with small biases."""
    hidden = [stax.Dense(512, W_std=1.5, b_std=0.1), stax.Relu()]
    return stax.serial(*3 * hidden, stax.Dense(N_CLASSES, W_std=1.5, b_std=0.1))


def load_digits(dtype: str = "float64") -> Digits:
    """Return scikit-learn's 1,797 handwritten digits, 8 by 8 pixels."""
    from sklearn.datasets import load_digits as load

    images, labels = load(return_X_y=True)
    return Digits((images / 16.0).astype(dtype), labels)


def warm_up(digits: Digits) -> float:
    """Compute both kinds of Gram matrix once; return the seconds this took."""
    start = time.perf_counter()
    gram(network(), digits.images)
    gram(network(), digits.images[:400], digits.images[400:])
    return time.perf_counter() - start


def evaluate_split(
    digits: Digits, seed: int, on_step: Callable[[], None] = lambda: None
) -> Split:
    """Train and test on one stratified 80/20 split; `on_step` is called twice."""
    from sklearn.model_selection import train_test_split

    train, test = train_test_split(
        np.arange(len(digits.labels)),
        test_size=0.2,
        stratify=digits.labels,
        random_state=seed,
    )
    net, images = network(), digits.images
    start = time.perf_counter()
    k_train = gram(net, images[train])
    k_test = gram(net, images[test], images[train])
    gram_seconds = time.perf_counter() - start
    on_step()

    labels = digits.labels[train], digits.labels[test]
    start = time.perf_counter()
    accuracy, ridge = _accuracy(k_train, k_test, *labels)
    solve_seconds = time.perf_counter() - start
    curve = [
        (m, _accuracy(k_train[:m, :m], k_test[:, :m], labels[0][:m], labels[1])[0])
        for m in CURVE_SIZES
    ]
    curve.append((len(train), accuracy))
    on_step()
    return Split(
        seed=seed,
        n_train=len(train),
        n_test=len(test),
        ridge=ridge,
        accuracy=accuracy,
        curve=tuple(curve),
        gram_seconds=gram_seconds,
        solve_seconds=solve_seconds,
    )


def _accuracy(
    k_train: NDArray[np.floating],
    k_test: NDArray[np.floating],
    y_train: NDArray[np.intp],
    y_test: NDArray[np.intp],
) -> tuple[float, float]:
    """Return test accuracy and ridge of one-vs-all regression on centred targets."""
    targets = np.eye(N_CLASSES)[y_train] - 1.0 / N_CLASSES
    fit = fit_ridge(k_train.astype(np.float64), targets, RELATIVE_RIDGES)
    predicted = np.argmax(k_test @ fit.coefficients, axis=1)
    return float(np.mean(predicted == y_test)), fit.ridge


def overview(digits: Digits) -> Overview:
    """Return the kernel of all rows sorted by class, with its spectrum."""
    from scipy.linalg import eigvalsh

    order = np.argsort(digits.labels, kind="stable")
    kernel = gram(network(), digits.images[order])
    eigenvalues = eigvalsh(kernel.astype(np.float64))[::-1]
    return Overview(kernel, digits.labels[order], eigenvalues)
