"""Every angle, norm and depth against multiple precision, at the same inputs."""

import functools

import numpy as np
import pytest

import fastntk
from tests.golden.loader import FOLDER
from tests.networks import build
from tests.reference import highprec
from tests.reference.make_truth import FILE, DeepCase, cases, lower, symmetric
from tests.tolerances import relative_error, tolerance

SHALLOW = list(cases(depths=(1, 3)))
DEEP = list(cases())
GETS = ("nngp", "ntk")


def key(case: DeepCase) -> str:
    return case.key


@functools.cache
def shallow_truth(case: DeepCase) -> tuple[np.ndarray, np.ndarray]:
    truth = highprec.kernel(case.net, case.rows)
    return truth.nngp, truth.ntk


@functools.cache
def deep_truth(case: DeepCase) -> tuple[np.ndarray, np.ndarray]:
    with np.load(FILE, allow_pickle=False) as arrays:
        nngp, ntk = (symmetric(arrays[f"{case.key}/{get}"]) for get in GETS)
    return nngp, ntk


def check_symmetric(case: DeepCase, truth: tuple[np.ndarray, np.ndarray]) -> None:
    rows = case.rows
    result = fastntk.gram(build(case.net), rows, get=GETS)
    for get, exact in zip(GETS, truth, strict=True):
        value = getattr(result, get)
        assert value.dtype == case.dtype
        diagonal = exact.diagonal()
        np.testing.assert_array_equal(value, value.T)
        error = relative_error(value, exact, diagonal, diagonal)
        assert error <= tolerance(get, case.dtype), get


def check_rectangular(case: DeepCase, truth: tuple[np.ndarray, np.ndarray]) -> None:
    rows = case.rows
    order = np.argsort(np.arange(len(rows)) * 7 % len(rows), kind="stable")
    result = fastntk.gram(build(case.net), rows, rows[order][:-3], get=GETS)
    for get, exact in zip(GETS, truth, strict=True):
        part = order[:-3]
        diagonal = exact.diagonal()
        error = relative_error(
            getattr(result, get), exact[:, part], diagonal, diagonal[part]
        )
        assert error <= tolerance(get, case.dtype), get


@pytest.mark.parametrize("case", SHALLOW, ids=key)
def test_shallow_symmetric(case: DeepCase) -> None:
    check_symmetric(case, shallow_truth(case))


@pytest.mark.parametrize("case", SHALLOW, ids=key)
def test_shallow_rectangular(case: DeepCase) -> None:
    check_rectangular(case, shallow_truth(case))


@pytest.mark.parametrize("case", DEEP, ids=key)
def test_deep_symmetric(case: DeepCase) -> None:
    check_symmetric(case, deep_truth(case))


@pytest.mark.parametrize("case", DEEP, ids=key)
def test_deep_rectangular(case: DeepCase) -> None:
    check_rectangular(case, deep_truth(case))


@pytest.mark.parametrize("case", DEEP[::11], ids=key)
def test_stored_truth_is_what_is_computed_today(case: DeepCase) -> None:
    rows = case.rows[::5]
    truth = highprec.kernel(case.net, rows)
    for get, stored in zip(GETS, deep_truth(case), strict=True):
        part = stored[::5, ::5]
        np.testing.assert_array_equal(lower(getattr(truth, get)), lower(part))


@pytest.mark.slow
@pytest.mark.parametrize("case", DEEP, ids=key)
def test_all_of_the_stored_truth_is_what_is_computed_today(case: DeepCase) -> None:
    truth = highprec.kernel(case.net, case.rows)
    for get, stored in zip(GETS, deep_truth(case), strict=True):
        np.testing.assert_array_equal(getattr(truth, get), stored)


def test_stored_truth_is_small() -> None:
    assert FILE.parent == FOLDER
    assert FILE.stat().st_size < 300_000


@pytest.mark.parametrize("activation", ["relu", "leaky", "abs", "erf"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_diagonal_function_is_exact(activation: str, dtype: type) -> None:
    case = DeepCase(activation, 0.1, 100, 1.0, dtype)
    net = build(case.net)
    for get, exact in zip(GETS, deep_truth(case), strict=True):
        value = fastntk.diagonal(net, case.rows, get)
        assert value.dtype == dtype
        # Variances are recursed in float64 whatever the dtype.
        allowed = 2e-14 if dtype is np.float64 else 1e-7
        np.testing.assert_allclose(value, exact.diagonal(), rtol=allowed)
        gram = fastntk.gram(net, case.rows, get=get)
        np.testing.assert_array_equal(gram.diagonal(), value)
