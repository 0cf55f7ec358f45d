"""Bad options: unknown names, impossible numbers, unsuitable outputs."""

from typing import Any

import numpy as np
import pytest

import fastntk
from tests.networks import RELU, build, mlp

NET = build(mlp(RELU, 1))
X = np.arange(12.0).reshape(4, 3) / 7

OPTIONS: dict[str, tuple[dict[str, Any], str]] = {
    "get unknown": ({"get": "ntkk"}, r"get: found 'ntkk'; expected 'nngp', 'ntk'"),
    "get variance": ({"get": "cov1"}, r"get: found 'cov1'.*fastntk.diagonal"),
    "get in tuple": ({"get": ("nngp", "foo")}, r"get: found 'foo'; expected"),
    "get empty": ({"get": ()}, r"get: found \(\); expected"),
    "get twice": ({"get": ("ntk", "ntk")}, r"expected each kernel once"),
    "get number": ({"get": 3}, r"get: found 3; expected"),
    "dtype": ({"dtype": "int32"}, r"dtype: found 'int32'; expected float32, float64"),
    "dtype half": (
        {"dtype": np.float16},
        r"dtype: found .*float16.*; expected float32",
    ),
    "dtype text": ({"dtype": "banana"}, r"dtype: found 'banana'; expected float32"),
    "threads zero": ({"threads": 0}, r"threads: found 0; expected an integer >= 1"),
    "threads minus": ({"threads": -2}, r"threads: found -2; expected an integer >= 1"),
    "threads half": ({"threads": 1.5}, r"threads: found 1.5; expected an integer"),
    "threads bool": ({"threads": True}, r"threads: found True; expected an integer"),
    "memory text": ({"max_memory": "lots"}, r"max_memory: found 'lots'; expected"),
    "memory zero": ({"max_memory": 0}, r"max_memory: found 0; expected a number"),
    "memory minus": ({"max_memory": -5}, r"max_memory: found -5; expected a number"),
    "backend": ({"backend": "tpu"}, r"backend.*'tpu'; expected"),
}


@pytest.mark.parametrize("name", OPTIONS)
def test_bad_options_of_gram(name: str) -> None:
    options, message = OPTIONS[name]
    with pytest.raises(fastntk.InputError, match=message):
        fastntk.gram(NET, X, **options)


@pytest.mark.parametrize("name", [n for n in OPTIONS if "get" in n or "dtype" in n])
def test_bad_options_of_diagonal(name: str) -> None:
    options, message = OPTIONS[name]
    with pytest.raises(fastntk.InputError, match=message):
        fastntk.diagonal(NET, X, **options)


@pytest.mark.parametrize("name", OPTIONS)
def test_bad_options_of_tiles_are_found_at_the_call(name: str) -> None:
    options, message = OPTIONS[name]
    with pytest.raises(fastntk.InputError, match=message):
        fastntk.tiles(NET, X, **options)


@pytest.mark.parametrize("get", ["foo", ("nngp", "foo"), ()])
def test_bad_get_of_kernel_fn(get: Any) -> None:
    with pytest.raises(fastntk.InputError, match="get: found"):
        NET.kernel_fn(X, None, get)


def test_a_backend_that_is_not_there() -> None:
    with pytest.raises(fastntk.NotSupportedError, match="cuda.*backend='cpu'"):
        fastntk.gram(NET, X, backend="cuda")


@pytest.mark.parametrize("net", [None, 3, "net", [], X])
def test_what_is_no_network(net: Any) -> None:
    with pytest.raises((fastntk.NetworkError, fastntk.InputError), match="net"):
        fastntk.gram(net, X)


def read_only() -> np.ndarray:
    out = np.empty((4, 4))
    out.flags.writeable = False
    return out


