"""The third table of the guide, line by line."""

from typing import Any

import numpy as np
import pytest

import fastntk as nt
from fastntk import stax
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
    assert missing == ABSENT == PIXELS | DECORATORS | {"ElementwiseNumerical"}


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


@says("images")
def test_images() -> None:
    assert not any(hasattr(stax, name) for name in PIXELS)
    with pytest.raises(nt.InputError, match="images come later"):
        net().kernel_fn(np.ones((2, 4, 4, 3)))


@says("numerical activations")
def test_numerical_activations() -> None:
    assert not hasattr(stax, "ElementwiseNumerical")

    def square(cov12: Any, var1: Any, var2: Any) -> Any:
        return 2 * cov12**2 + var1 * var2

    own = stax.serial(stax.Dense(8), stax.Elementwise(nngp_fn=square), stax.Dense(1))
    expected = 2 * (X1 @ X1.T / 3) ** 2 + np.outer(*[(X1**2).mean(axis=1)] * 2)
    np.testing.assert_allclose(own.kernel_fn(X1, None, "nngp"), expected, rtol=1e-10)


@says("decorators")
def test_decorators() -> None:
    assert not any(hasattr(stax, name) for name in DECORATORS)
    plain = (lambda rng, s: (s, ())), (lambda p, x: x), (lambda k: k)
    value = stax.serial(net(), plain).kernel_fn(X1, None, "ntk")
    np.testing.assert_allclose(value, net().kernel_fn(X1, None, "ntk"), rtol=1e-12)
