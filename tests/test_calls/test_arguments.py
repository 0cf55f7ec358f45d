"""``get`` and the keyword arguments of ``kernel_fn``."""

import re
import warnings
from typing import Any

import numpy as np
import pytest

import fastntk
from tests.test_layerwise.inputs import S1, X1, X2, first_half

NET = first_half()


def test_get_takes_any_field_in_any_case() -> None:
    kernel = NET.kernel_fn(X1, X2)
    for name in ("cov1", "cov2", "nngp"):
        np.testing.assert_array_equal(
            NET.kernel_fn(X1, X2, name), getattr(kernel, name)
        )
    np.testing.assert_array_equal(NET.kernel_fn(X1, X2, "NTK"), kernel.ntk)
    assert NET.kernel_fn(X1, None, "cov2") is None
    assert NET.kernel_fn(X1, get="is_gaussian") is True
    assert NET.kernel_fn(X1, get="x1_is_x2") is True


def test_a_tuple_of_fields_is_a_named_tuple() -> None:
    result = NET.kernel_fn(X1, X2, get=("cov1", "ntk", "shape1"))
    assert result._fields == ("cov1", "ntk", "shape1")
    np.testing.assert_array_equal(result.ntk, NET.kernel_fn(X1, X2, "ntk"))
    assert result.shape1 == (6, 8)


def test_nngp_alone_carries_no_tangent() -> None:
    result = NET.kernel_fn(X1, X2, ("nngp", "cov1"))
    np.testing.assert_array_equal(result.nngp, NET.kernel_fn(X1, X2).nngp)
    assert NET.kernel_fn(X1, X2, "shape1") == (6, 8)


@pytest.mark.parametrize(
    ("get", "message"),
    [
        ("kernel", "found 'kernel'; expected 'nngp', 'ntk', or another of cov1"),
        ((), r"found \(\); expected None"),
        (("ntk", "NTK"), "expected each field once"),
        (3, "found 3; expected None"),
        (("ntk", 3), "found 3; expected 'nngp'"),
    ],
)
def test_other_names_are_refused(get: Any, message: str) -> None:
    with pytest.raises(fastntk.InputError, match=message):
        NET.kernel_fn(X1, X2, get)


@pytest.mark.parametrize(
    "keywords",
    [
        {"diagonal_batch": True, "diagonal_spatial": False, "mask_constant": None},
        {"batch_axis": 0, "channel_axis": -1, "rng": None, "pattern": None},
        {"channel_axis": 1, "diagonal_spatial": True},
    ],
)
def test_values_that_change_nothing_are_silent(keywords: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value = NET.kernel_fn(X1, X2, "ntk", **keywords)
    np.testing.assert_array_equal(value, NET.kernel_fn(X1, X2, "ntk"))


@pytest.mark.parametrize("name", ["rng", "key", "keys", "pattern"])
def test_what_has_no_effect_warns_at_the_call(name: str) -> None:
    with pytest.warns(UserWarning, match=f"{name} has no effect.*Leave it out") as seen:
        NET.kernel_fn(X1, X2, "ntk", **{name: (1, 2)})
    assert seen[0].filename == __file__


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"diagonal_batch": False}, "diagonal_batch is False; expected None or True"),
        ({"mask_constant": 0.0}, "mask_constant is 0.0; expected None; masks come"),
        ({"batch_axis": 1}, "batch_axis is 1.*np.moveaxis"),
        ({"channel_axis": 0}, "channel_axis is 0; expected None or -1 or 1"),
    ],
)
def test_other_layouts_are_not_supported(
    keywords: dict[str, Any], message: str
) -> None:
    with pytest.raises(fastntk.NotSupportedError, match=message):
        NET.kernel_fn(X1, X2, "ntk", **keywords)


def test_positions_are_always_in_pairs() -> None:
    with pytest.raises(fastntk.NotSupportedError, match="diagonal_spatial.*einsum"):
        NET.kernel_fn(S1, diagonal_spatial=True)
    assert NET.kernel_fn(S1, get="nngp", diagonal_spatial=False).shape == (4, 4, 3, 3)


def test_an_unknown_keyword_is_an_error() -> None:
    message = re.escape(
        "found the keyword argument 'gte'; expected x1, x2, get, or one"
    )
    with pytest.raises(fastntk.InputError, match=message):
        NET.kernel_fn(X1, X2, gte="ntk")


def test_x2_may_be_given_by_name() -> None:
    np.testing.assert_array_equal(
        NET.kernel_fn(x1=X1, x2=X2, get="ntk"), NET.kernel_fn(X1, X2, "ntk")
    )
