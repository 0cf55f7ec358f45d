"""The measures of error, on errors that are known."""

import numpy as np
import pytest

from tests.tolerances import TOLERANCE, rel_dev, relative_error, tolerance

pytestmark = pytest.mark.jit_off

TRUTH = np.array([[4.0, 2.0], [2.0, 9.0]])
DIAGONAL = np.array([4.0, 9.0])


def test_equal_matrices_have_no_error() -> None:
    assert relative_error(TRUTH, TRUTH, DIAGONAL, DIAGONAL) == 0
    assert rel_dev(TRUTH, TRUTH) == 0


def test_errors_are_in_units_of_the_geometric_mean_of_the_diagonal() -> None:
    value = TRUTH + np.array([[0.0, 0.6], [0.0, 0.0]])
    assert relative_error(value, TRUTH, DIAGONAL, DIAGONAL) == pytest.approx(0.1)
    assert rel_dev(value, TRUTH) == pytest.approx(0.6 / 6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_infinitely_wrong(bad: float) -> None:
    value = TRUTH.copy()
    value[1, 0] = bad
    assert relative_error(value, TRUTH, DIAGONAL, DIAGONAL) == np.inf
    assert rel_dev(value, TRUTH) == np.inf


def test_a_kernel_of_zero_must_be_met_exactly() -> None:
    truth = np.zeros((1, 1))
    assert relative_error(truth, truth, np.zeros(1), np.zeros(1)) == 0
    assert relative_error(truth + 1e-300, truth, np.zeros(1), np.zeros(1)) == np.inf
    assert rel_dev(truth + 1e-300, truth) == np.inf


def test_vectors_are_compared_entry_by_entry() -> None:
    assert rel_dev(np.array([1.0, 202.0]), np.array([1.0, 200.0])) == 0.01


def test_float32_is_compared_in_float64() -> None:
    value = np.array([[np.float32(0.1)]])
    assert 0 < relative_error(value, np.array([[0.1]]), np.ones(1), np.ones(1)) < 1e-8


def test_the_table_has_both_dtypes_by_name_or_type() -> None:
    assert tolerance("ntk", np.float32) == tolerance("ntk", "f4")
    assert tolerance("nngp", float) == TOLERANCE["nngp", "float64"]
    with pytest.raises(KeyError, match="banana"):
        tolerance("banana", "f4")
