"""Kernel bodies that tiny inputs do not reach by themselves: see `test_tiny`."""

from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp

import fastntk
from fastntk.kernels.product.exact import refine_exact
from fastntk.kernels.product.sparse import exact_complement_sparse
from fastntk.tiling.plan import TilePlan
from tests.inputs import at_angle
from tests.jit_off.test_tiny import GETS, NETS, check, tiny
from tests.networks import ERF, RELU, build, dense, mlp, residual, standard

pytestmark = pytest.mark.jit_off

BLOCK = ["serial", standard(1.2, 0.0, 4), RELU, standard(1.1, 0.0, 2), RELU]
HOMOGENEOUS: dict[str, list[Any]] = {
    "relu": mlp(RELU, 3),
    "residual": ["serial", dense(), residual(["serial", RELU, dense()], 2), dense()],
    "tangent-bias": ["serial", BLOCK, BLOCK, standard(1.0, 0.0, 1)],
}


@pytest.fixture(autouse=True)
def small_tiles_and_panels(monkeypatch: pytest.MonkeyPatch) -> None:
    def planned(shape: tuple[int, int], **options: Any) -> TilePlan:
        side = 2 * options["step"]
        return TilePlan(shape, (side, side), options["is_symmetric"])

    def panel(program: Any, dtype: Any) -> tuple[int, int, int]:
        return 2, 3, program.n_slots

    monkeypatch.setattr("fastntk.tiling.setup.plan_tiles", planned)
    monkeypatch.setattr("fastntk.backends.cpu.compiled._panel_shape", panel)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_blocks_above_the_diagonal_are_left_out(dtype: type) -> None:
    x = tiny(dtype)
    net = NETS["relu"]
    check(net, x, None, fastntk.gram(build(net), x, get=GETS, threads=1), dtype)


@pytest.mark.parametrize("name", HOMOGENEOUS)
def test_collapsed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fastntk.backends.cpu.collapse.MIN_FLOPS", 0)
    x = tiny(np.float64)
    x = x[np.abs(x).max(axis=1) > 0][:9]
    net = HOMOGENEOUS[name]
    check(net, x, None, fastntk.gram(build(net), x, get=GETS), np.float64)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_more_features_than_are_multiplied_at_a_time(
    dtype: type, rng: np.random.Generator
) -> None:
    x = rng.standard_normal((10, 300)).astype(dtype)
    x[1] = x[0]
    net = NETS["relu"]
    check(net, x, None, fastntk.gram(build(net), x, get=GETS), dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_steep_erf_compares_near_rows_exactly(
    dtype: type, rng: np.random.Generator
) -> None:
    base = rng.standard_normal(3)
    near = [at_angle(rng, base, angle) for angle in (1e-4, 1e-3, np.pi - 1e-4)]
    x = np.array([base, base, -base, *near, *rng.standard_normal((3, 3))])
    x = x.astype(dtype)
    net = mlp(ERF, 1, W_std=1e3)
    check(net, x, None, fastntk.gram(build(net), x, get=GETS), dtype)
    check(net, x, x[:5], fastntk.gram(build(net), x, x[:5], GETS), dtype)


def exact_complement(a: np.ndarray, b: np.ndarray) -> float:
    """Return what a pair marked as near is replaced by; the mark itself if left."""
    block = np.full((1, 1), 1e-3)
    refine_exact(block, a[None, :], b[None, :], 0.5, False)
    return float(block[0, 0])


def test_exact_complements(rng: np.random.Generator) -> None:
    a = rng.standard_normal(6)
    b = at_angle(rng, a, 1e-3) * (rng.random(6) < 0.7)
    expected = 1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)
    assert exact_complement(a, b) == pytest.approx(min(expected, 2 - expected), 1e-12)
    assert exact_complement(a, 3 * a) == pytest.approx(0, abs=1e-30)
    assert exact_complement(1e130 * a, b) == 1e-3
    left, right = sp.csr_matrix(a), sp.csr_matrix(b)
    pair = (left.data, left.indices, right.data, right.indices)
    assert exact_complement_sparse(*pair) == pytest.approx(exact_complement(a, b))
    huge = 1e130 * left.data
    assert exact_complement_sparse(huge, *pair[1:]) == -1.0
