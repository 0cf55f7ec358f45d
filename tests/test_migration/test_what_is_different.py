"""The second table of the guide, line by line."""

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import fastntk as nt
from fastntk import stax
from tests.test_migration import rival
from tests.test_migration.page import S1, X1, X2, net, says
from tests.test_migration.test_what_carries_over import triple


@says("dtype")
def test_dtype() -> None:
    kernel_fn = net().kernel_fn
    for given, expected in (("f2", "f4"), ("f4", "f4"), ("f8", "f8"), ("i8", "f8")):
        assert kernel_fn((9 * X1).astype(given)).ntk.dtype == expected


@says("arrays")
def test_arrays() -> None:
    value = net().kernel_fn(X1.tolist(), sp.csr_matrix(X2), "ntk")
    assert type(value) is np.ndarray
    assert not hasattr(value, "block_until_ready")
    np.testing.assert_allclose(value, net().kernel_fn(X1, X2, "ntk"), rtol=1e-10)


class Traced:
    """An array without numbers, as under jax.jit, jax.grad and jax.vmap."""

    ndim = 2
    shape = (6, 3)

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise TypeError("the error was thrown when tracing")


@says("`jit`")
def test_jit() -> None:
    with pytest.raises(nt.InputError, match="Traced that is no array.*when tracing"):
        net().kernel_fn(Traced(), None, "ntk")


@says("`vmap`, `grad`")
def test_vmap_grad() -> None:
    with pytest.raises(nt.InputError, match="no array"):
        net().kernel_fn(X1, Traced(), "ntk")
    kinds: list[type] = []

    def watch(k: Any, **kwargs: Any) -> Any:
        kinds.extend(map(type, (k.nngp, k.ntk, k.cov1)))
        return k

    stax.serial(net(), triple(watch)).kernel_fn(X1)
    assert kinds == [np.ndarray] * 3


@says("devices")
def test_devices() -> None:
    for arguments in ((0, 2, False), (3, -1, True)):
        kernel_fn: Any = nt.batch(net().kernel_fn, *arguments)
        assert kernel_fn.__self__ == net()
    one = nt.gram(net(), X1, threads=1, max_memory="1MB")
    np.testing.assert_array_equal(one, net().kernel_fn(X1, None, "ntk"))


@says("PRNG keys")
def test_prng_keys() -> None:
    for name in ("rng", "key", "keys"):
        with pytest.warns(UserWarning, match=f"{name} has no effect.*not random"):
            net().kernel_fn(X1, X2, "ntk", **{name: 3})


@says("`diagonal_batch`")
def test_diagonal_batch() -> None:
    assert net().kernel_fn(X1, diagonal_batch=True).diagonal_batch is True
    with pytest.raises(nt.NotSupportedError, match="diagonal_batch is False.*compute"):
        net().kernel_fn(X1, diagonal_batch=False)


@says("`diagonal_spatial`")
def test_diagonal_spatial() -> None:
    assert net().kernel_fn(S1, diagonal_spatial=False).diagonal_spatial is False
    assert net().kernel_fn(X1, get="ntk", diagonal_spatial=True).shape == (6, 6)
    with pytest.raises(nt.NotSupportedError, match="diagonal_spatial is True"):
        net().kernel_fn(S1, diagonal_spatial=True)


@says("`mask_constant`")
def test_mask_constant() -> None:
    with pytest.raises(nt.NotSupportedError, match="masks come later"):
        net().kernel_fn(S1, mask_constant=0.0)


@says("axes")
def test_axes() -> None:
    net().kernel_fn(X1, batch_axis=0, channel_axis=1)
    with pytest.raises(nt.NotSupportedError, match="batch_axis is 1"):
        net().kernel_fn(X1, batch_axis=1)
    with pytest.raises(nt.NotSupportedError, match="channel_axis is 1"):
        net().kernel_fn(S1, channel_axis=1)
    with pytest.raises(nt.NetworkError, match="batch_axis"):
        stax.Dense(3, batch_axis=1)
    with pytest.raises(nt.NetworkError, match="channel_axis is 1.*has 3 axes"):
        stax.Dense(3, channel_axis=1).kernel_fn(S1)
    stax.Dense(3, channel_axis=2).kernel_fn(S1)


@says("arguments of layers")
def test_arguments_of_layers() -> None:
    with pytest.raises(nt.NetworkError, match="to_dense.*Apply it to the pattern"):
        stax.Aggregate(to_dense=lambda p: p + 1)
    with pytest.raises(nt.NetworkError, match="axis is 0"):
        stax.FanInConcat(0)
    with pytest.raises(nt.NetworkError, match="axis is"):
        stax.LayerNorm(axis=(1, 2))


@says("pooling")
def test_pooling() -> None:
    for pool in (stax.GlobalAvgPool(), stax.GlobalSumPool()):
        assert stax.serial(net(), pool).kernel_fn(S1, None, "ntk").shape == (3, 3)
        with pytest.raises(nt.NetworkError, match="expected inputs of shape .n, pos"):
            stax.serial(net(), pool).kernel_fn(X1, None, "ntk")


