"""Bare triples in combinators: those of networks, and layers that a user made."""

import functools
import pickle
from typing import Any

import pytest

from fastntk import NetworkError, spec, stax

pytestmark = pytest.mark.jit_off


def init_fn(rng: Any, input_shape: Any) -> Any:
    return input_shape, ()


def apply_fn(params: Any, inputs: Any, **kwargs: Any) -> Any:
    return inputs


def twice(kernel: Any, **kwargs: Any) -> Any:
    return kernel


TRIPLE = (init_fn, apply_fn, twice)


def test_the_triple_of_a_network_is_the_network() -> None:
    triple = tuple(stax.Dense(3))
    expected = stax.serial(stax.Dense(3), stax.Relu())
    assert stax.serial(triple, stax.Relu()) == expected
    assert stax.serial(list(triple), stax.Relu()) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("combine", [stax.serial, stax.parallel])
def test_a_triple_of_a_user_is_a_custom_layer(combine: Any) -> None:
    net = combine(stax.Dense(3), TRIPLE)
    assert net.spec.layers == (spec.Dense(3), spec.Custom(twice))
    assert repr(net) == f"{combine.__name__}(Dense(3), Custom(twice))"
    assert net == combine(stax.Dense(3), list(TRIPLE))
    assert pickle.loads(pickle.dumps(net)) == net


def test_repeat_takes_a_triple() -> None:
    custom = spec.Custom(twice)
    assert stax.repeat(TRIPLE, 2).spec == spec.Serial((custom, custom))


def test_a_triple_may_hold_any_callables() -> None:
    kernel_fn = functools.partial(twice, factor=2)
    net = stax.serial((init_fn, apply_fn, kernel_fn))
    assert repr(net) == "serial(Custom(partial))"


def test_a_kernel_fn_of_a_network_with_other_functions_is_a_custom_layer() -> None:
    dense = stax.Dense(3)
    net = stax.serial((init_fn, apply_fn, dense.kernel_fn))
    assert net.spec == spec.Serial((spec.Custom(dense.kernel_fn),))


@pytest.mark.parametrize(
    "layer",
    [
        (stax.Relu, stax.Gelu, stax.Sin),
        (stax.Relu(), stax.Dense(3), stax.Relu()),
        (init_fn, apply_fn),
        (init_fn, apply_fn, 3),
    ],
)
def test_other_tuples_are_refused(layer: Any) -> None:
    message = r"^serial: argument 1 is \(.*of type tuple; expected a layer"
    with pytest.raises(NetworkError, match=message):
        stax.serial(stax.Dense(3), layer)


def test_a_program_says_that_it_has_none() -> None:
    net = stax.serial(stax.Dense(3), TRIPLE)
    message = r"^Custom\(twice\) at layer 1: a layer of your own.*kernel_fn"
    with pytest.raises(NetworkError, match=message):
        net.program()
