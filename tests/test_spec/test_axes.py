"""Axes counted from either end are one layer; others are refused in words."""

import pickle
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import spec, stax
from fastntk._errors import NetworkError, NotSupportedError

R = np.random.default_rng(5)
X, S = R.standard_normal((4, 3)), R.standard_normal((4, 5, 3))
A = np.ones((4, 5, 5))
TWO = stax.FanOut(2), stax.parallel(stax.Dense(4), stax.Dense(8))


def both(**axes: Any) -> Any:
    """Return layers that take both axes, as networks of samples with positions."""
    pool = stax.GlobalAvgPool()
    contracted = (((1,), (0,)), ((), ()))
    return {
        "Dense": stax.serial(stax.Dense(8, **axes), stax.Relu(), pool),
        "GlobalAvgPool": stax.serial(stax.Dense(8), stax.GlobalAvgPool(**axes)),
        "GlobalSumPool": stax.serial(stax.Dense(8), stax.GlobalSumPool(**axes)),
        "Index": stax.serial(stax.Dense(8), stax.Index(stax.Slice[:, 1:3], **axes)),
        "DotGeneral": stax.DotGeneral(
            rhs=np.ones(5), dimension_numbers=contracted, **axes
        ),
        "Aggregate": stax.serial(stax.Aggregate(1, **axes), stax.Dense(8)),
        "LayerNorm": stax.serial(stax.Dense(8), stax.LayerNorm(2, **axes), stax.Erf()),
    }


@pytest.mark.parametrize("name", both())
def test_axes_of_samples_with_positions_count_from_either_end(name: str) -> None:
    options = {"pattern": (A, A)} if name == "Aggregate" else {}
    want = both()[name].kernel_fn(S, None, **options)
    for axes in ({"channel_axis": 2}, {"batch_axis": -3, "channel_axis": np.int64(2)}):
        found = both(**axes)[name].kernel_fn(S, None, **options)
        for field in ("nngp", "ntk", "cov1"):
            assert np.array_equal(getattr(found, field), getattr(want, field))


@pytest.mark.parametrize(
    ("written", "usual"),
    [
        (stax.Dense(8, 1.2, channel_axis=1, batch_axis=-2), stax.Dense(8, 1.2)),
        (
            stax.serial(*TWO, stax.FanInConcat(1), stax.Dense(1)),
            stax.serial(*TWO, stax.FanInConcat(), stax.Dense(1)),
        ),
        (
            stax.serial(stax.Dense(8), stax.LayerNorm((1,), channel_axis=1)),
            stax.serial(stax.Dense(8), stax.LayerNorm()),
        ),
        (stax.Flatten(-2, -2), stax.Flatten()),
        (stax.DotGeneral(rhs=2, channel_axis=1), stax.DotGeneral(rhs=2)),
    ],
    ids=repr,
)
def test_axes_of_rows_count_from_either_end(written: Any, usual: Any) -> None:
    found = written.kernel_fn(X, X[:2])
    want = usual.kernel_fn(X, X[:2])
    assert np.array_equal(found.ntk, want.ntk)
    assert np.array_equal(written.kernel_fn(found).ntk, usual.kernel_fn(want).ntk)
    assert np.array_equal(fastntk.gram(written, X), fastntk.gram(usual, X))
    assert spec.resolve_axes(written.spec, 2) == usual.spec


def test_what_is_written_stays_in_the_network() -> None:
    net = stax.serial(stax.Dense(8, channel_axis=2), stax.LayerNorm(2), stax.Relu())
    assert repr(net) == "serial(Dense(8, channel_axis=2), LayerNorm(axis=2), Relu())"
    assert eval(repr(net), vars(stax)) == net == stax.from_json(net.to_json())
    assert pickle.loads(pickle.dumps(net)).kernel_fn(S).nngp.shape == (4, 4, 5, 5)
    assert hash(net) == hash(stax.from_json(net.to_json()))
    assert net != stax.serial(stax.Dense(8), stax.LayerNorm(2), stax.Relu())
    assert repr(stax.Index(stax.Slice[:, 0], channel_axis=2)) == (
        "Index(Slice[:, 0], channel_axis=2)"
    )


