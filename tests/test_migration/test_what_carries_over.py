"""The first table of the guide, line by line."""

import dataclasses
import inspect
import pickle
from typing import Any

import numpy as np
import pytest
from scipy import special

import fastntk as nt
from fastntk import stax
from tests.test_migration import rival
from tests.test_migration.page import S1, S2, X1, X2, net, says

SIGNATURES: dict[str, Any] = rival.recorded("signatures")
ABSENT = {  # pixels, decorators: the last table of the page
    *("AvgPool", "Conv", "ConvLocal", "ConvTranspose", "ImageResize", "SumPool"),
    "GlobalSelfAttention",
    *("layer", "requires", "supports_masking", "unmask_fn"),
}
LAYERS = [
    name.partition(".")[2]
    for name in SIGNATURES
    if name.startswith("stax.") and name.partition(".")[2] not in ABSENT
]


def shown(value: Any) -> str | None:
    """Return a default as the record has it."""
    if value is inspect.Parameter.empty:
        return None
    if callable(value):
        return "function"
    return repr(value)


def parameters(function: Any) -> list[list[Any]]:
    return [
        [p.name, shown(p.default), p.kind.name]
        for p in inspect.signature(function).parameters.values()
    ]


@says("layers")
@pytest.mark.parametrize("name", LAYERS)
def test_layers(name: str) -> None:
    theirs = SIGNATURES[f"stax.{name}"]
    ours = parameters(getattr(stax, name))
    assert ours[: len(theirs)] == theirs
    more = ours[len(theirs) :]
    assert not more or name == "Elementwise"
    assert {kind for _, _, kind in more} <= {"KEYWORD_ONLY"}


@says("numerical activations")
def test_numerical_activations() -> None:
    def net_of(layer: Any) -> Any:
        return stax.serial(stax.Dense(8, 1.3, 0.1), layer, stax.Dense(1))

    exact = net_of(stax.Erf()).kernel_fn(X1, X2, "ntk")
    for layer in (
        stax.ElementwiseNumerical(special.erf, 25),
        stax.ElementwiseNumerical(special.erf, deg=3),
        stax.Elementwise(special.erf),
    ):
        value = net_of(layer).kernel_fn(X1, X2, "ntk")
        np.testing.assert_allclose(value, exact, rtol=1e-10)


@says("triples")
def test_triples() -> None:
    init_fn, apply_fn, kernel_fn = net()
    assert callable(init_fn)
    assert callable(apply_fn)
    np.testing.assert_array_equal(
        kernel_fn(X1, X2, "ntk"), net().kernel_fn(X1, X2, "ntk")
    )
    assert net() == net() == pickle.loads(pickle.dumps(net()))
    assert stax.from_json(net().to_json()) == net()
    assert repr(stax.Relu()) == "Relu()"


@says("`kernel_fn(x1, x2, get)`")
def test_kernel_fn() -> None:
    kernel_fn = net().kernel_fn
    value = kernel_fn(X1, X2, "ntk")
    assert value.shape == (6, 4)
    np.testing.assert_array_equal(kernel_fn(x1=X1, x2=X2, get="ntk"), value)
    np.testing.assert_allclose(
        kernel_fn(X1, None, "ntk"), kernel_fn(X1, X1, "ntk"), rtol=1e-12
    )


@says("`get`")
def test_get() -> None:
    kernel_fn = net().kernel_fn
    assert type(kernel_fn(X1, X2, "ntk")) is np.ndarray
    assert kernel_fn(X1, X2, ("ntk", "nngp"))._fields == ("ntk", "nngp")
    assert isinstance(kernel_fn(X1, X2), nt.Kernel)
    np.testing.assert_array_equal(kernel_fn(X1, X2, "NTK"), kernel_fn(X1, X2, "ntk"))


@says("fields in `get`")
def test_fields_in_get() -> None:
    kernel = net().kernel_fn(X1, X2)
    for field in dataclasses.fields(nt.Kernel):
        value = net().kernel_fn(X1, X2, field.name)
        np.testing.assert_array_equal(value, getattr(kernel, field.name))


@says("`Kernel`")
def test_kernel() -> None:
    names = "nngp ntk cov1 cov2 x1_is_x2 is_gaussian is_reversed is_input "
    names += "diagonal_batch diagonal_spatial shape1 shape2 batch_axis channel_axis "
    names += "mask1 mask2"
    kernel = net().kernel_fn(X1)
    assert nt.Kernel is stax.Kernel
    assert list(kernel.asdict()) == names.split()
    assert len(kernel.astuple()) == 16
    assert kernel.replace(ntk=None).ntk is None
    with pytest.raises(dataclasses.FrozenInstanceError):
        kernel.ntk = None


@says("composition")
def test_composition() -> None:
    a = stax.serial(stax.Dense(8, 1.2), stax.Relu())
    b = stax.serial(stax.Dense(8), stax.Erf(), stax.Dense(1))
    for x2 in (None, X2):
        kernel = b.kernel_fn(a.kernel_fn(X1, x2))
        expected = stax.serial(a, b).kernel_fn(X1, x2)
        np.testing.assert_allclose(kernel.ntk, expected.ntk, rtol=1e-11)
        np.testing.assert_allclose(kernel.nngp, expected.nngp, rtol=1e-11)


def triple(kernel_fn: Any) -> Any:
    return (lambda rng, shape: (shape, ())), (lambda params, x, **kwargs: x), kernel_fn


