"""Rows of data, and what their Gram matrix is."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

import fastntk
from fastntk import stax

USAGE = 2
NAMES = ["size", "age", "rooms", "price"]
Run: TypeAlias = Callable[..., Any]


def rows(n: int = 30, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=(n, len(NAMES)))


def network(depth: int = 3, activation: str = "Relu", **scales: Any) -> stax.Network:
    scales = {"W_std": 1.5, "b_std": 0.1, **scales}
    layer = getattr(stax, activation)()
    hidden = depth * [stax.Dense(512, **scales), layer]
    return stax.serial(*hidden, stax.Dense(1, **scales))


def expected(x1: Any, x2: Any = None, get: Any = "ntk", **options: Any) -> Any:
    net = options.pop("net", network())
    return fastntk.gram(net, x1, x2, get, **options)


def refused(run: Run, option: str, words: str, *arguments: Any) -> None:
    """Run a command that must be refused as bad usage, in these words."""
    result = run(*arguments)
    assert result.exit_code == USAGE, result.output
    assert words in result.stderr and option in result.stderr
