"""Block conjugate gradients: breakdown, restarts, refinement, deflation, interrupts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastntk._errors import ConvergenceError, IndefiniteError, InputError
from fastntk.solvers import (
    CGStep,
    DenseOperator,
    SolveInterrupted,
    Status,
    block_cg,
    rpcholesky,
)
from tests.test_solvers.spectra import Counted, matrix_of, spectrum

N = 120


@pytest.fixture
def matrix() -> Any:
    return matrix_of(spectrum("decaying", N), np.random.default_rng(1))


def _true(matrix: Any, b: Any, ridge: float, x: Any) -> Any:
    return np.linalg.norm(b - matrix @ x - ridge * x, axis=0) / np.linalg.norm(
        b, axis=0
    )


def test_equal_zero_and_nearly_dependent_columns(matrix: Any) -> None:
    rng = np.random.default_rng(2)
    b = rng.standard_normal((N, 8))
    b[:, 1] = b[:, 0]
    b[:, 2] = 0.0
    b[:, 3] = b[:, 4] * (1 + 1e-13)
    b[:, 5] = b[:, 6] + b[:, 7] + 1e-12 * b[:, 0]
    result = block_cg(matrix, b, 1e-3, rtol=1e-9)
    assert result.status is Status.CONVERGED
    assert not result.x[:, 2].any()
    np.testing.assert_allclose(result.x[:, 1], result.x[:, 0], rtol=1e-7, atol=1e-6)


def test_columns_of_any_size_are_solved_alike(matrix: Any) -> None:
    b = np.random.default_rng(3).standard_normal((N, 3)) * [1e-150, 1.0, 1e150]
    result = block_cg(matrix, b, 1e-2)
    assert result.status is Status.CONVERGED
    assert (_true(matrix, b, 1e-2, result.x)[:2] <= 1e-6).all()


def test_more_columns_than_the_block_are_taken_in_turns(matrix: Any) -> None:
    b = np.random.default_rng(4).standard_normal((N, 30))
    result = block_cg(matrix, b, 1e-2, width=4, max_width=8)
    assert result.status is Status.CONVERGED
    assert (_true(matrix, b, 1e-2, result.x) <= 1e-6).all()
    assert result.details["cycles"] >= 4


def test_more_columns_than_rows() -> None:
    matrix = matrix_of(spectrum("flat", 7), np.random.default_rng(0))
    b = np.random.default_rng(4).standard_normal((7, 20))
    result = block_cg(matrix, b, 0.1)
    assert (_true(matrix, b, 0.1, result.x) <= 1e-6).all()


def test_converged_columns_leave_the_block(matrix: Any) -> None:
    _, vectors = np.linalg.eigh(matrix)
    b = np.random.default_rng(5).standard_normal((N, 24))
    b[:, :20] = vectors[:, -20:]  # an iteration each
    result = block_cg(matrix, b, 1e-5, width=4, preconditioner="none", rtol=1e-8)
    assert result.status is Status.CONVERGED
    assert result.details["cycles"] >= 2


def test_probes_save_iterations(matrix: Any) -> None:
    b = np.random.default_rng(6).standard_normal(N)
    narrow = block_cg(matrix, b, 1e-3, width=1, preconditioner="none")
    wide = block_cg(matrix, b, 1e-3, width=12, preconditioner="none")
    assert wide.iterations < 0.6 * narrow.iterations


def test_the_preconditioner_saves_iterations(matrix: Any) -> None:
    x = np.random.default_rng(6).uniform(size=(400, 2))
    distance = np.sqrt(((x[:, None] - x) ** 2).sum(-1))
    kernel = (1 + 3 * distance) * np.exp(-3 * distance)
    b = np.random.default_rng(6).standard_normal(400)
    plain = block_cg(kernel, b, 1e-3, preconditioner="none", width=1)
    for name in ("rpcholesky", "nystrom"):
        helped = block_cg(kernel, b, 1e-3, preconditioner=name, rank=40)
        assert helped.iterations <= plain.iterations / 5
        assert helped.rank is not None
        assert helped.rank <= 40


def test_float32_tiles_are_refined_to_residuals_of_float64(matrix: Any) -> None:
    b = np.random.default_rng(7).standard_normal((N, 2))
    single = DenseOperator(matrix.astype(np.float32))
    result = block_cg(single, b, 1e-2, accurate=matrix, rtol=1e-10)
    assert result.status is Status.CONVERGED
    assert (_true(matrix, b, 1e-2, result.x) <= 1e-10).all()
    assert result.details["cycles"] >= 2
    alone = block_cg(single, b, 1e-2, rtol=1e-6)
    assert _true(matrix, b, 1e-2, alone.x).max() > 1e-9


def test_tiles_that_are_too_rough_are_given_up(matrix: Any) -> None:
    rng = np.random.default_rng(8)
    noise = rng.standard_normal((N, N))
    rough = DenseOperator(matrix + 0.05 * (noise @ noise.T) / N)
    b = rng.standard_normal(N)
    result = block_cg(rough, b, 1e-4, accurate=matrix)
    assert result.status is Status.CONVERGED
    assert any("float64" in note for note in result.notes)
    assert _true(matrix, b, 1e-4, result.x) <= 1e-6


def test_an_unconverged_answer_says_so(matrix: Any) -> None:
    b = np.random.default_rng(9).standard_normal(N)
    result = block_cg(matrix, b, 1e-6, max_iter=3, preconditioner="none")
    assert result.status is Status.MAX_ITERATIONS
    assert not result.is_success
    np.testing.assert_allclose(
        result.residuals[0], _true(matrix, b, 1e-6, result.x), rtol=1e-6
    )
    with pytest.raises(ConvergenceError, match=r"3 iterations; expected 1e-06") as info:
        result.require_success()
    assert info.value.result is result


@pytest.mark.parametrize("width", [1, 16])
@pytest.mark.parametrize("rank", [1, 5, 30])
@pytest.mark.parametrize("preconditioner", ["rpcholesky", "none"])
def test_consistent_targets_of_a_singular_matrix_converge(
    preconditioner: str, rank: int, width: int
) -> None:
    factor = np.random.default_rng(rank).standard_normal((40, rank))
    factor[:, 0] = 1.0
    matrix = factor @ factor.T
    b = matrix @ np.random.default_rng(0).standard_normal((40, 2))
    found = block_cg(matrix, b, 0.0, preconditioner=preconditioner, width=width)
    assert found.is_success
    assert _true(matrix, b, 0.0, found.x).max() <= 1e-6
    if preconditioner == "none":  # all of it is in the range: the least norm
        expected = np.linalg.pinv(matrix) @ b
        assert np.abs(found.x - expected).max() <= 1e-5 * np.abs(expected).max()


def test_inconsistent_targets_of_a_singular_matrix_never_converge() -> None:
    matrix = matrix_of(spectrum("singular", 60), np.random.default_rng(0))
    b = np.random.default_rng(1).standard_normal(60)
    result = block_cg(matrix, b)
    assert not result.is_success
    np.testing.assert_allclose(
        result.residuals[0], _true(matrix, b, 0.0, result.x), rtol=1e-3
    )


def test_indefinite_matrices_are_named_with_their_quadratic_form() -> None:
    values = np.concatenate([[-0.5], np.linspace(1, 2, 49)])
    matrix = matrix_of(values, np.random.default_rng(2))
    b = np.random.default_rng(3).standard_normal(50)
    for name in ("none", "rpcholesky", "nystrom"):
        with pytest.raises(IndefiniteError, match=r"quadratic form") as info:
            block_cg(matrix, b, preconditioner=name, max_iter=200)
        vector: Any = info.value.vector
        assert vector @ matrix @ vector < 0


def test_a_negative_diagonal_is_named() -> None:
    with pytest.raises(IndefiniteError, match=r"-2 of unit vector 1 "):
        rpcholesky(np.diag([1.0, -2.0]), 0.1)


def test_products_that_are_not_finite_are_refused() -> None:
    class Broken(DenseOperator):
        def matmat(self, columns: Any, /) -> Any:
            return np.full(columns.shape, np.nan)

    with pytest.raises(InputError, match="NaN or infinity in a product"):
        block_cg(Broken(np.eye(4)), np.ones(4), preconditioner="none")


def test_products_of_the_wrong_shape_are_refused() -> None:
    class Broken(DenseOperator):
        def matmat(self, columns: Any, /) -> Any:
            return np.ones(len(columns))

    with pytest.raises(InputError, match=r"matmat: found shape \(4,\)"):
        block_cg(Broken(np.eye(4)), np.ones(4), preconditioner="none")


# --- callbacks, interrupts, checkpoints -----------------------------------------------


def test_the_callback_sees_every_iteration_and_can_stop(matrix: Any) -> None:
    steps: list[CGStep] = []

    def callback(step: CGStep) -> bool:
        steps.append(step)
        return step.iteration == 4

    b = np.random.default_rng(10).standard_normal((N, 2))
    result = block_cg(matrix, b, 1e-4, preconditioner="none", callback=callback)
    assert result.status is Status.STOPPED
    assert [step.iteration for step in steps] == [1, 2, 3, 4]
    assert steps[-1].residuals.shape == (2,)
    assert len(result.details["history"]) == 4
    np.testing.assert_allclose(
        result.residuals, _true(matrix, b, 1e-4, result.x), rtol=1e-6
    )


def test_an_interrupt_loses_nothing(matrix: Any) -> None:
    b = np.random.default_rng(11).standard_normal(N)
    operator = Counted(matrix, interrupt_at=6)
    with pytest.raises(SolveInterrupted, match="stopped after 5 iterations") as info:
        block_cg(operator, b, 1e-3, preconditioner="none")
    assert isinstance(info.value, KeyboardInterrupt)
    assert info.value.result.status is Status.INTERRUPTED
    five = block_cg(matrix, b, 1e-3, preconditioner="none", max_iter=5)
    np.testing.assert_array_equal(info.value.result.x, five.x)


@pytest.mark.parametrize("stop", [1, 2, 7, 15, 30, 61])
@pytest.mark.parametrize("mixed", [False, True])
def test_a_resumed_solve_ends_with_the_same_bits(
    matrix: Any, tmp_path: Path, stop: int, mixed: bool
) -> None:
    b = np.random.default_rng(12).standard_normal((N, 3))
    rough = matrix.astype(np.float32).astype(np.float64)
    settings: dict[str, Any] = {"rtol": 1e-9, "check_every": 10, "rank": 10, "width": 4}
    accurate = matrix if mixed else None
    whole = block_cg(rough, b, 1e-3, accurate=accurate, **settings)
    path = tmp_path / "state.npz"
    settings |= {"checkpoint": path, "checkpoint_seconds": 0.0}
    operator = Counted(rough, interrupt_at=stop)
    try:
        block_cg(operator, b, 1e-3, accurate=accurate, **settings)
    except SolveInterrupted as interrupt:
        assert str(path) in str(interrupt)
    resumed = block_cg(rough, b, 1e-3, accurate=accurate, **settings)
    np.testing.assert_array_equal(resumed.x, whole.x)
    assert resumed.iterations == whole.iterations
    np.testing.assert_array_equal(resumed.details["history"], whole.details["history"])
    assert [p.name for p in tmp_path.iterdir()] == ["state.npz"]


def test_a_finished_checkpoint_answers_at_once(matrix: Any, tmp_path: Path) -> None:
    b = np.random.default_rng(13).standard_normal(N)
    path = tmp_path / "state.npz"
    first = block_cg(matrix, b, 1e-3, checkpoint=path)
    operator = Counted(matrix)
    again = block_cg(operator, b, 1e-3, checkpoint=path)
    np.testing.assert_array_equal(first.x, again.x)
    assert operator.products == 1  # its residual


def test_more_iterations_go_on_from_a_checkpoint(matrix: Any, tmp_path: Path) -> None:
    b = np.random.default_rng(14).standard_normal(N)
    path = tmp_path / "state.npz"
    options: dict[str, Any] = {"preconditioner": "none", "checkpoint": path}
    first = block_cg(matrix, b, 1e-3, max_iter=4, **options)
    assert first.status is Status.MAX_ITERATIONS
    second = block_cg(matrix, b, 1e-3, **options)
    assert second.is_success
    assert second.iterations > 4


def test_checkpoints_of_another_problem_are_refused(
    matrix: Any, tmp_path: Path
) -> None:
    b = np.random.default_rng(15).standard_normal(N)
    path = tmp_path / "state.npz"
    block_cg(matrix, b, 1e-3, checkpoint=path)
    others: list[Callable[[], Any]] = [
        lambda: block_cg(matrix, b, 1e-2, checkpoint=path),
        lambda: block_cg(matrix, 2 * b, 1e-3, checkpoint=path),
        lambda: block_cg(matrix + 0.1 * np.eye(N), b, 1e-3, checkpoint=path),
        lambda: block_cg(matrix, b, 1e-3, seed=1, checkpoint=path),
    ]
    for other in others:
        with pytest.raises(InputError, match="of another problem"):
            other()


def test_damaged_checkpoints_are_refused(matrix: Any, tmp_path: Path) -> None:
    b = np.ones(N)
    path = tmp_path / "state.npz"
    block_cg(matrix, b, 1e-3, checkpoint=path)
    data = path.read_bytes()
    for damaged in (data[: len(data) // 2], b"", b"words"):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match="can't be read.*Delete it"):
            block_cg(matrix, b, 1e-3, checkpoint=path)


def test_places_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist; make it"):
        block_cg(np.eye(3), np.ones(3), checkpoint=tmp_path / "no" / "state.npz")
    with pytest.raises(InputError, match=r"ending in \.npz"):
        block_cg(np.eye(3), np.ones(3), checkpoint=tmp_path / "state.dat")


def test_a_bar_can_be_shown(matrix: Any, capsys: pytest.CaptureFixture[str]) -> None:
    block_cg(matrix, np.ones(N), 1e-3, progress=True)
    assert "decades" in capsys.readouterr().err