@says("duals of your own")
def test_duals_of_your_own() -> None:
    def square(cov12: Any, var1: Any, var2: Any) -> Any:
        return 2 * cov12**2 + var1 * var2

    own = stax.serial(stax.Dense(8), stax.Elementwise(nngp_fn=square), stax.Dense(1))
    expected = 2 * (X1 @ X1.T / 3) ** 2 + np.outer(*[(X1**2).mean(axis=1)] * 2)
    np.testing.assert_allclose(own.kernel_fn(X1, None, "nngp"), expected, rtol=1e-10)


@says("layers of your own")
def test_layers_of_your_own() -> None:
    same = triple(lambda k, **kwargs: k)
    expected = net().kernel_fn(X1, X2, "ntk")
    for layers in ((same, net()), (net(), same)):
        value = stax.serial(*layers).kernel_fn(X1, X2, "ntk")
        np.testing.assert_allclose(value, expected, rtol=1e-11)
    fan = stax.serial(
        stax.FanOut(2), stax.parallel(stax.serial(net(), same), net()), stax.FanInSum()
    )
    np.testing.assert_allclose(fan.kernel_fn(X1, X2, "ntk"), 2 * expected, rtol=1e-11)


@says("arguments for your layers")
def test_arguments_for_your_layers() -> None:
    seen: list[Any] = []

    def watch(k: Any, power: int = 1, **kwargs: Any) -> Any:
        seen.append(power)
        return k

    stax.serial(net(), triple(watch)).kernel_fn(X1, X2, power=3)
    assert seen == [3]


@says("joining branches yourself")
def test_joining_branches_yourself() -> None:
    first = triple(lambda kernels, **kwargs: kernels[0])
    fan = stax.serial(stax.FanOut(2), stax.parallel(net(), stax.Dense(3)), first)
    np.testing.assert_allclose(
        fan.kernel_fn(X1, None, "ntk"), net().kernel_fn(X1, None, "ntk"), rtol=1e-12
    )


@says("`nt.batch`")
def test_batch() -> None:
    assert parameters(nt.batch) == SIGNATURES["nt.batch"]
    kernel_fn: Any = nt.batch(net().kernel_fn, batch_size=4, device_count=0)
    np.testing.assert_array_equal(
        kernel_fn(X1, X2, "ntk"), net().kernel_fn(X1, X2, "ntk")
    )
    assert kernel_fn.__self__ == net()


@says("batches of any function")
def test_batches_of_any_function() -> None:
    sizes: list[int] = []

    def linear(x1: Any, x2: Any) -> Any:
        sizes.append(len(x1))
        return x1 @ x2.T

    np.testing.assert_allclose(nt.batch(linear, batch_size=4)(X1, X2), X1 @ X2.T)
    assert set(sizes) == {4, 2}


@says("`nt.predict`")
def test_predict() -> None:
    names = [name for name in SIGNATURES if name.startswith("predict.")]
    assert len(names) == 5
    for name in names:
        ours = parameters(getattr(nt.predict, name.partition(".")[2]))
        theirs = [p for p in SIGNATURES[name] if p[2] != "VAR_KEYWORD"]
        assert ours[: len(theirs)] == theirs


@says("sequences")
def test_sequences() -> None:
    layers = [
        stax.Dense(8),
        stax.Index(stax.Slice[:, 1:]),
        stax.Relu(),
        stax.DotGeneral(
            rhs=[1.0, 2.0, 3.0], dimension_numbers=(((1,), (0,)), ((), ()))
        ),
        stax.Dense(1),
    ]
    assert stax.serial(*layers).kernel_fn(S1, S2, "ntk").shape == (3, 2)
    for pool in (stax.GlobalAvgPool(), stax.GlobalSumPool(), stax.Flatten()):
        value = stax.serial(stax.Dense(8), pool, net()).kernel_fn(S1, S2, "ntk")
        assert value.shape == (3, 2)


@says("`pattern`")
def test_pattern() -> None:
    graph = stax.serial(stax.Dense(8), stax.Aggregate())
    pattern = np.ones((3, 4, 4)), np.ones((2, 4, 4))
    value = graph.kernel_fn(S1, S2, "nngp", pattern=pattern)
    total = stax.serial(stax.Dense(8), stax.GlobalSumPool()).kernel_fn(S1, S2, "nngp")
    np.testing.assert_allclose(value[:, :, 0, 1], total, rtol=1e-12)
    edges = [np.stack(np.nonzero(p[0]), 1)[None].repeat(len(p), 0) for p in pattern]
    listed = stax.serial(stax.Dense(8), stax.Aggregate(implementation="SPARSE"))
    np.testing.assert_allclose(
        listed.kernel_fn(S1, S2, "nngp", pattern=tuple(edges)), value, rtol=1e-12
    )


@says("layout")
def test_layout() -> None:
    kernel = net().kernel_fn(S1, S2)
    assert kernel.ntk.shape == (3, 2, 4, 4)
    assert kernel.cov1.shape == (3, 4, 4)
    rows = net().kernel_fn(S1[1], S2[0], "ntk")
    np.testing.assert_allclose(kernel.ntk[1, 0], rows, rtol=1e-12)


@says("equal inputs")
def test_equal_inputs() -> None:
    drop = stax.serial(stax.Dense(8), stax.Relu(), stax.Dropout(0.5), stax.Dense(1))
    np.testing.assert_array_equal(
        drop.kernel_fn(X1, X1 + 5e-13, "ntk"), drop.kernel_fn(X1, None, "ntk")
    )


@says("parameterization")
def test_parameterization() -> None:
    standard = stax.serial(
        stax.Dense(8), stax.Relu(), stax.Dense(1, parameterization="standard")
    )
    ntk = stax.serial(stax.Dense(8), stax.Relu())
    kernel, before = standard.kernel_fn(X1), ntk.kernel_fn(X1)
    np.testing.assert_allclose(kernel.ntk, 8 * before.nngp + before.ntk, rtol=1e-12)