def test_json_of_usual_axes_is_what_it_was() -> None:
    assert stax.GlobalAvgPool().spec.to_dict() == {"layer": "GlobalAvgPool"}
    assert "axis" not in stax.Dense(8, batch_axis=0, channel_axis=-1).to_json()
    assert stax.FanInConcat(1).spec.to_dict() == {"layer": "FanInConcat", "axis": 1}


def test_the_axes_are_those_of_what_comes_in() -> None:
    pooled = stax.serial(stax.Dense(8), stax.GlobalAvgPool(), stax.Dense(1, 1, 0, 0, 1))
    assert pooled.kernel_fn(S, None, "nngp").shape == (4, 4)
    branches = stax.serial(
        stax.Dense(8, channel_axis=2),
        stax.FanOut(2),
        stax.parallel(
            stax.serial(stax.GlobalAvgPool(), stax.Dense(8, channel_axis=1)),
            stax.serial(stax.Index(stax.Slice[:, 0]), stax.Dense(8, channel_axis=1)),
        ),
        stax.FanInConcat(1),
        stax.Dense(1, channel_axis=1),
    )
    assert branches.kernel_fn(S, None, "ntk").shape == (4, 4)


@pytest.mark.parametrize(
    ("net", "inputs", "message"),
    [
        (
            stax.serial(stax.Dense(8), stax.Dense(4, channel_axis=1)),
            S,
            r"Dense\(4, channel_axis=1\) at layer 1: channel_axis is 1, and what comes "
            r"in has 3 axes; expected -1 or 2, the last of them.*transpose",
        ),
        (stax.Dense(4, channel_axis=2), X, "channel_axis is 2.*2 axes; expected -1 or"),
        (stax.Dense(4, batch_axis=-2), S, "batch_axis is -2.*expected 0 or -3, the fi"),
        (
            stax.serial(stax.Dense(8), stax.LayerNorm(1)),
            S,
            "axis is 1.*3 axes; expected -1 or 2.*channel axis alone",
        ),
        (stax.serial(*TWO, stax.FanInConcat(1)), S, "axis is 1.*along their features"),
        (
            stax.serial(stax.Dense(8), stax.GlobalAvgPool(), stax.Dense(8, 1, 0, 0, 2)),
            S,
            "layer 2: channel_axis is 2.*2 axes",
        ),
    ],
    ids=repr,
)
def test_another_axis_is_refused_where_the_inputs_are_known(
    net: Any, inputs: Any, message: str
) -> None:
    with pytest.raises(NetworkError, match=message):
        net.kernel_fn(inputs, None, "nngp")
    with pytest.raises(NetworkError, match=message):
        fastntk.gram(net, inputs)


def test_calls_that_know_their_inputs_refuse_it_too() -> None:
    net = stax.serial(stax.Dense(8, channel_axis=2), stax.Relu(), stax.Dense(1))
    for call in (fastntk.diagonal, fastntk.operator, lambda n, x: n.program(x)):
        with pytest.raises(NetworkError, match="channel_axis is 2"):
            call(net, X)
    with pytest.raises(NetworkError, match="channel_axis is 2"):
        net.profile([0.5])
    kernel = stax.Dense(8).kernel_fn(X)
    with pytest.raises(NetworkError, match="channel_axis is 2"):
        net.kernel_fn(kernel)


def test_keywords_of_kernel_fn_count_from_either_end() -> None:
    net = stax.Dense(8)
    want = net.kernel_fn(S, None, "nngp")
    found = net.kernel_fn(S, None, "nngp", batch_axis=-3, channel_axis=2)
    assert np.array_equal(found, want)
    with pytest.raises(NotSupportedError, match="batch_axis is -2; expected None or 0"):
        net.kernel_fn(S, None, "nngp", batch_axis=-2)


def test_axes_of_stores(tmp_path: Any) -> None:
    net = stax.serial(stax.Dense(8, channel_axis=1), stax.Relu(), stax.Dense(1))
    path = tmp_path / "k.npy"
    fastntk.gram_to_store(net, X, path=path)
    fastntk.verify_store(path, net=net)
    usual = stax.serial(stax.Dense(8), stax.Relu(), stax.Dense(1))
    fastntk.verify_store(path, net=usual)
    assert np.array_equal(np.asarray(fastntk.open_store(path)), fastntk.gram(net, X))
