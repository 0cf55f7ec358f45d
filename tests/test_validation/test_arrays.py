"""What callers pass as arrays: masks, objects, and what is no array."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from fastntk import InputError
from fastntk._validation import refuse_masked, to_array

MASKED = np.ma.masked_array([1.0, 2.0], mask=[False, True])


def test_arrays_come_back_themselves() -> None:
    x = np.ones((2, 3), np.float32)
    assert to_array(x, "x") is x


def test_objects_that_are_numbers_become_float64() -> None:
    given = [1, 2.5, True, np.float32(0.5), np.bool_(False), Decimal("1.5")]
    found = to_array(np.array([*given, Fraction(1, 4)], dtype=object), "y")
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [1.0, 2.5, 1.0, 0.5, 0.0, 1.5, 0.25])


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ([1.0, None], r"y: found dtype object, which holds NoneType, float.*Fill"),
        (["a", 1], r"y: found dtype object, which holds int, str.*Encode classes"),
        ([10**400], r"y: .*an integer beyond the range of float64"),
        (["1.5"], r"holds str"),
    ],
)
def test_other_objects_are_refused(objects: list[Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        to_array(np.array(objects, dtype=object), "y")


def test_objects_can_be_left_to_the_caller() -> None:
    assert to_array(np.array([1, 2], dtype=object), "x", objects=False).dtype == object


@pytest.mark.parametrize(
    "x",
    [
        MASKED,
        np.ma.masked_array([1.0, 2.0]),
        [MASKED, MASKED],
        (np.ones(2), MASKED),
        [[MASKED], [MASKED]],
        [1.0, np.ma.masked],
        [[1.0, np.ma.masked], [1.0, 2.0]],
    ],
    ids=["mask", "no mask", "rows", "tuple", "nested", "entry", "entry of a row"],
)
def test_masks_are_refused_at_any_depth(x: Any) -> None:
    with pytest.raises(InputError, match=r"y: found a masked array.*y\.filled\(0\)"):
        to_array(x, "y")
    with pytest.raises(InputError, match="masked"):
        refuse_masked(x, "y")


def test_ragged_lists_are_refused() -> None:
    with pytest.raises(InputError, match=r"y: found a list that is no array"):
        to_array([[1.0], [1.0, 2.0]], "y")