@says("`DotGeneral` by a matrix")
def test_dot_general_by_a_matrix() -> None:
    axes = ((1,), (0,)), ((), ())
    mixed = stax.DotGeneral(rhs=np.eye(4)[:, :3], dimension_numbers=axes)
    value = stax.serial(net(), mixed, stax.Dense(1)).kernel_fn(S1, None, "nngp")
    expected = stax.serial(net(), stax.Dense(1)).kernel_fn(S1, None, "nngp")
    np.testing.assert_allclose(value, expected[:, :, :3, :3], rtol=1e-12)


@says("`Index` of samples")
def test_index_of_samples() -> None:
    with pytest.raises(nt.NotSupportedError, match="Index the inputs"):
        stax.serial(net(), stax.Index(stax.Slice[::2])).kernel_fn(S1)


@says("unknown arguments")
def test_unknown_arguments() -> None:
    with pytest.raises(nt.InputError, match="keyword argument 'gte'"):
        net().kernel_fn(X1, X2, gte="ntk")


@says("arguments without use")
def test_arguments_without_use() -> None:
    with pytest.warns(UserWarning, match="pattern has no effect: no layer"):
        net().kernel_fn(S1, pattern=(None, None))


@says("precision near equal rows")
def test_precision_near_equal_rows() -> None:
    deep = stax.serial(stax.repeat(stax.serial(stax.Dense(8, 2**0.5), stax.Relu()), 9))
    near = X1 * (1 + 1e-13)
    cross, alone = deep.kernel_fn(X1, near, "ntk"), nt.diagonal(deep, X1)
    np.testing.assert_allclose(np.diagonal(cross), alone, rtol=1e-11)
    equal = deep.kernel_fn(X1, X1.copy(), "ntk")
    np.testing.assert_allclose(np.diagonal(equal), alone, rtol=1e-14)
    record = rival.recorded("script_fcn")["results"]
    theirs = np.asarray(record["kernel_alone_diagonal"])
    ours = rival.run_here("script_fcn")["kernel_alone_diagonal"]
    assert 1e-10 < np.abs(theirs / ours - 1).max() < 1e-7


@says("composition near equal rows")
def test_composition_near_equal_rows() -> None:
    a, b = stax.Dense(8, 1.2, 0.1), stax.serial(stax.Relu(), stax.Dense(1))
    near = X1 + 1e-7
    exact = stax.serial(a, b).kernel_fn(X1, near)
    composed = b.kernel_fn(a.kernel_fn(X1, near))
    error = np.abs(composed.ntk / exact.ntk - 1)
    assert error.max() < 1e-6
    assert error.max() > 1e-12


@says("checks")
def test_checks() -> None:
    for x in (X1 * np.nan, X1 * np.inf, X1[:0], X1[0]):
        with pytest.raises(nt.InputError, match="expected"):
            net().kernel_fn(x)
    with pytest.raises(nt.InputError, match="same number of columns"):
        net().kernel_fn(X1, X2[:, :2])


@says("checks of your layers")
def test_checks_of_your_layers() -> None:
    wrong = {
        "finite": {"nngp": np.full((6, 6), np.nan)},
        "shape": {"cov1": np.ones(2)},
        "not cov1": {"cov1": np.ones(6)},
    }
    for message, changes in wrong.items():
        layer = triple(lambda k, changes=changes, **kwargs: k.replace(**changes))
        with pytest.raises(nt.NetworkError, match=message):
            stax.serial(net(), layer).kernel_fn(X1)


@says("overflow")
def test_overflow() -> None:
    deep = stax.repeat(stax.serial(stax.Dense(8, 1e30), stax.Relu()), 9)
    with pytest.raises(nt.RangeError, match="Dense"):
        deep.kernel_fn(X1)


@says("warnings")
def test_warnings() -> None:
    branches = stax.FanOut(2), stax.parallel(stax.Dense(3), stax.Dense(3))
    same = stax.FanOut(2), stax.parallel(stax.Identity(), stax.Identity())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for join in (stax.FanInSum(), stax.FanInProd(), stax.FanInConcat()):
            for fan in (branches, same):
                stax.serial(stax.Dense(3), *fan, join).kernel_fn(X1)


@says("losses")
def test_losses() -> None:
    kernel = net().kernel_fn(X1, None, "ntk")
    y = np.sign(X1[:, :1])
    flow = nt.predict.gradient_descent("mse", kernel, y)
    assert flow(1.0).shape == (6, 1)
    own = nt.predict.gradient_descent(nt.predict.MeanSquared(), kernel, y)
    np.testing.assert_allclose(own(1.0), flow(1.0), rtol=1e-6)
    with pytest.raises(nt.InputError, match="loss"):
        nt.predict.gradient_descent(lambda fx, y: 0.0, kernel, y)


@says("memory")
def test_memory() -> None:
    out = np.empty((6, 6))
    assert nt.gram(net(), X1, out=out) is out
    for rows, cols, block in nt.tiles(net(), X1):
        np.testing.assert_array_equal(block, out[rows, cols])
    with pytest.raises(nt.MemoryBudgetError, match="bytes"):
        net().kernel_fn(np.ones((10**7, 1)), None, "ntk")


@says("`Kernel` methods")
def test_kernel_methods() -> None:
    kernel = net().kernel_fn(X1)
    for name in ("slice", "reverse", "transpose", "mask", "dot_general"):
        assert not hasattr(kernel, name)
    with pytest.raises(TypeError):
        _ = 2.0 * kernel
