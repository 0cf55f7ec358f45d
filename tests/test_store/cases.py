"""Networks, rows and readers shared by the tests of stores."""

from pathlib import Path
from typing import Any

import numpy as np

import fastntk
from fastntk.store import StoreReport
from tests.networks import ERF, RELU, build, mlp

NET = build(mlp(RELU, 2, 1.5, 0.1))
OTHER_NET = build(mlp(ERF, 2))
CHUNK = 64


def rows(n: int = 300, d: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, d))


X = rows()
MATRIX = fastntk.gram(NET, X)


def store(path: Path, **options: Any) -> StoreReport:
    """Write, or go on with, a small store of 15 tiles."""
    options = {"chunk": CHUNK, "threads": 2, **options}
    return fastntk.gram_to_store(NET, options.pop("x", X), path=path, **options)


def whole(path: Path) -> np.ndarray:
    with fastntk.open_store(path) as K:
        return np.asarray(K)


def n_tiles(n: int = 300, chunk: int = CHUNK) -> int:
    side = -(-n // chunk)
    return side * (side + 1) // 2
