"""Every kind of bad data has its own message, and good data is left alone."""

import re
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import fastntk
from fastntk._validation import as_input
from tests.networks import RELU, build, mlp

NET = build(mlp(RELU, 1))
GOOD = np.arange(12.0).reshape(4, 3) / 7

CALLS = {
    "kernel_fn": NET.kernel_fn,
    "gram": lambda x: fastntk.gram(NET, x),
    "diagonal": lambda x: fastntk.diagonal(NET, x),
    "tiles": lambda x: list(fastntk.tiles(NET, x)),
}


def with_value(value: float, dtype: type = np.float64) -> np.ndarray:
    x = GOOD.astype(dtype)
    x[2, 1] = value
    return x


MASKED = np.ma.masked_array(GOOD, mask=GOOD > 1)
BAD: dict[str, tuple[Any, str]] = {
    "nan": (with_value(np.nan), r"x1: found nan at row 2, column 1; expected finite"),
    "inf": (with_value(np.inf), r"found inf at row 2, column 1; expected finite"),
    "minus inf": (with_value(-np.inf), r"found -inf at row 2, column 1"),
    "nan in float32": (with_value(np.nan, np.float32), r"found nan at row 2, column 1"),
    "nan in float16": (with_value(np.nan, np.float16), r"found nan at row 2, column 1"),
    "nan in fortran order": (
        np.asfortranarray(with_value(np.nan)),
        r"found nan at row 2, column 1",
    ),
    "nan in csr": (sp.csr_matrix(with_value(np.nan)), r"found nan at row 2, column 1"),
    "one dimension": (GOOD[0], r"found 1 dimensions, shape \(3,\); .*x1\[None, :\]"),
    "scalar": (np.float64(3), r"found 0 dimensions, shape \(\)"),
    "images": (np.zeros((2, 4, 4, 3)), r"found 4 dimensions.*reshape\(len\(x1\), -1\)"),
    "no rows": (GOOD[:0], r"empty array of shape \(0, 3\); expected at least one row"),
    "no columns": (
        GOOD[:, :0],
        r"empty array of shape \(4, 0\); expected at least one",
    ),
    "objects": (GOOD.astype(object), r"found dtype object; expected real numbers"),
    "text": (np.array([["a", "b"]]), r"found dtype <U1; expected real numbers"),
    "bytes": (np.array([[b"a"]]), r"found dtype \|S1; expected real numbers"),
    "complex": (GOOD + 1j, r"found dtype complex128; expected real numbers"),
    "dates": (np.array([["2020-01-01"]], "M8[D]"), r"dtype datetime64.*real numbers"),
    "masked": (MASKED, r"found a masked array; expected a plain array"),
    "ragged": ([[1.0, 2.0], [3.0]], r"rows of equal length"),
    "none": (None, r"found dtype object"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", BAD)
def test_bad_data_is_refused_in_words(kind: str, call: str) -> None:
    x, message = BAD[kind]
    with pytest.raises(fastntk.InputError, match=message):
        CALLS[call](x)


@pytest.mark.parametrize("kind", [k for k in BAD if k != "none"])
def test_the_second_input_is_checked_and_named(kind: str) -> None:
    x, message = BAD[kind]
    with pytest.raises(fastntk.InputError, match=re.sub(r"\bx1\b", "x2", message)):
        fastntk.gram(NET, GOOD, x)
    with pytest.raises(fastntk.InputError, match="^x2: "):
        NET.kernel_fn(GOOD, x)


def test_a_nan_far_into_a_large_array_is_found() -> None:
    x = np.ones((3000, 50), np.float32)
    x[2901, 37] = np.nan
    with pytest.raises(fastntk.InputError, match="found nan at row 2901, column 37"):
        fastntk.gram(NET, x)


def test_large_finite_numbers_are_not_taken_for_infinity() -> None:
    x = np.full((4, 4), 3e38, np.float32)
    with pytest.raises(fastntk.RangeError, match="float32"):
        fastntk.gram(NET, x)


@pytest.mark.parametrize(
    ("x1", "x2"), [(GOOD, GOOD[:, :2]), (GOOD, sp.csr_matrix(GOOD[:, :1]))]
)
def test_features_must_match(x1: Any, x2: Any) -> None:
    with pytest.raises(
        fastntk.InputError, match=r"found 3 and \d features .*same number of columns"
    ):
        fastntk.gram(NET, x1, x2)
    with pytest.raises(fastntk.InputError, match=r"found 3 and \d features"):
        NET.kernel_fn(x1, x2)


def _strided() -> np.ndarray:
    wide = np.zeros((8, 6))
    wide[::2, ::2] = GOOD
    return wide[::2, ::2]


def _read_only() -> np.ndarray:
    x = GOOD.copy()
    x.flags.writeable = False
    return x


def _unaligned(dtype: str = "f8") -> np.ndarray:
    memory = np.zeros(GOOD.size * np.dtype(dtype).itemsize + 1, np.uint8)
    x = memory[1:].view(dtype).reshape(GOOD.shape)
    x[...] = GOOD
    assert not x.flags.aligned
    return x


LAYOUTS = {
    "contiguous": GOOD.copy(),
    "fortran": np.asfortranarray(GOOD),
    "strided": _strided(),
    "reversed": GOOD[::-1, ::-1].copy()[::-1, ::-1],
    "read-only": _read_only(),
    "big-endian": GOOD.astype(">f8"),
    "unaligned": _unaligned(),
    "list": GOOD.tolist(),
    "matrix rows": [tuple(row) for row in GOOD],
    "transposed": GOOD.T.copy().T,
    "longdouble": GOOD.astype(np.longdouble),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("get", ["nngp", "ntk"])
def test_any_layout_gives_the_same_and_is_not_modified(layout: str, get: str) -> None:
    x = LAYOUTS[layout]
    before = np.array(x, copy=True)
    value = fastntk.gram(NET, x, get=get)
    cross = fastntk.gram(NET, x, GOOD, get)
    expected = fastntk.gram(NET, GOOD, get=get)
    assert value.dtype == np.float64
    np.testing.assert_array_equal(value, expected)
    np.testing.assert_allclose(cross, expected, rtol=1e-13)
    np.testing.assert_array_equal(np.asarray(x), before)


@pytest.mark.parametrize(
    ("dtype", "result"),
    [
        (np.int64, np.float64),
        (np.int8, np.float64),
        (np.uint8, np.float64),
        (np.bool_, np.float64),
        (np.float16, np.float32),
        (">f2", np.float32),
        (">f4", np.float32),
        (">i4", np.float64),
        (np.uint64, np.float64),
        (np.float32, np.float32),
        (np.float64, np.float64),
    ],
)
def test_promotion(dtype: Any, result: type) -> None:
    x = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 1]]).astype(dtype)
    before = x.copy()
    value = fastntk.gram(NET, x)
    assert value.dtype == result
    np.testing.assert_array_equal(value, fastntk.gram(NET, x.astype(result)))
    np.testing.assert_array_equal(x, before)
    assert x.dtype == dtype