BAD_OUT: dict[str, tuple[Any, str]] = {
    "shape": (np.empty((4, 3)), r"out: found shape \(4, 3\); expected \(4, 4\)"),
    "rank": (np.empty(16), r"out: found shape \(16,\); expected \(4, 4\)"),
    "dtype": (np.empty((4, 4), "f4"), r"out: found dtype float32; expected float64"),
    "integers": (np.empty((4, 4), int), r"out: found dtype int64; expected float64"),
    "read-only": (read_only(), r"out: found a read-only array; expected a writable"),
    "list": ([[0.0] * 4] * 4, r"out: found 4 items of type list; expected one array"),
    "broadcast": (
        np.lib.stride_tricks.as_strided(np.empty(4), (4, 4), (0, 8)),
        r"out: found a broadcast array",
    ),
    "rows that overlap": (
        np.lib.stride_tricks.as_strided(np.empty(16), (4, 4), (16, 8)),
        r"out: found strides \(16, 8\) for shape \(4, 4\): rows share memory",
    ),
    "two for one": ((np.empty((4, 4)),) * 2, r"out: found 2 items.*expected one array"),
}


@pytest.mark.parametrize("kind", BAD_OUT)
def test_unsuitable_outputs(kind: str) -> None:
    out, message = BAD_OUT[kind]
    with pytest.raises(fastntk.InputError, match=message):
        fastntk.gram(NET, X, out=out)


STRIDES = [(4, 1), (1, 4), (8, 2), (-4, 1), (4, -1), (40, 7), (3, 4), (5, 1)]


@pytest.mark.parametrize("strides", STRIDES)
def test_outputs_of_any_strides_that_do_not_overlap(strides: tuple[int, int]) -> None:
    memory = np.full(400, np.nan)
    steps = (8 * strides[0], 8 * strides[1])
    places = np.add.outer(np.arange(4) * strides[0], np.arange(4) * strides[1])
    assert len(set(places.flat)) == 16
    out = np.lib.stride_tricks.as_strided(memory[100:], (4, 4), steps)
    fastntk.gram(NET, X, out=out)
    np.testing.assert_array_equal(out, fastntk.gram(NET, X))


def test_one_output_for_two_kernels() -> None:
    with pytest.raises(fastntk.InputError, match="one array for each of nngp, ntk"):
        fastntk.gram(NET, X, get=("nngp", "ntk"), out=np.empty((4, 4)))


def test_the_second_of_two_outputs_is_named() -> None:
    out = (np.empty((4, 4)), np.empty((4, 5)))
    with pytest.raises(fastntk.InputError, match=r"out\['ntk'\]: found shape \(4, 5\)"):
        fastntk.gram(NET, X, get=("nngp", "ntk"), out=out)


def test_outputs_must_not_overlap_inputs_or_each_other() -> None:
    memory = np.ones(40)
    x, out = memory[:16].reshape(4, 4), memory[8:24].reshape(4, 4)
    with pytest.raises(fastntk.InputError, match="out: found memory shared with"):
        fastntk.gram(NET, x, out=out)
    with pytest.raises(fastntk.InputError, match="out: found memory shared with"):
        fastntk.gram(NET, np.ones((4, 4)), x, out=out)
    pair = (memory[:16].reshape(4, 4), memory[15:31].reshape(4, 4))
    with pytest.raises(fastntk.InputError, match=r"out\['ntk'\]: found memory shared"):
        fastntk.gram(NET, X, get=("nngp", "ntk"), out=pair)
    np.testing.assert_array_equal(memory, np.ones(40))


def test_neighbouring_memory_is_no_overlap() -> None:
    memory = np.ones(32)
    x, out = memory[:16].reshape(4, 4), memory[16:].reshape(4, 4)
    value = fastntk.gram(NET, x, out=out)
    np.testing.assert_array_equal(value, fastntk.gram(NET, np.ones((4, 4))))
    np.testing.assert_array_equal(x, np.ones((4, 4)))


@pytest.mark.parametrize("amount", ["1GB", "2 GiB", 10**9, 1e9, "500000000", "3e8B"])
def test_memory_budgets_can_be_written_in_many_ways(amount: Any) -> None:
    value = fastntk.gram(NET, X, max_memory=amount)
    np.testing.assert_array_equal(value, fastntk.gram(NET, X))
