"""`Kernel`: a value with the fields of neural-tangents."""

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from tests.test_layerwise.inputs import X1, X2, first_half

KERNEL: Any = first_half().kernel_fn(X1, X2)


def test_it_is_a_frozen_dataclass_and_no_tuple() -> None:
    assert dataclasses.is_dataclass(type(KERNEL))
    assert not isinstance(KERNEL, tuple)
    with pytest.raises(dataclasses.FrozenInstanceError):
        KERNEL.nngp = None
    assert fastntk.Kernel is stax.Kernel


def test_fields_say_what_the_arrays_are() -> None:
    assert not KERNEL.x1_is_x2
    assert KERNEL.is_gaussian
    assert (KERNEL.shape1, KERNEL.shape2) == ((6, 8), (5, 8))
    assert KERNEL.diagonal_batch
    assert not KERNEL.diagonal_spatial
    alone = stax.serial(stax.Dense(3), stax.Relu()).kernel_fn(X1)
    assert alone.x1_is_x2
    assert not alone.is_gaussian
    assert alone.shape1 == alone.shape2 == (6, 3)


def test_the_representation_shows_shapes() -> None:
    assert repr(KERNEL) == (
        "Kernel(nngp (6, 5), ntk (6, 5), cov1 (6,), cov2 (5,), float64; "
        "x1_is_x2=False, is_gaussian=True, shape1=(6, 8), shape2=(5, 8))"
    )


def test_replace_shares_what_it_keeps() -> None:
    new = KERNEL.replace(nngp=2 * KERNEL.nngp)
    assert new.ntk is KERNEL.ntk
    np.testing.assert_array_equal(new.nngp, 2 * KERNEL.nngp)
    with pytest.raises(fastntk.InputError, match="found 'nnpg'; expected fields"):
        KERNEL.replace(nnpg=1)


def test_asdict_and_astuple_are_shallow() -> None:
    fields = KERNEL.asdict()
    assert fields["ntk"] is KERNEL.ntk
    assert tuple(fields.values()) == KERNEL.astuple()
    assert tuple(fields) == tuple(f.name for f in dataclasses.fields(KERNEL))


def test_it_pickles() -> None:
    copy = pickle.loads(pickle.dumps(KERNEL))
    np.testing.assert_array_equal(copy.ntk, KERNEL.ntk)
    assert copy.shape1 == KERNEL.shape1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("diagonal_batch", False),
        ("diagonal_spatial", True),
        ("is_reversed", True),
        ("batch_axis", 1),
        ("mask1", np.zeros((6, 1), bool)),
    ],
)
def test_other_layouts_are_refused(field: str, value: object) -> None:
    with pytest.raises(fastntk.NotSupportedError, match=f"Kernel: {field} is .*expect"):
        KERNEL.replace(**{field: value})
