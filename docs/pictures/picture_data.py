"""Networks, data and small helpers of the pictures."""

from typing import Any

import numpy as np

from fastntk import stax

__all__ = [
    "COLOURS",
    "on_sphere",
    "relu_network",
    "smooth_network",
    "tidy",
    "title",
    "wave",
]

COLOURS = ("#0072B2", "#D55E00", "#009E73")  # Okabe and Ito's


def smooth_network() -> stax.Network:
    """Return two hidden erf layers that bend about as much as `wave` does."""
    hidden = [stax.Dense(512, W_std=2.5, b_std=0.7), stax.Erf()]
    return stax.serial(*2 * hidden, stax.Dense(1))


def relu_network() -> stax.Network:
    """Return the network of the page on theory."""
    hidden = [stax.Dense(512, W_std=1.5, b_std=0.1), stax.Relu()]
    return stax.serial(*2 * hidden, stax.Dense(1))


def wave(n: int = 14) -> tuple[Any, Any]:
    """Return rows of one feature, and targets with noise."""
    rng = np.random.default_rng(0)
    x = np.sort(np.r_[rng.uniform(-3, -0.5, n // 2), rng.uniform(1, 3, n - n // 2)])
    return x[:, None], np.sin(1.5 * x)[:, None] + 0.1 * rng.normal(size=(n, 1))


def on_sphere(n: int, seed: int) -> tuple[Any, Any]:
    """Return uniform rows on a sphere in six dimensions, and targets with noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 6))
    x *= np.sqrt(6) / np.linalg.norm(x, axis=1, keepdims=True)
    y = np.sin(x[:, 0]) + 0.5 * x[:, 1] * x[:, 2] + 0.1 * rng.normal(size=n)
    return x, y


def title(ax: Any, words: str) -> None:
    """Write a panel's title as `fastntk.plotting` does."""
    ax.set_title(words, loc="left", fontweight="bold")


def tidy(ax: Any) -> None:
    """Draw a faint grid, and no box at the top and right."""
    ax.grid(True, color="0.9")
    ax.spines[["top", "right"]].set_visible(False)
