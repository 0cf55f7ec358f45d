"""One test per message, for all solvers that check alike."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from fastntk._errors import InputError
from fastntk.solvers import SolveResult, askotch, block_cg, cholesky, eigh, falkon, pinv

SOLVERS: list[Callable[..., SolveResult]] = [
    askotch,
    block_cg,
    cholesky,
    eigh,
    falkon,
    pinv,
]
each = pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: s.__name__)
EYE, ONES = np.eye(4), np.ones(4)


@each
@pytest.mark.parametrize(
    ("matrix", "b", "ridge", "message"),
    [
        (EYE, np.ones(3), 0.1, r"found 3 rows; expected 4"),
        (EYE, np.ones((4, 0)), 0.1, r"found shape \(4, 0\); expected \(4,\)"),
        (EYE, np.ones((4, 1, 1)), 0.1, r"found shape \(4, 1, 1\)"),
        (EYE, [1.0, np.nan, 0.0, np.inf], 0.1, r"found nan in row 1.*\(2 are not\)"),
        (EYE, ["a", "b", "c", "d"], 0.1, r"expected real numbers. Encode classes"),
        (EYE, 1j * ONES, 0.1, r"found dtype complex128"),
        (EYE, 1e300 * ONES, 0.1, r"size 1e\+300; expected at most 1e\+290"),
        (EYE, ONES, -1.0, r"ridge: found -1.0; expected a number >= 0"),
        (EYE, ONES, np.nan, r"ridge: found nan"),
        (EYE, ONES, np.inf, r"ridge: found inf"),
        (EYE, ONES, "0.1", r"ridge: found '0.1'"),
        (
            np.ones((4, 3)),
            ONES,
            0.1,
            r"matrix: found shape \(4, 3\); expected \(n, n\)",
        ),
        (np.full((4, 4), np.nan), ONES, 0.1, r"matrix: found NaN or infinity"),
        (3.0, ONES, 0.1, r"operator: found a float without shape, dtype, matmat"),
    ],
)
def test_problems(
    solver: Callable[..., SolveResult], matrix: Any, b: Any, ridge: Any, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        solver(matrix, b, ridge)


@each
@pytest.mark.parametrize("rtol", [0.0, 1.0, -1e-6, np.nan, "small", True])
def test_tolerances(solver: Callable[..., SolveResult], rtol: Any) -> None:
    with pytest.raises(InputError, match="rtol: found"):
        solver(EYE, ONES, 0.1, rtol=rtol)


def test_operators_with_two_sides() -> None:
    class Wide:
        shape = (3, 4)
        dtype = np.dtype(float)

        def matmat(self, columns: Any) -> Any: ...
        def diagonal(self) -> Any: ...
        def block(self, rows: Any, cols: Any) -> Any: ...

    with pytest.raises(InputError, match=r"found shape \(3, 4\).*Leave x2 out"):
        block_cg(Wide(), np.ones(3))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_iter": 0}, "max_iter: found 0; expected an integer >= 1"),
        ({"max_iter": 1.5}, "max_iter: found 1.5"),
        ({"width": 0}, "width: found 0"),
        ({"max_width": 0}, "max_width: found 0"),
        ({"check_every": 0}, "check_every: found 0"),
        ({"seed": -1}, "seed: found -1"),
        ({"accurate": np.eye(5)}, "accurate: found 5 rows; expected 4"),
    ],
)
def test_options_of_cg(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        block_cg(EYE, ONES, 0.1, **options)


@each
@pytest.mark.parametrize("size", [1e-250, 1e250])
def test_targets_whose_squares_leave_the_range_of_float64(
    solver: Callable[..., SolveResult], size: float
) -> None:
    x = np.linspace(0.0, 1.0, 30)
    kernel = np.exp(-np.abs(x[:, None] - x))
    b = np.stack([np.sin(5 * x), np.cos(x)], axis=1)
    plain, result = solver(kernel, b, 0.1), solver(kernel, size * b, 0.1)
    assert result.status is plain.status
    np.testing.assert_allclose(result.x / size, plain.x, rtol=1e-3, atol=1e-4)
    np.testing.assert_array_less(result.residuals, 1e-6)


@pytest.mark.parametrize("max_iter", [None, 3])
def test_a_checkpoint_of_other_entries_is_refused(
    max_iter: int | None, tmp_path: Path
) -> None:
    x = np.linspace(0.0, 1.0, 200)
    kernel = np.exp(-np.abs(x[:, None] - x))
    path = tmp_path / "state.npz"
    block_cg(kernel, np.sin(5 * x), 1e-2, checkpoint=path, max_iter=max_iter)
    keys = np.linspace(0, 199, 64).astype(np.intp)  # looked at by name
    other = np.setdiff1d(np.arange(200), keys)[30:32]
    kernel[np.ix_(other, other)] = np.eye(2)
    with pytest.raises(InputError, match="is of another problem"):
        block_cg(kernel, np.sin(5 * x), 1e-2, checkpoint=path)


@each
def test_entries_that_are_not_numbers(solver: Callable[..., SolveResult]) -> None:
    matrix = np.eye(30)
    matrix[3, 7] = matrix[7, 3] = np.nan
    operator = SimpleNamespace(
        shape=matrix.shape,
        dtype=matrix.dtype,
        matmat=lambda columns: matrix @ columns,
        diagonal=lambda: matrix.diagonal().copy(),
        block=lambda rows, cols: matrix[rows][:, cols].copy(),
    )
    with pytest.raises(InputError, match="found NaN or infinity"):
        solver(operator, np.ones(30), 0.1)
