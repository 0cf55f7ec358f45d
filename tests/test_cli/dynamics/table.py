"""A small table of data."""

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

USAGE = 2
NAMES = ["training.png", "spectrum.png", "learning_curve.png", "dynamics.json"]
Run: TypeAlias = Callable[..., Any]


def rows(n: int = 40, d: int = 2) -> Any:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, d))
    return np.column_stack([x, 3.0 + np.sin(x[:, 0]) + 0.1 * rng.normal(size=n)])
