"""Columns in units of their standard deviations, from rounding to the largest sizes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastntk._errors import InputError
from fastntk.cli.scaling import Scale

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
EPS = float(np.finfo(float).eps)


def exact(column: np.ndarray) -> tuple[Fraction, Fraction]:
    """Return mean and variance without rounding."""
    values = [Fraction(float(value)) for value in column]
    mean = sum(values, Fraction(0)) / len(values)
    return mean, sum(((v - mean) ** 2 for v in values), Fraction(0)) / len(values)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(NUMBERS, min_size=2, max_size=12),
    st.integers(-1074, 900),
    st.sampled_from(["any", "one size", "near"]),
)
def test_columns_of_every_kind(values: list[float], power: int, kind: str) -> None:
    column = np.array(values)
    if kind != "any":  # numbers from 0.5 to 1, times one power of two
        column = np.frexp(column)[0]
        if kind == "near":
            column = 0.75 + column * 2.0**-40
        column = np.ldexp(column, power)
    scale = Scale.of(column[:, None])
    found = scale.apply(column[:, None], ["a"])[:, 0]
    mean, variance = exact(column)
    spread = Fraction(float(column.max())) - Fraction(float(column.min()))
    largest = Fraction(float(np.abs(column).max()))
    allowed = Fraction((64 + np.log2(len(column)) + 1) * EPS) * largest
    assert bool(scale.is_constant[0]) == (spread <= allowed)
    if scale.is_constant[0]:
        assert np.ptp(found) <= float(np.ldexp(1.0, -40)) * max(np.abs(found).max(), 1)
        return
    for value, unit in zip(column, found, strict=True):
        distance = Fraction(float(value)) - mean
        deviation = float(distance * abs(distance) / variance)  # its square, signed
        expected = np.sign(deviation) * np.sqrt(abs(deviation))
        assert unit == pytest.approx(expected, rel=0.2, abs=0.2)
        if kind != "near" and spread > largest / 1000:
            assert unit == pytest.approx(expected, rel=1e-11, abs=1e-11)
    if np.abs(column).max() < 1e308:
        back = scale.undo(found[:, None], ["a"])[:, 0]
        step = max(16 * EPS * np.abs(column).max(), 5e-324)
        assert (np.abs(back / 4 - column / 4) <= step).all()


@settings(max_examples=100, deadline=None)
@given(
    st.floats(1e-300, 1e300),
    st.lists(st.integers(-8, 8), min_size=2, max_size=50),
    st.sampled_from([-1.0, 1.0]),
)
def test_some_units_in_the_last_place_are_no_spread(
    value: float, ulps: list[int], sign: float
) -> None:
    column = sign * (value + np.array(ulps) * np.spacing(value))
    assert Scale.of(column[:, None]).is_constant.all()


@pytest.mark.parametrize(
    "column",
    [
        [0.1 + 0.2, 0.3, 0.3],
        [sum([0.1] * 10), 1.0, 1.0],
        [1e16, 1e16 + 2, 1e16],
        [0.0, 0.0, -0.0],
        [1e300, np.nextafter(1e300, np.inf), 1e300],
        [5e-324, 5e-324, 5e-324],
    ],
)
def test_constant_up_to_rounding(column: list[float]) -> None:
    scale = Scale.of(np.array(column)[:, None])
    assert scale.is_constant.all()
    near = scale.apply(np.array([[column[0] * (1 + 1e-7)]]), ["a"])
    expected = 1e-7 * abs(np.ldexp(column[0], -scale.exponent[0]))
    np.testing.assert_allclose(np.abs(near[0, 0]), expected, rtol=1e-3, atol=1e-300)


@pytest.mark.parametrize(
    "column",
    [
        [1e-170, 0.0, 0.0, 0.0],  # squares are 0
        [5e-324, 0.0, 0.0, 0.0],
        [1e300, -1e300, 1e300, 0.0],  # squares and sums are infinite
        [1.7e308, -1.7e308, 1.7e308, -1.7e308],
        [1.0, 1.0 + 1e-13, 1.0, 1.0],
        [1e9, 1e9 + 1e-3, 1e9, 1e9],
    ],
)
def test_columns_that_vary(column: list[float]) -> None:
    values = np.array(column)[:, None]
    scale = Scale.of(values)
    found = scale.apply(values, ["a"])
    assert not scale.is_constant.any()
    np.testing.assert_allclose(found.mean(), 0.0, atol=0.01)
    np.testing.assert_allclose(found.std(), 1.0, rtol=0.01)
    np.testing.assert_allclose(scale.undo(found, ["a"]), values, rtol=1e-13)
    kept = Scale.from_facts(scale.facts("x"), "x")
    np.testing.assert_array_equal(kept.apply(values, ["a"]), found)


def test_usual_columns_are_scaled_as_ever() -> None:
    values = np.random.default_rng(0).normal(3.0, 2.0, size=(50, 3))
    expected = (values - values.mean(axis=0)) / values.std(axis=0)
    scale = Scale.of(values)
    np.testing.assert_array_equal(scale.apply(values, "abc"), expected)
    assert set(scale.facts("x")) == {"x_mean", "x_std"}
    none = Scale.none(3)
    np.testing.assert_array_equal(none.apply(values, "abc"), values)


def test_values_beyond_float64_are_refused() -> None:
    scale = Scale.of(np.array([[0.0, 0.0], [1e-5, 1.0]]))
    with pytest.raises(InputError, match=r"row 1, 'a': found 1e\+308, too many"):
        scale.apply(np.array([[0.0, 0.0], [1e308, 0.0]]), ["a", "b"])
    large = Scale.of(np.array([[1e308], [-1e308]]))
    with pytest.raises(InputError, match="row 0, 'y': the prediction is 3 standard"):
        large.undo(np.array([[3.0]]), ["y"])
