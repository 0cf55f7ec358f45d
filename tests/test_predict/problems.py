"""Small problems shared by the tests of prediction."""

import json
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from fastntk import stax
from tests.golden.loader import FOLDER

NET = stax.serial(
    stax.Dense(512, W_std=1.5, b_std=0.3),
    stax.Relu(),
    stax.Dense(512, W_std=1.5, b_std=0.3),
    stax.Erf(),
    stax.Dense(1, W_std=1.2, b_std=0.1),
)
_WORDS = ("net", "note", "name", "fn")
BOTH = ("nngp", "ntk")


class Problem(NamedTuple):
    """A training set, test points, and all kernels of `NET`."""

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    dd: Any
    td: Any
    tt: Any


def assert_close(found: Any, expected: Any) -> None:
    """Assert that two ways to compute the same agree, but for rounding."""
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)


def problem(n: int = 14, m: int = 6, k: int = 3, d: int = 5, seed: int = 0) -> Problem:
    """Return a random problem."""
    rng = np.random.default_rng(seed)
    x, x_test = rng.standard_normal((n, d)), rng.standard_normal((m, d))
    y = rng.standard_normal((n, k))
    return Problem(
        x,
        y,
        x_test,
        NET.kernel_fn(x, None, BOTH),
        NET.kernel_fn(x_test, x, BOTH),
        NET.kernel_fn(x_test, None, BOTH),
    )


@cache
def golden_cases() -> tuple[dict[str, Any], ...]:
    """Return the stored cases, arrays in the place of their names."""
    text = (FOLDER / "predict.json").read_text(encoding="utf-8")
    with np.load(FOLDER / "predict.npz", allow_pickle=False) as arrays:
        values = {name: arrays[name] for name in arrays.files}
    return tuple(_filled(case, values) for case in json.loads(text)["cases"])


def _filled(item: Any, values: dict[str, np.ndarray]) -> Any:
    if isinstance(item, dict):
        return {
            key: value
            if key in ("net", "note", "name", "fn")
            else _filled(value, values)
            for key, value in item.items()
        }
    if isinstance(item, str):
        return values.get(item, item)
    return item
