"""The third table of the guide, line by line."""

import numpy as np
import pytest

import fastntk as nt
from fastntk import stax
from fastntk._absent import LAYERS, TOP
from tests.test_migration.page import X1, net, says
from tests.test_migration.test_what_carries_over import ABSENT, SIGNATURES

PIXELS = ABSENT & {
    *("AvgPool", "Conv", "ConvLocal", "ConvTranspose", "ImageResize", "SumPool"),
    "GlobalSelfAttention",
}
DECORATORS = ABSENT & {"layer", "requires", "supports_masking", "unmask_fn"}


def test_nothing_else_is_missing() -> None:
    there = {n.partition(".")[2] for n in SIGNATURES if n.startswith("stax.")}
    missing = {name for name in there if not hasattr(stax, name)}
    assert missing == ABSENT == PIXELS | DECORATORS
    kinds = {"AttentionMechanism", "Padding", "PositionalEmbedding"}
    assert missing | kinds | {"Bool", "Diagonal", "MaskedArray"} == set(LAYERS)


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_layers_that_are_not_there_say_what_is(name: str) -> None:
    message = f"'fastntk.stax' has no attribute '{name}': .*Coming from neural-tang"
    with pytest.raises(AttributeError, match=message) as caught:
        getattr(stax, name)
    assert caught.value.name == name
    assert caught.value.obj is stax


@pytest.mark.parametrize(
    ("module", "name"),
    [
        *(("fastntk.stax", name) for name in sorted(LAYERS)),
        *(("fastntk", name) for name in sorted(TOP)),
    ],
)
def test_an_import_that_names_them_says_it_too(module: str, name: str) -> None:
    message = f"^cannot import name '{name}' from '{module}': .*Coming from neural-tang"
    for line in (f"from {module} import {name}", f"from {module} import {name} as x"):
        with pytest.raises(ImportError, match=message) as caught:
            exec(line)
        assert caught.value.name == module
        assert type(caught.value) is ImportError


def test_all_other_ways_to_ask_rely_on_an_attribute_error() -> None:
    assert not hasattr(stax, "Conv")
    assert getattr(stax, "Conv", None) is None
    with pytest.raises(ImportError, match=r"^cannot import name 'Rellu' from 'fast"):
        exec("from fastntk.stax import Rellu")
    found: dict[str, object] = {}
    exec("from fastntk.stax import *", found)
    assert "Relu" in found


def test_a_misspelled_layer_has_no_hint_of_ours() -> None:
    for module in (nt, stax):
        full = f"^module '{module.__name__}' has no attribute 'Rellu'$"
        with pytest.raises(AttributeError, match=full):
            module.Rellu  # noqa: B018


@says("finite networks")
def test_finite_networks() -> None:
    init_fn, apply_fn, _ = net()
    with pytest.raises(nt.NotSupportedError, match="init_fn: finite-width networks"):
        init_fn(0, (-1, 3))
    with pytest.raises(nt.NotSupportedError, match="apply_fn: finite-width networks"):
        apply_fn((), X1)


@says("empirical kernels")
def test_empirical_kernels() -> None:
    names = {n.partition(".")[2] for n in SIGNATURES if n.startswith("nt.")} - {"batch"}
    assert {"linearize", "taylor_expand", "monte_carlo_kernel_fn"} < names
    assert not any(hasattr(nt, name) for name in names)
    assert names | {"NtkImplementation", "experimental"} == set(TOP)
    for name in TOP:
        with pytest.raises(AttributeError, match=f"'{name}': .*Coming from neural-t"):
            getattr(nt, name)


@says("images")
def test_images() -> None:
    assert not any(hasattr(stax, name) for name in PIXELS)
    with pytest.raises(nt.InputError, match="images come later"):
        net().kernel_fn(np.ones((2, 4, 4, 3)))


@says("decorators")
def test_decorators() -> None:
    assert not any(hasattr(stax, name) for name in DECORATORS)
    plain = (lambda rng, s: (s, ())), (lambda p, x: x), (lambda k: k)
    value = stax.serial(net(), plain).kernel_fn(X1, None, "ntk")
    np.testing.assert_allclose(value, net().kernel_fn(X1, None, "ntk"), rtol=1e-12)
