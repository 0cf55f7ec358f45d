"""The activations of PyTorch and JAX, written plainly: right to their bounds."""

import re
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from tests.reference import duals
from tests.test_duals.catalogue import ENTRIES, POINTS, line, measured, written
from tests.test_duals.catalogue import reference as catalogue_reference
from tests.test_duals.truth import IS_LONG, multiple

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "activations.md"
RNG = np.random.default_rng(4)
long_double = pytest.mark.skipif(not IS_LONG, reason="long double is double here")


@cache
def documented() -> dict[str, list[str]]:
    """Return the rows of the table of the page, cell by cell."""
    text = PAGE.read_text(encoding="utf-8")
    lines = text.split("| activation | written as |")[1].split("\n\n")[0].splitlines()
    cells = [re.split(r"(?<!\\) \| ", row.strip("| ")) for row in lines[2:]]
    return {row[0]: row for row in cells}


def test_the_page_has_them_all() -> None:
    assert list(documented()) == list(ENTRIES)
    assert len(ENTRIES) >= 30


@long_double
@pytest.mark.parametrize("name", ENTRIES)
def test_each_is_right_to_its_bound_and_as_documented(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        row = measured(name)  # errors are compared with the bounds there
    assert max(row.bound, row.bound_dot) < 1e-12
    cells = documented()[name]
    assert cells[:4] == re.split(r"(?<!\\) \| ", line(row).strip("| "))[:4]
    for cell, bound, error in (
        (cells[4], row.bound, row.error),
        (cells[5], row.bound_dot, row.error_dot),
    ):
        stated, found = map(float, cell.split(", "))
        assert stated / 3 <= bound <= 3 * stated
        assert error <= 10 * max(found, 1e-16)


@long_double
@pytest.mark.parametrize("name", ["ReLU", "1 - cos"])
def test_the_truth_is_that_of_closed_forms(name: str) -> None:
    def rectified(m: Any, q1: Any, q2: Any, c: Any) -> Any:
        return duals.rectified_monomial(m, q1, q2, c, 1)

    def one_minus_cos(m: Any, q1: Any, q2: Any, c: Any) -> Any:
        value, slope = duals.cos(m, q1, q2, c)
        half = m.number(0.5)
        return 1 - m.exp(-half * q1) - m.exp(-half * q2) + value, slope

    value, slope = catalogue_reference(name)
    forms = {"ReLU": rectified, "1 - cos": one_minus_cos}
    known = multiple(forms[name], POINTS)
    assert np.abs(value - known[0]).max() <= 2e-18
    assert np.abs(slope - known[1]).max() <= 2e-18


@pytest.mark.parametrize(
    "name", ["ELU", "SELU", "log cosh", "pseudo-Huber", "Tanhshrink", "1 - cos"]
)
def test_kernels_of_networks_are_the_duals(name: str) -> None:
    x = RNG.standard_normal((26, 4))
    one = stax.Dense(1, 1.5, 0.1)
    layer = stax.Elementwise(written(name))
    cov = fastntk.gram(one, x, get="nngp")
    net = stax.serial(one, layer, stax.Dense(1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nngp, ntk = (fastntk.gram(net, x, get=get) for get in ("nngp", "ntk"))
    q = np.diag(cov)
    some = slice(0, None, 5)
    c, q1, q2 = cov[some, some], q[some, None], q[None, some]
    found = fastntk.dual_activation(layer, q1, np.minimum(c, np.sqrt(q1 * q2)), q2)
    scale = np.sqrt(np.outer(np.diag(nngp), np.diag(nngp)))[some, some]
    assert (np.abs(nngp[some, some] - found.kappa) <= 1e-12 * scale).all()
    assert np.isfinite(ntk).all()
    assert np.linalg.eigvalsh(nngp).min() > -1e-12 * np.trace(nngp)
