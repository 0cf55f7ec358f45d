"""A network applied to the kernel of another one."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from tests.test_layerwise.inputs import (
    S1,
    S2,
    X1,
    X2,
    assert_same,
    first_half,
    second_half,
)

WHOLE = stax.serial(first_half(), second_half())


@pytest.mark.parametrize("x2", [None, X2], ids=["symmetric", "cross"])
def test_composition_is_serial(x2: Any) -> None:
    kernel = second_half().kernel_fn(first_half().kernel_fn(X1, x2))
    assert_same(kernel, WHOLE.kernel_fn(X1, x2), rtol=1e-10)


@pytest.mark.parametrize("x2", [None, S2], ids=["symmetric", "cross"])
def test_composition_with_positions(x2: Any) -> None:
    kernel = second_half().kernel_fn(first_half().kernel_fn(S1, x2))
    assert kernel.nngp.shape[2:] == (3, 3)
    assert_same(kernel, WHOLE.kernel_fn(S1, x2), rtol=1e-10)
    pooled = stax.serial(stax.GlobalAvgPool(), stax.Dense(1, 1.2, 0.1))
    whole = stax.serial(WHOLE, pooled)
    assert_same(pooled.kernel_fn(kernel), whole.kernel_fn(S1, x2), rtol=1e-10)


def test_get_on_a_kernel() -> None:
    kernel = first_half().kernel_fn(X1, X2)
    net = second_half()
    after = net.kernel_fn(kernel)
    np.testing.assert_array_equal(net.kernel_fn(kernel, get="ntk"), after.ntk)
    np.testing.assert_array_equal(net.kernel_fn(kernel, None, "nngp"), after.nngp)
    both = net.kernel_fn(kernel, get=("ntk", "cov2"))
    np.testing.assert_array_equal(both.cov2, after.cov2)


def test_nngp_goes_on_without_ntk() -> None:
    kernel = first_half().kernel_fn(X1, X2).replace(ntk=None)
    after = second_half().kernel_fn(kernel)
    assert after.ntk is None
    np.testing.assert_allclose(after.nngp, WHOLE.kernel_fn(X1, X2, "nngp"), rtol=1e-10)
    with pytest.raises(fastntk.InputError, match="Kernel without ntk; expected one"):
        second_half().kernel_fn(kernel, get="ntk")


def test_the_standard_parameterization_knows_the_width() -> None:
    second = stax.serial(
        stax.Relu(), stax.Dense(4, 1.1, 0.3, parameterization="standard")
    )
    whole = stax.serial(first_half(), second)
    kernel = second.kernel_fn(first_half().kernel_fn(X1, X2))
    assert_same(kernel, whole.kernel_fn(X1, X2), rtol=1e-10)


def test_an_activation_needs_a_gaussian_kernel() -> None:
    kernel = stax.serial(stax.Dense(3), stax.Relu()).kernel_fn(X1)
    with pytest.raises(fastntk.NetworkError, match="not Gaussian"):
        stax.Relu().kernel_fn(kernel)


def test_single_precision_stays() -> None:
    kernel = first_half().kernel_fn(X1.astype(np.float32), X2.astype(np.float32))
    after = second_half().kernel_fn(kernel)
    assert after.nngp.dtype == after.cov2.dtype == np.float32
    np.testing.assert_allclose(after.ntk, WHOLE.kernel_fn(X1, X2).ntk, rtol=2e-5)


def test_equal_sides_stay_equal_for_dropout() -> None:
    drop = stax.serial(stax.Relu(), stax.Dropout(0.5), stax.Dense(1))
    first = first_half()
    kernel = drop.kernel_fn(first.kernel_fn(X1, X1.copy()))
    alone = drop.kernel_fn(first.kernel_fn(X1))
    np.testing.assert_allclose(kernel.nngp, alone.nngp, rtol=1e-12)
    np.testing.assert_array_equal(kernel.cov2, kernel.cov1)
    assert kernel.x1_is_x2
    assert alone.cov2 is None


@pytest.mark.parametrize("activation", ["Relu", "Gelu", "Erf", "Sin", "Exp", "Gabor"])
def test_equal_sides_of_single_precision_stay_equal(activation: str) -> None:
    first = stax.serial(stax.Dense(5, 1.3, 0.1), getattr(stax, activation)())
    second = stax.serial(stax.Dense(7, 1.1), stax.Dropout(0.8), stax.Dense(2))
    x = X1.astype(np.float32)
    kernel = second.kernel_fn(first.kernel_fn(x, x.copy()))
    assert kernel.x1_is_x2
    assert kernel.ntk.dtype == np.float32
    expected = stax.serial(first, second).kernel_fn(X1)
    for name in ("nngp", "ntk", "cov1"):
        found, exact = getattr(kernel, name), getattr(expected, name)
        assert np.abs(found - exact).max() < 1e-5 * np.abs(exact).max()
    wrong = first.kernel_fn(x, x.copy())
    wrong = wrong.replace(nngp=(1 + 1e-3) * wrong.nngp)
    with pytest.raises(fastntk.InputError, match="diagonal is not cov1"):
        second.kernel_fn(wrong)


def test_the_kernel_given_is_not_changed() -> None:
    kernel = first_half().kernel_fn(X1, X2)
    kept = {name: np.copy(kernel.asdict()[name]) for name in ("nngp", "ntk", "cov1")}
    second_half().kernel_fn(kernel)
    for name, value in kept.items():
        np.testing.assert_array_equal(getattr(kernel, name), value)


def bad(**changes: Any) -> Any:
    return first_half().kernel_fn(X1, X2).replace(**changes)


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (bad(cov1=np.ones(3)), r"cov1 of shape \(3,\); expected \(6,\)"),
        (bad(cov2=None), "no cov2; expected cov2, or a square nngp"),
        (bad(ntk=np.ones((5, 6))), r"ntk of shape \(5, 6\); expected \(6, 5\)"),
        (bad(nngp=np.full((6, 5), np.nan)), r"nngp with nan at \(0, 0\)"),
        (bad(nngp=np.ones((6, 5, 2))), "expected .n1, n2., or .n1, n2, positions"),
        (bad(nngp=np.ones((6, 5), complex)), "nngp of dtype complex128"),
        (bad(nngp=None), "nngp or cov1"),
    ],
)
def test_kernels_that_do_not_fit_together_are_refused(
    kernel: Any, message: str
) -> None:
    with pytest.raises(fastntk.InputError, match=f"x1: found .*{message}"):
        second_half().kernel_fn(kernel)


def test_a_kernel_holds_both_sides() -> None:
    kernel = first_half().kernel_fn(X1)
    with pytest.raises(fastntk.InputError, match="x2: found ndarray beside a Kernel"):
        second_half().kernel_fn(kernel, X2)
    with pytest.raises(fastntk.InputError, match="kernel_fn"):
        fastntk.gram(second_half(), kernel)


def test_dropout_goes_on_from_an_activation() -> None:
    first = stax.serial(first_half(), stax.Relu())
    second = stax.serial(stax.Dropout(0.5), stax.Dense(1))
    for x2 in (None, X2):
        kernel = second.kernel_fn(first.kernel_fn(X1, x2))
        expected = stax.serial(first, second).kernel_fn(X1, x2)
        assert_same(kernel, expected, rtol=1e-10)
