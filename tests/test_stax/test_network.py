"""A network is a value: printed, compared, hashed, pickled, and unpacked."""

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given

import fastntk
from fastntk import stax
from tests.networks import build
from tests.strategies import ANY, networks

pytestmark = pytest.mark.jit_off

NET = stax.serial(
    stax.Dense(512, W_std=1.5, b_std=0.1), stax.Relu(), stax.Dense(1, W_std=1.5)
)
TEXT = "serial(Dense(512, W_std=1.5, b_std=0.1), Relu(), Dense(1, W_std=1.5))"


def test_repr_is_the_call_that_makes_it() -> None:
    assert repr(NET) == TEXT
    names = {name: getattr(stax, name) for name in stax.__all__}
    assert eval(TEXT, names) == NET


@given(networks(ANY))
def test_every_network_makes_the_round_trip(net: list[Any]) -> None:
    network = build(net)
    names = {name: getattr(stax, name) for name in stax.__all__}
    assert eval(repr(network), names) == network
    assert stax.from_json(network.to_json()) == network
    assert pickle.loads(pickle.dumps(network)) == network
    assert copy.deepcopy(network) == network
    assert hash(stax.from_json(network.to_json())) == hash(network)


def test_numbers_come_back_exactly_from_json() -> None:
    for value in (0.1, 1 / 3, 2**0.5, 1e-140, 1.7976931348623157e100):
        net = stax.Dense(3, W_std=value, b_std=value)
        assert stax.from_json(net.to_json()) == net


def test_json_has_a_version_and_plain_types() -> None:
    document = json.loads(NET.to_json())
    assert document["fastntk"] == 1
    assert document["network"]["layer"] == "Serial"


BAD_JSON = {
    "{": "no JSON text",
    "3": "expected an object",
    "{}": 'expected an object with "fastntk"',
    '{"fastntk": 99, "network": {"layer": "Relu"}}': "format version 99",
    '{"fastntk": 1, "network": {"layer": "Foo"}}': "Foo: unknown layer",
    '{"fastntk": 1, "network": {"layer": "Relu", "x": 1}}': "unknown field 'x'",
    '{"fastntk": 1, "network": {"layer": "Dense"}}': "'out_dim' is missing",
    '{"fastntk": 1, "network": {"layer": "Dense", "out_dim": 0}}': "out_dim is 0",
    '{"fastntk": 1, "network": {"layer": "Relu"}, "y": 2}': "unknown field 'y'",
    '{"fastntk": 1, "network": 7}': "expected a mapping",
    '{"fastntk": 1, "network": {"layer": "Serial", "layers": []}}': "no layers",
}


@pytest.mark.parametrize("text", BAD_JSON)
def test_bad_json(text: str) -> None:
    with pytest.raises(fastntk.NetworkError, match=BAD_JSON[text]):
        stax.from_json(text)


def test_equality_is_by_value() -> None:
    assert stax.Dense(3) == stax.Dense(3, W_std=1.0, b_std=None)
    assert stax.Dense(3) != stax.Dense(3, b_std=0.0)
    assert stax.Relu() != stax.Abs()
    assert len({stax.Relu(), stax.Relu(), stax.Abs()}) == 2


def test_networks_are_frozen() -> None:
    with pytest.raises((AttributeError, TypeError)):
        NET.spec = stax.Relu().spec  # type: ignore[misc]


def test_it_unpacks_to_the_triple() -> None:
    init_fn, apply_fn, kernel_fn = NET
    assert kernel_fn == NET.kernel_fn
    for function, arguments in ((init_fn, (0, (3,))), (apply_fn, ([], np.eye(2)))):
        with pytest.raises(fastntk.NotSupportedError, match="finite-width.*kernel_fn"):
            function(*arguments)


def test_combinators_take_triples_too() -> None:
    triple = tuple(stax.Dense(3))
    assert stax.serial(triple, stax.Relu()) == stax.serial(stax.Dense(3), stax.Relu())


def test_repeat_is_a_serial_of_copies() -> None:
    layer = stax.serial(stax.Dense(3), stax.Relu())
    assert stax.repeat(layer, 2) == stax.serial(layer, layer)


def test_stabilising_options_are_accepted_and_change_nothing() -> None:
    assert stax.Relu(do_stabilize=True) == stax.Relu()
    assert stax.Abs(do_stabilize=True) == stax.Abs()
    assert stax.LeakyRelu(0.1, do_stabilize=True) == stax.LeakyRelu(0.1)
    assert stax.ABRelu(0.1, 1, do_stabilize=True) == stax.ABRelu(0.1, 1)