@pytest.mark.parametrize("make", [sp.csr_matrix, sp.csr_array, sp.coo_matrix])
@pytest.mark.parametrize(
    "dtype", [np.int8, np.uint8, np.int64, np.bool_, np.longdouble]
)
def test_promotion_of_sparse_rows(dtype: type, make: Any) -> None:
    dense = np.array([[0, 1, 1], [1, 0, 1], [0, 1, 1], [0, 0, 0]]).astype(dtype)
    x = make(dense)
    before = x.copy()
    value = fastntk.gram(NET, x)
    assert value.dtype == np.float64
    np.testing.assert_allclose(value, fastntk.gram(NET, dense), rtol=1e-14)
    assert x.dtype == dtype
    assert (x != before).nnz == 0
    if x.format == "csr" and dtype is not np.longdouble:
        assert as_input(x, "x1") is x


def test_sums_of_repeated_small_integers_do_not_wrap() -> None:
    data, columns = np.full(4, 100, np.int8), np.array([0, 0, 2, 1])
    x = sp.csr_matrix((data, columns, np.array([0, 3, 4])), shape=(2, 3))
    dense = np.array([[200.0, 0.0, 100.0], [0.0, 100.0, 0.0]])
    np.testing.assert_array_equal(fastntk.gram(NET, x), fastntk.gram(NET, dense))
    np.testing.assert_array_equal(x.data, data)


@pytest.mark.parametrize("kind", ["i1", "f2", ">f8", "unaligned", "fortran"])
def test_dense_inputs_are_never_copied(kind: str) -> None:
    if kind == "unaligned":
        x = _unaligned()
    else:
        x = np.asfortranarray(GOOD) if kind == "fortran" else GOOD.astype(kind)
    assert as_input(x, "x1") is x


@pytest.mark.parametrize("names", ["ntk", "nngp", ("nngp", "ntk"), ["ntk"]])
def test_a_kernel_named_where_rows_belong(names: Any) -> None:
    expected = re.escape(f"x2: found {names!r}, the name of a kernel; ")
    with pytest.raises(
        fastntk.InputError, match=f"{expected}.*get={re.escape(repr(names))}"
    ):
        fastntk.gram(NET, GOOD, names)
    with pytest.raises(fastntk.InputError, match=expected):
        NET.kernel_fn(GOOD, names)


def test_a_number_beyond_float64_counts_as_infinite() -> None:
    x = GOOD.astype(np.longdouble)
    x[2, 1] = np.longdouble("1e400")
    if np.isinf(x[2, 1]):
        pytest.skip("extended precision is float64 here")
    for given in (x, sp.csr_matrix(x)):
        with pytest.raises(fastntk.InputError, match="found inf at row 2, column 1"):
            fastntk.gram(NET, given)


def test_a_mixture_of_dtypes_is_float64() -> None:
    assert fastntk.gram(NET, GOOD.astype(np.float32), GOOD).dtype == np.float64
    assert fastntk.gram(NET, GOOD.astype(np.float16), GOOD.astype("f4")).dtype == "f4"


@pytest.mark.parametrize("dtype", ["float32", np.float64, np.dtype("f4"), float])
def test_the_dtype_of_the_result_can_be_chosen(dtype: Any) -> None:
    for x in (GOOD, GOOD.astype(np.float32)):
        assert fastntk.gram(NET, x, dtype=dtype).dtype == np.dtype(dtype)
        assert fastntk.diagonal(NET, x, dtype=dtype).dtype == np.dtype(dtype)
        for _, _, block in fastntk.tiles(NET, x, dtype=dtype):
            assert block.dtype == np.dtype(dtype)
