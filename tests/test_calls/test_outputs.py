"""Kernels of several depths: at taps they are those of the network cut off there."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import fastntk
from fastntk import InputError, NetworkError, NotSupportedError, stax
from fastntk.backends.cuda.backend import check_program

pytestmark = pytest.mark.jit_off


def dense() -> stax.Network:
    return stax.Dense(8, W_std=1.5, b_std=0.1)


def branches(tap: stax.Network | None = None) -> stax.Network:
    inner = [stax.Relu(), *([] if tap is None else [tap]), dense()]
    sides = stax.parallel(stax.serial(*inner), stax.Identity())
    return stax.serial(stax.FanOut(2), sides, stax.FanInSum())


FIRST = stax.serial(dense(), stax.Erf(), dense())
LAST = stax.serial(stax.Relu(), dense())
NET = stax.serial(FIRST, stax.Tap("one"), branches(), stax.Tap("two"), LAST)
CUT = {
    "one": FIRST,
    "two": stax.serial(FIRST, branches()),
    "output": stax.serial(FIRST, branches(), LAST),
}
RNG = np.random.default_rng(0)
X, Z = RNG.standard_normal((21, 3)), RNG.standard_normal((5, 3))
X[4], X[5], X[6] = X[3], -X[3], 0.0
SAME = (lambda *_: (), lambda *_: None, lambda kernel: kernel)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("other", [None, Z])
@pytest.mark.parametrize("get", ["nngp", "ntk", ("nngp", "ntk")])
def test_kernels_at_taps_are_those_of_cut_networks(
    dtype: Any, other: Any, get: Any
) -> None:
    x2 = None if other is None else other.astype(dtype)
    found = fastntk.gram(NET, X.astype(dtype), x2, get=get, outputs="all")
    assert list(found) == ["one", "two", "output"]
    for place, net in CUT.items():
        expected = fastntk.gram(net, X.astype(dtype), x2, get=get)
        np.testing.assert_array_equal(found[place], expected)
        assert type(found[place]) is type(expected)


def test_taps_change_nothing_where_they_are_not_asked_for() -> None:
    np.testing.assert_array_equal(fastntk.gram(NET, X), fastntk.gram(CUT["output"], X))
    plain = CUT["output"].program(X)
    assert NET.program(X).n_slots == plain.n_slots
    np.testing.assert_array_equal(NET.kernel_fn(X, None, "ntk"), fastntk.gram(NET, X))


@pytest.mark.parametrize("threads", [1, 3])
def test_many_rows_and_some_places_in_any_order(threads: int) -> None:
    x = np.random.default_rng(1).standard_normal((150, 4))
    found = fastntk.gram(NET, x, outputs=("output", "one"), threads=threads)
    assert list(found) == ["output", "one"]
    for place, kernel in found.items():
        np.testing.assert_array_equal(kernel, fastntk.gram(CUT[place], x))
        np.testing.assert_array_equal(kernel, kernel.T)


def test_a_tap_within_a_branch() -> None:
    net = stax.serial(FIRST, branches(stax.Tap("inside")), LAST)
    found = fastntk.gram(net, X, outputs="all")
    inside = fastntk.gram(stax.serial(FIRST, stax.Relu()), X)
    np.testing.assert_array_equal(found["inside"], inside)
    np.testing.assert_array_equal(found["output"], fastntk.gram(CUT["output"], X))


@pytest.mark.parametrize(
    "layer",
    [stax.Tanh(), stax.Gelu(), stax.Elementwise(nngp_fn=lambda c, p, q: c**3)],
    ids=repr,
)
def test_series_and_python_functions(layer: stax.Network) -> None:
    if layer == stax.Tanh() and not fastntk._jit.JIT_ENABLED:
        pytest.skip("a series of many terms takes minutes without compiled code")
    head = stax.serial(dense(), layer)
    net = stax.serial(head, stax.Tap("a"), dense(), layer)
    found = fastntk.gram(net, X[:6], outputs="all")
    expected = {"a": head, "output": stax.serial(head, dense(), layer)}
    for place, kernel in found.items():
        other = fastntk.gram(expected[place], X[:6])
        np.testing.assert_allclose(kernel, other, rtol=1e-12)


def test_rows_of_one_norm_and_sparse_rows() -> None:
    x = X[np.abs(X).sum(axis=1) > 0]
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    for rows in (x, sp.csr_matrix(x)):
        found = fastntk.gram(NET, rows, outputs=["two", "output"])
        for place, kernel in found.items():
            expected = fastntk.gram(CUT[place], rows, collapse=False)
            np.testing.assert_allclose(kernel, expected, rtol=1e-12)


def test_diagonals_and_tiles() -> None:
    found = fastntk.diagonal(NET, X, get=("ntk", "nngp"), outputs=["one", "output"])
    for place, values in found.items():
        expected = fastntk.diagonal(CUT[place], X, get=("ntk", "nngp"))
        np.testing.assert_array_equal(values, expected)
    kernel = fastntk.gram(CUT["two"], X)
    for rows, cols, blocks in fastntk.tiles(NET, X, outputs="two"):
        assert list(blocks) == ["two"]
        np.testing.assert_array_equal(blocks["two"], kernel[rows, cols])


def test_outputs_are_written_where_the_caller_says() -> None:
    out = tuple(np.empty((21, 21)) for _ in range(4))
    found = fastntk.gram(NET, X, get=("nngp", "ntk"), outputs=["one", "two"], out=out)
    assert found["one"].nngp is out[0]
    assert found["two"].ntk is out[3]
    np.testing.assert_array_equal(out[3], fastntk.gram(CUT["two"], X))
    with pytest.raises(InputError, match=r"out: .*nngp@one, ntk@one, nngp@two, ntk@t"):
        fastntk.gram(NET, X, get=("nngp", "ntk"), outputs=["one", "two"], out=out[:2])


@pytest.mark.parametrize("other", [False, True])
def test_layer_by_layer_and_with_positions(other: bool) -> None:
    own = stax.serial(FIRST, SAME, stax.Tap("one"), LAST)
    found = fastntk.gram(own, X, Z if other else None, outputs="all")
    for place, net in {"one": FIRST, "output": stax.serial(FIRST, LAST)}.items():
        expected = fastntk.gram(net, X, Z if other else None)
        np.testing.assert_allclose(found[place], expected, rtol=1e-7, atol=1e-9)
    samples = RNG.standard_normal((4, 2, 3))
    second = samples[:3] + 1 if other else None
    pool = stax.GlobalAvgPool()
    net = stax.serial(FIRST, stax.Tap("pixels"), LAST, stax.Tap("deep"), pool)
    found = fastntk.gram(net, samples, second, get="nngp", outputs="all")
    pixels = fastntk.gram(FIRST, samples, second, get="nngp")
    np.testing.assert_allclose(found["pixels"], pixels, rtol=1e-9, atol=1e-12)
    whole = fastntk.gram(stax.serial(FIRST, LAST, pool), samples, second, get="nngp")
    np.testing.assert_allclose(found["output"], whole, rtol=1e-7)
    assert found["deep"].shape == pixels.shape
    if not other:
        values = fastntk.diagonal(net, samples, "nngp", outputs=["pixels", "output"])
        index = np.arange(4)
        np.testing.assert_allclose(values["pixels"], pixels[index, index], rtol=1e-9)
        np.testing.assert_allclose(values["output"], np.diag(whole), rtol=1e-7)


REFUSED: dict[str, tuple[Any, str]] = {
    "unknown": (
        ["three"],
        r"outputs: found 'three'; expected names of 'one', 'two', 'o",
    ),
    "twice": (
        ["one", "one"],
        r"outputs: found \['one', 'one'\]; expected each name onc",
    ),
    "nothing": ([], r"outputs: found list; expected names"),
    "a number": (3, r"outputs: found int; expected names"),
    "numbers": ([3], r"outputs: found int; expected names"),
    "an array": (np.eye(3), r"outputs: found ndarray; expected names"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("call", [fastntk.gram, fastntk.tiles, fastntk.diagonal])
def test_places_that_are_not_there(name: str, call: Any) -> None:
    outputs, message = REFUSED[name]
    with pytest.raises(InputError, match=message):
        call(NET, X, outputs=outputs)


def test_one_name_at_two_places_is_refused_where_it_is_asked_for() -> None:
    net = stax.serial(dense(), stax.repeat(stax.serial(stax.Tap("h"), LAST), 2))
    assert fastntk.gram(net, X).shape == (21, 21)
    with pytest.raises(InputError, match=r"outputs: found 2 taps of the name 'h'"):
        fastntk.gram(net, X, outputs=["h"])


def test_what_has_no_kernels_at_taps() -> None:
    with pytest.raises(NotSupportedError, match=r"tol: kernels at taps have no bound"):
        fastntk.gram(NET, X, outputs="all", tol=1e-6)
    program = fastntk.program.lower(NET.spec, ("ntk@one", "ntk"), 3)
    with pytest.raises(
        NotSupportedError, match=r"outputs: found 'one' and backend='cu"
    ):
        check_program(program)
    own = stax.serial(FIRST, SAME, stax.Tap("one"), LAST)
    with pytest.raises(NotSupportedError, match=r"out: found arrays beside outputs="):
        fastntk.gram(own, X, outputs=["one"], out=np.empty((21, 21)))


@pytest.mark.parametrize("name", ["", "  ", "all", "output", "a@b", 3, None])
def test_names_of_taps(name: Any) -> None:
    with pytest.raises(NetworkError, match=r"^Tap\(.*expected text without '@'"):
        stax.Tap(name)


def test_taps_print_and_go_to_json() -> None:
    net = stax.serial(dense(), stax.Tap("block 1"))
    assert repr(net) == "serial(Dense(8, W_std=1.5, b_std=0.1), Tap('block 1'))"
    assert stax.from_json(net.to_json()) == net
