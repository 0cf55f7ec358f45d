"""Every layer prints, hashes, pickles, and goes to dictionaries and JSON and back."""

import copy
import pickle

import numpy as np
import pytest

from fastntk import spec, stax
from tests.layers import HOLD_CODE, LAYERS

pytestmark = pytest.mark.jit_off


def test_every_class_is_among_the_layers() -> None:
    found = {type(layer).__name__ for layer in LAYERS}
    assert found | HOLD_CODE >= set(spec.known_layers())


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_every_layer_makes_the_round_trip(layer: spec.Spec) -> None:
    names = {name: getattr(stax, name) for name in stax.__all__}
    for other in (
        spec.Spec.from_dict(layer.to_dict()),
        spec.from_json(spec.to_json(layer)),
        pickle.loads(pickle.dumps(layer)),
        copy.deepcopy(layer),
        eval(repr(layer), names).spec,
    ):
        assert type(other) is type(layer)
        assert other == layer
        assert hash(other) == hash(layer)
        assert repr(other) == repr(layer)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_layers_inside_others_make_it_too(layer: spec.Spec) -> None:
    net = spec.Serial((spec.Parallel((layer, spec.Identity())), layer))
    assert spec.from_json(spec.to_json(net)) == net


def test_arrays_become_nested_tuples_of_floats() -> None:
    rhs = np.array([[1, 2, 3], [4, 5, 6]], dtype=np.int8)
    layer = stax.DotGeneral(rhs=rhs, dimension_numbers=[[[1], [0]], [[], []]])
    assert layer.spec == spec.DotGeneral(
        rhs=((1.0, 2.0, 3.0), (4.0, 5.0, 6.0)),
        dimension_numbers=(((1,), (0,)), ((), ())),
    )
    assert stax.DotGeneral(lhs=np.float32(0.5)) == stax.DotGeneral(lhs=0.5)
    assert stax.Polynomial(np.array([1.0, 2.0])) == stax.Polynomial((1, 2))
    assert "np." not in repr(layer)


def test_the_factor_of_a_product_is_a_number_or_there_is_none() -> None:
    assert spec.DotGeneral().factor == 1.0
    assert spec.DotGeneral(lhs=3).factor == 3.0
    assert spec.DotGeneral(rhs=(3.0,)).factor is None


def test_an_index_is_stored_in_words_of_json() -> None:
    x = np.arange(24).reshape(2, 4, 3)
    for key in (1, slice(None), ..., (slice(None), 1), (..., slice(0, 2)), ()):
        layer = spec.Index(key)  # type: ignore[arg-type]
        np.testing.assert_array_equal(x[layer.key], x[key])
    assert stax.Index(stax.Slice[:, ::2, ...]).spec == spec.Index(
        ((None, None), (None, None, 2), "...")  # type: ignore[arg-type]
    )
    assert spec.Index(((None, None, None), "...")).is_trivial
    assert not spec.Index((0,)).is_trivial
    assert repr(stax.Index(stax.Slice[1:5, -1])) == "Index(Slice[1:5, -1])"
    assert repr(stax.Slice) == "Slice"


def test_scalars_of_numpy_become_python_numbers() -> None:
    layer = spec.Sin(np.float32(0.5), np.int64(2), np.array(1.0))  # type: ignore[arg-type]
    assert layer == spec.Sin(0.5, 2.0, 1.0)
    assert type(layer.b) is float
    assert type(spec.Hermite(np.int8(3)).degree) is int  # type: ignore[arg-type]
    assert spec.Aggregate(np.int64(2)).aggregate_axis == (2,)  # type: ignore[arg-type]
