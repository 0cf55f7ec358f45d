"""Inputs and small measures that the tests here share."""

from typing import Any

import numpy as np

from fastntk import stax

RNG = np.random.default_rng(3)
X1, X2 = RNG.standard_normal((6, 4)), RNG.standard_normal((5, 4))
S1, S2 = RNG.standard_normal((4, 3, 2)), RNG.standard_normal((3, 3, 2))
ARRAYS = ("nngp", "ntk", "cov1", "cov2")


def first_half() -> Any:
    return stax.serial(stax.Dense(16, 1.3, 0.2), stax.Relu(), stax.Dense(8, 1.1, 0.1))


def second_half() -> Any:
    return stax.serial(stax.Erf(), stax.Dense(16, 1.2, 0.3), stax.Relu(), stax.Dense(1))


def assert_same(found: Any, expected: Any, rtol: float = 1e-12) -> None:
    """Compare two kernels, every field."""
    for name, value in expected.asdict().items():
        other = getattr(found, name)
        if name in ARRAYS and value is not None:
            scale = np.abs(value).max()
            np.testing.assert_allclose(other, value, rtol=rtol, atol=rtol * scale)
        else:
            assert other == value or (other is None and value is None), name


def times(factor: float) -> tuple[Any, Any, Any]:
    """Return a layer of one's own that multiplies its input by a number."""

    def init_fn(rng: Any, input_shape: Any) -> Any:
        return input_shape, ()

    def apply_fn(params: Any, inputs: Any, **kwargs: Any) -> Any:
        return factor * inputs

    def scaled(k: Any, **kwargs: Any) -> Any:
        square = factor**2
        return k.replace(
            nngp=square * k.nngp,
            ntk=None if k.ntk is None else square * k.ntk,
            cov1=square * k.cov1,
            cov2=None if k.cov2 is None else square * k.cov2,
        )

    return init_fn, apply_fn, scaled


def changed(**functions: Any) -> tuple[Any, Any, Any]:
    """Return a layer of one's own that changes fields of the kernel."""

    def wrong(k: Any, **kwargs: Any) -> Any:
        return k.replace(**{name: f(getattr(k, name)) for name, f in functions.items()})

    return times(1.0)[0], times(1.0)[1], wrong
