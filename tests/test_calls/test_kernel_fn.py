"""What ``kernel_fn`` returns for every ``get``."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from tests.networks import ERF, build, mlp
from tests.reference import naive

ARRAYS = ("nngp", "ntk", "cov1", "cov2")
NET = mlp(ERF, 2, b_std=0.1)
RNG = np.random.default_rng(0)
X1, X2 = RNG.standard_normal((5, 3)), RNG.standard_normal((4, 3))


@pytest.mark.parametrize("get", ["nngp", "ntk"])
def test_a_name_gives_an_array(get: str) -> None:
    for x2 in (None, X2):
        value = build(NET).kernel_fn(X1, x2, get)
        assert type(value) is np.ndarray
        expected = getattr(naive.kernel(NET, X1, x2), get)
        np.testing.assert_allclose(value, expected, rtol=1e-11)


@pytest.mark.parametrize("order", [("nngp", "ntk"), ("ntk", "nngp"), ("ntk",)])
def test_a_tuple_gives_a_named_tuple_in_that_order(order: tuple[str, ...]) -> None:
    result: Any = build(NET).kernel_fn(X1, X2, order)
    assert isinstance(result, tuple)
    assert getattr(result, "_fields", None) == order
    expected = naive.kernel(NET, X1, X2)
    for get, value in zip(order, result, strict=True):
        assert value is getattr(result, get)
        np.testing.assert_allclose(value, getattr(expected, get), rtol=1e-11)


def test_nothing_gives_everything() -> None:
    result = build(NET).kernel_fn(X1, X2)
    assert isinstance(result, stax.Kernel)
    expected = naive.kernel(NET, X1, X2)
    for name in ARRAYS:
        value = getattr(result, name)
        np.testing.assert_allclose(value, getattr(expected, name), rtol=1e-11)
    alone = build(NET).kernel_fn(X1)
    assert alone.cov2 is None
    np.testing.assert_array_equal(alone.cov1, alone.nngp.diagonal())


def test_the_dtype_of_all_parts_is_that_of_the_inputs() -> None:
    result = build(NET).kernel_fn(X1.astype(np.float32), X2.astype(np.float32))
    parts = [getattr(result, name) for name in ARRAYS]
    assert {part.dtype for part in parts} == {np.dtype(np.float32)}


def test_arrays_belong_to_the_caller() -> None:
    net = build(NET)
    first = net.kernel_fn(X1, X2)
    parts = [getattr(first, name) for name in ARRAYS]
    kept = [part.copy() for part in parts]
    net.kernel_fn(X1 + 1, X2)
    for part, copy in zip(parts, kept, strict=True):
        assert part.flags.writeable
        np.testing.assert_array_equal(part, copy)
    assert not np.shares_memory(first.nngp, first.ntk)


def test_it_is_gram() -> None:
    net = build(NET)
    np.testing.assert_array_equal(
        net.kernel_fn(X1, X2, "ntk"), fastntk.gram(net, X1, X2)
    )
