"""Every kernel on Numba's simulator, against the CPU backend.

The simulator interprets kernels in Python threads; Numba chooses it when it is
imported. So these tests run where ``NUMBA_ENABLE_CUDASIM=1`` is set: ``.ci/run`` does,
and `test_simulator.py` starts a process that does.
"""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from fastntk.tiling.setup import Setup
from tests.networks import build
from tests.prepared import prepare
from tests.test_cuda.nets import NETS, rows
from tests.test_cuda.simulated.simulator import SIMULATED, device
from tests.tolerances import relative_error, tolerance

pytestmark = [*SIMULATED, pytest.mark.filterwarnings("ignore:.*Hermite")]
BOTH = ("nngp", "ntk")
RELU = stax.serial(
    stax.Dense(1, W_std=1.5, b_std=0.1), stax.Relu(), stax.Dense(1, b_std=0.1)
)


def on_device(net: Any, x: np.ndarray, y: Any = None, **options: Any) -> Setup:
    setup = prepare(net, x, y, "ntk", backend="cuda", **options)
    setup.prepare_rows()
    return setup


def check(net: Any, x: Any, y: Any, dtype: str, **options: Any) -> None:
    """Compare both kernels of both backends within the promise on accuracy."""
    cpu = fastntk.gram(net, x, y, BOTH, dtype=dtype, backend="cpu", **options)
    gpu = fastntk.gram(net, x, y, BOTH, dtype=dtype, backend="cuda", **options)
    for name, a, b in zip(BOTH, cpu, gpu, strict=True):
        diagonals = [fastntk.diagonal(net, z, name) for z in (x, x if y is None else y)]
        assert relative_error(b, a, *diagonals) <= tolerance(name, dtype), name
        if y is None:
            np.testing.assert_array_equal(b, b.T)
            last_bits = 8 * float(np.finfo(dtype).eps)  # of the norms
            np.testing.assert_allclose(np.diag(b), np.diag(a), rtol=last_bits)
            alone = fastntk.diagonal(net, x, name, dtype=dtype, backend="cuda")
            np.testing.assert_array_equal(alone, np.diag(b))


@pytest.mark.parametrize("name", sorted(NETS))
def test_every_op_symmetric(name: str) -> None:
    for dtype in ("float64", "float32"):
        check(build(NETS[name]), rows(dtype), None, dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ["relu", "erf", "steep-erf", "polynomial"])
def test_two_sides(name: str, dtype: str) -> None:
    x = rows(dtype)
    check(build(NETS[name]), x, x[[1, 4, 5, 0, 7]], dtype)


def test_results_do_not_depend_on_block_shapes() -> None:
    x = rows()
    setup = on_device(RELU, x)
    whole = setup.new_worker(setup.plan(side=9)).run(slice(0, 9), slice(0, 9))[0].copy()
    for side in (4, 5):
        worker = setup.new_worker(setup.plan(side=side))
        for i in range(0, 9, side):
            for j in range(0, 9, side):
                part = slice(i, min(i + side, 9)), slice(j, min(j + side, 9))
                np.testing.assert_array_equal(worker.run(*part)[0], whole[part])


def test_large_tables_and_features() -> None:
    deep = stax.repeat(stax.serial(stax.Dense(1, b_std=0.1), stax.Relu()), 8)
    check(deep, rows(d=7)[:5], None, "float64")


def test_collapsed_networks() -> None:
    net = stax.serial(
        stax.repeat(stax.serial(stax.Dense(1, W_std=2**0.5), stax.Relu()), 4),
        stax.Dense(1),
    )
    x = np.delete(rows(), 7, axis=0)
    setup = on_device(net, x)
    setup.backend._cpu.optimise = lambda *_: collapsed(setup)  # type: ignore[attr-defined]
    setup.optimise()
    assert setup.runs is not setup.program
    (block,) = setup.new_worker(setup.plan(side=8)).run(slice(0, 8), slice(0, 8))
    expected = fastntk.gram(net, x, collapse=False)
    off = ~np.eye(8, dtype=bool)
    np.testing.assert_allclose(block[off], expected[off], rtol=1e-11)


def collapsed(setup: Setup) -> Any:
    from fastntk.backends.cpu.collapse import collapsed_program

    huge = np.ones(1 << 12)
    return collapsed_program(setup.program, (huge, huge), setup.dtype)


# --- arrays on the device -------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_arrays_on_the_device_stay_there(dtype: str) -> None:
    x = rows(dtype)
    expected = fastntk.gram(RELU, x, None, BOTH)
    found = fastntk.gram(RELU, device(x), None, BOTH)
    for a, b in zip(found, expected, strict=True):
        assert hasattr(a, "copy_to_host")
        np.testing.assert_allclose(a.copy_to_host(), b, rtol=0, atol=3e-6)
    both = fastntk.gram(RELU, device(x), device(x[:3]))
    expected = fastntk.gram(RELU, x, x[:3])
    np.testing.assert_allclose(both.copy_to_host(), expected, atol=3e-6)
    diagonal = fastntk.diagonal(RELU, device(x)).copy_to_host()
    np.testing.assert_allclose(diagonal, fastntk.diagonal(RELU, x), rtol=1e-6)


def test_an_output_on_the_device_is_filled() -> None:
    x = rows()
    out = device(np.full((9, 9), np.nan))
    assert fastntk.gram(RELU, device(x), out=out) is out
    np.testing.assert_allclose(out.copy_to_host(), fastntk.gram(RELU, x), atol=1e-12)


def test_mixed_sides_and_progress() -> None:
    x, done = rows(), []
    found = fastntk.gram(RELU, device(x), x[:4], progress=lambda *a: done.append(a))
    np.testing.assert_allclose(
        found.copy_to_host(), fastntk.gram(RELU, x, x[:4]), atol=1e-12
    )
    assert done[-1] == (36, 36)


def test_tiles_on_the_device_cover_the_matrix() -> None:
    from fastntk.device.blocks import tiles_on_device

    x, whole = rows(), np.zeros((9, 9))
    for i, j, (block,) in tiles_on_device(RELU.spec, device(x), None, ("ntk",), side=5):
        whole[i, j] = block.copy_to_host()
    np.testing.assert_allclose(whole, fastntk.gram(RELU, x), atol=1e-12)
    for _, _, block in fastntk.tiles(RELU, device(x)):
        assert block.shape == (9, 9)
    for i, j, part in fastntk.tiles(RELU, x, backend="cuda"):
        np.testing.assert_allclose(part, whole[i, j], atol=1e-12)


def test_operator_and_sparse_rows() -> None:
    import scipy.sparse

    x = rows()
    a = fastntk.operator(RELU, x, backend="cuda")
    np.testing.assert_allclose(a @ np.ones(9), fastntk.gram(RELU, x).sum(1), rtol=1e-12)
    sparse = scipy.sparse.csr_matrix(x)
    found = fastntk.gram(RELU, sparse, backend="cuda")
    np.testing.assert_allclose(found, fastntk.gram(RELU, x), atol=1e-12)
