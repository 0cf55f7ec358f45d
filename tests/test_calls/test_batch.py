"""``fastntk.batch``: neural-tangents' call, and functions of other kinds."""

import inspect
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from tests.test_layerwise.inputs import S1, X1, X2, assert_same, first_half

NET = first_half()


def test_the_signature_is_that_of_neural_tangents() -> None:
    parameters = inspect.signature(fastntk.batch).parameters.values()
    assert [(p.name, p.default) for p in parameters] == [
        ("kernel_fn", inspect.Parameter.empty),
        ("batch_size", 0),
        ("device_count", -1),
        ("store_on_device", True),
    ]


@pytest.mark.parametrize("given", [NET, NET.kernel_fn, tuple(NET)[2]])
def test_networks_come_back_as_they_are(given: Any) -> None:
    batched = fastntk.batch(given, 4, device_count=0, store_on_device=False)
    for x2 in (None, X2):
        for get in ("ntk", ("nngp", "ntk")):
            expected = NET.kernel_fn(X1, x2, get)
            np.testing.assert_array_equal(batched(X1, x2, get), expected)
        assert_same(batched(X1, x2), NET.kernel_fn(X1, x2))


def wrapped(x1: Any, x2: Any, get: Any = None, **kwargs: Any) -> Any:
    """Return a kernel by a function that nobody knows."""
    calls.append((len(x1), len(x2)))
    return NET.kernel_fn(x1, x2, get, **kwargs)


calls: list[Any] = []


@pytest.mark.parametrize("size", [1, 4, 100])
@pytest.mark.parametrize("x2", [None, X2], ids=["symmetric", "cross"])
def test_other_functions_are_called_in_blocks(size: int, x2: Any) -> None:
    calls.clear()
    batched = fastntk.batch(wrapped, batch_size=size)
    assert batched.__name__ == "wrapped"
    np.testing.assert_allclose(batched(X1, x2, "ntk"), NET.kernel_fn(X1, x2, "ntk"))
    assert max(max(call) for call in calls) <= size
    both = batched(X1, x2, get=("ntk", "nngp"))
    assert both._fields == ("ntk", "nngp")
    np.testing.assert_allclose(both.nngp, NET.kernel_fn(X1, x2, "nngp"))
    assert_same(batched(X1, x2), NET.kernel_fn(X1, x2), rtol=1e-10)


def test_equal_sides_in_blocks() -> None:
    kernel = fastntk.batch(wrapped, 4)(X1, X1.copy())
    assert kernel.x1_is_x2
    np.testing.assert_array_equal(kernel.cov2, kernel.cov1)


def test_positions_in_blocks() -> None:
    batched = fastntk.batch(wrapped, 3)
    assert_same(batched(S1, S1[:2]), NET.kernel_fn(S1, S1[:2]), rtol=1e-10)


def test_zero_means_all_at_once() -> None:
    assert fastntk.batch(wrapped) is wrapped


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3,), "found int; expected a network, its kernel_fn, or a function"),
        ((wrapped, -1), "batch_size is -1; expected an integer >= 0"),
        ((wrapped, 2.5), "batch_size is 2.5"),
        ((wrapped, True), "batch_size is True"),
        ((wrapped, 0, -2), "device_count is -2; expected an integer >= -1"),
    ],
)
def test_other_arguments_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(fastntk.InputError, match=message):
        fastntk.batch(*arguments)


def test_results_that_are_no_kernel_are_refused() -> None:
    batched = fastntk.batch(lambda x1, x2: x1.sum(), 2)
    with pytest.raises(fastntk.InputError, match="expected arrays of shape"):
        batched(X1)


def test_plain_tuples_are_joined() -> None:
    batched = fastntk.batch(lambda x1, x2: (x1 @ x2.T, np.abs(x1 @ x2.T)), 4)
    one, two = batched(X1, X2)
    np.testing.assert_allclose(one, X1 @ X2.T)
    np.testing.assert_allclose(two, np.abs(X1 @ X2.T))
    assert stax.Kernel is fastntk.Kernel
