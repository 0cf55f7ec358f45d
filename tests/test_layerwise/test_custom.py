"""Layers of a user, given as a triple, among others."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from tests.test_layerwise.inputs import (
    ARRAYS,
    S1,
    S2,
    X1,
    X2,
    assert_same,
    changed,
    first_half,
    second_half,
    times,
)

SCALED = stax.serial(first_half(), times(2.0), second_half())
EQUAL = stax.serial(first_half(), stax.DotGeneral(rhs=2.0), second_half())


@pytest.mark.parametrize(
    ("x1", "x2"),
    [(X1, None), (X1, X2), (S1, None), (S1, S2)],
    ids=["symmetric", "cross", "positions", "positions-cross"],
)
def test_it_stands_between_other_layers(x1: Any, x2: Any) -> None:
    assert_same(SCALED.kernel_fn(x1, x2), EQUAL.kernel_fn(x1, x2), rtol=1e-10)


@pytest.mark.parametrize("place", ["first", "last", "alone"])
def test_it_may_stand_anywhere(place: str) -> None:
    one = stax.DotGeneral(rhs=3.0)
    nets: dict[str, Any] = {
        "first": lambda layer: stax.serial(layer, first_half()),
        "last": lambda layer: stax.serial(first_half(), layer),
        "alone": stax.serial,
    }
    make = nets[place]
    for x2 in (None, X2):
        found = make(times(3.0)).kernel_fn(X1, x2)
        assert_same(found, make(one).kernel_fn(X1, x2), rtol=1e-10)


def test_in_branches() -> None:
    def net(layer: Any) -> Any:
        return stax.serial(
            stax.Dense(8, 1.2, 0.1),
            stax.FanOut(3),
            stax.parallel(
                stax.Identity(),
                stax.serial(stax.Relu(), layer, stax.Dense(8)),
                stax.Dense(8, 0.5),
            ),
            stax.FanInSum(),
            stax.Relu(),
            stax.Dense(1),
        )

    found = net(times(2.0)).kernel_fn(X1, X2)
    assert_same(found, net(stax.DotGeneral(rhs=2.0)).kernel_fn(X1, X2), rtol=1e-10)


@pytest.mark.parametrize("join", [stax.FanInProd, stax.FanInConcat, stax.FanInSum])
def test_branches_of_any_kind_are_joined(join: Any) -> None:
    def net(layer: Any) -> Any:
        branches = stax.parallel(
            stax.serial(layer, stax.Dense(8, 1.2, 0.1)),
            stax.serial(layer, stax.Dense(8, 0.7), layer),
            stax.Dense(8, 0.3),
        )
        return stax.serial(stax.FanOut(3), branches, join(), stax.Dense(1, 1.1, 0.2))

    for get in (None, "nngp"):
        found = net(times(2.0)).kernel_fn(X1, X2, get)
        expected = net(stax.DotGeneral(rhs=2.0)).kernel_fn(X1, X2, get)
        if get:
            np.testing.assert_allclose(found, expected, rtol=1e-10)
        else:
            assert_same(found, expected, rtol=1e-10)


def test_it_may_join_branches_itself() -> None:
    def halves(kernels: Any, **kwargs: Any) -> Any:
        one, two = kernels
        return one.replace(
            nngp=(one.nngp + two.nngp) / 2,
            ntk=(one.ntk + two.ntk) / 2,
            cov1=(one.cov1 + two.cov1) / 2,
        )

    join = (*times(1.0)[:2], halves)
    fan = stax.FanOut(2), stax.parallel(stax.Dense(4), stax.Dense(4, 2.0))
    found = stax.serial(*fan, join).kernel_fn(X1)
    expected = stax.serial(*fan, stax.FanInConcat()).kernel_fn(X1)
    np.testing.assert_allclose(found.nngp, expected.nngp, rtol=1e-12)
    np.testing.assert_allclose(found.ntk, expected.ntk, rtol=1e-12)


def test_keyword_arguments_reach_it() -> None:
    seen: dict[str, Any] = {}

    def watch(k: Any, **kwargs: Any) -> Any:
        seen.update(kwargs)
        return k

    net = stax.serial(first_half(), (*times(1.0)[:2], watch))
    net.kernel_fn(X1, X2, "ntk", power=3, rng=0, diagonal_batch=True, pattern=None)
    assert seen == {"power": 3, "rng": 0, "diagonal_batch": True}


def test_it_sees_which_sides_are_the_same() -> None:
    seen: list[Any] = []

    def watch(k: Any, **kwargs: Any) -> Any:
        seen.append((k.x1_is_x2, k.cov2 is None, k.shape1, k.is_gaussian))
        return k

    net = stax.serial(first_half(), (*times(1.0)[:2], watch))
    net.kernel_fn(X1)
    net.kernel_fn(X1, X2)
    both = net.kernel_fn(X1, X1 + 1e-14)
    same, other = (True, True, (6, 8), True), (False, False, (6, 8), True)
    assert seen == [same, other, same]
    assert both.x1_is_x2
    np.testing.assert_array_equal(both.cov1, both.cov2)


def test_nngp_alone_has_no_tangent() -> None:
    seen: list[Any] = []

    def watch(k: Any, **kwargs: Any) -> Any:
        seen.append(k.ntk)
        return k

    stax.serial(first_half(), (*times(1.0)[:2], watch)).kernel_fn(X1, None, "nngp")
    assert seen == [None]


def net_with(**functions: Any) -> Any:
    return stax.serial(first_half(), changed(**functions), second_half())


@pytest.mark.parametrize(
    ("functions", "message"),
    [
        ({"nngp": lambda k: k[:3]}, "returned nngp of shape|returned ntk of shape"),
        ({"cov1": lambda c: c[:2]}, r"returned cov1 of shape \(2,\); expected \(6,\)"),
        ({"nngp": lambda k: k * np.nan}, r"returned nngp with nan at \(0, 0\)"),
        ({"nngp": lambda k: 2 * k}, "diagonal is not cov1.*both changed alike"),
        ({"ntk": np.triu}, "an ntk that is not symmetric"),
        ({"ntk": lambda k: None}, "returned ntk None, but was given an array"),
        ({"cov2": lambda c: np.ones(6)}, "returned cov2 for one side only"),
        ({"nngp": lambda k: k.astype(object)}, "nngp of dtype object"),
    ],
)
def test_what_it_returns_is_checked(functions: Any, message: str) -> None:
    with pytest.raises(
        fastntk.NetworkError, match=rf"Custom\(wrong\) at layer 1: .*({message})"
    ):
        net_with(**functions).kernel_fn(X1)


def test_it_has_to_return_a_kernel() -> None:
    layer = (*times(1.0)[:2], lambda k, **kwargs: k.nngp)
    with pytest.raises(fastntk.NetworkError, match="returned ndarray; expected a Kern"):
        stax.serial(first_half(), layer).kernel_fn(X1)


def test_it_cannot_write_into_what_others_share() -> None:
    def writes(k: Any, **kwargs: Any) -> Any:
        k.nngp[...] = 0.0
        return k

    def assigns(k: Any, **kwargs: Any) -> Any:
        k.nngp = 2 * k.nngp
        return k

    where = r"Custom\((writes|assigns)\) at layer 1: .*in place"
    for function in (writes, assigns):
        with pytest.raises(fastntk.NetworkError, match=where) as caught:
            stax.serial(first_half(), (*times(1.0)[:2], function)).kernel_fn(X1)
        assert caught.value.__cause__ is not None
    same = (*times(1.0)[:2], lambda k, **kwargs: k)
    kernel = stax.serial(first_half(), same).kernel_fn(X1, X2)
    assert all(getattr(kernel, name).flags.writeable for name in ARRAYS)


@pytest.mark.parametrize("branches", [False, True])
def test_its_own_errors_pass_with_the_layer_named(branches: bool) -> None:
    def fails(k: Any, **kwargs: Any) -> Any:
        raise KeyError("mine")

    layer: Any = (*times(1.0)[:2], fails)
    where = "1"
    if branches:
        layer, where = stax.parallel(stax.Dense(3), layer), "2.1"
    fan = [stax.FanOut(2)] if branches else []
    with pytest.raises(KeyError, match="mine") as caught:
        stax.serial(first_half(), *fan, layer).kernel_fn(X1)
    note = f"raised by the kernel_fn of Custom(fails) at layer {where}"
    assert caught.value.__notes__ == [note]


@pytest.mark.parametrize(
    ("layers", "where"),
    [
        ([times(2.0), stax.Relu(), stax.Relu()], "3"),
        ([times(2.0), stax.serial(stax.Dense(3), stax.Relu(), stax.Relu())], "2.2"),
        (
            [
                stax.FanOut(2),
                stax.parallel(
                    stax.serial(times(2.0), stax.Relu(), stax.Relu()), stax.Dense(8)
                ),
            ],
            "2.0.2",
        ),
    ],
)
def test_errors_after_it_name_the_layer_of_the_whole_network(
    layers: Any, where: str
) -> None:
    net = stax.serial(first_half(), *layers)
    message = rf"Relu\(\) at layer {where}: its input is not Gaussian"
    with pytest.raises(fastntk.NetworkError, match=message):
        net.kernel_fn(X1)


def test_a_range_left_after_it_names_the_layer() -> None:
    net = stax.serial(first_half(), times(1e100), stax.Dense(3, 1e120), stax.Dense(1))
    with pytest.raises(
        fastntk.RangeError, match=r"Dense\(3, W_std=1e\+120\) at layer 2"
    ):
        net.kernel_fn(X1)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ([stax.FanOut(2), times(2.0), stax.Relu()], "list"),
        ([stax.FanOut(2), stax.parallel(times(2.0), stax.Dense(3))], "2 branches"),
        ([times(2.0), stax.FanInSum()], "found one branch"),
        ([times(2.0), stax.parallel(stax.Dense(3))], "1 branches at its input"),
        (
            [
                stax.FanOut(2),
                stax.parallel(times(2.0), stax.Dense(3)),
                stax.Dense(3),
            ],
            "found 2 branches at its input; expected one",
        ),
        (
            [
                stax.FanOut(2),
                stax.parallel(times(2.0), stax.Dense(4)),
                stax.FanInSum(),
            ],
            "not Gaussian",
        ),
    ],
)
def test_branches_that_do_not_fit(layers: Any, message: str) -> None:
    error = AttributeError if message == "list" else fastntk.NetworkError
    with pytest.raises(error, match=message):
        stax.serial(*layers).kernel_fn(X1)
