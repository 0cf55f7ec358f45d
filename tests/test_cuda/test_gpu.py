"""The same on a real card: ``pytest -m gpu``, or ``make gpu-check`` with figures."""

import os
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from fastntk.kernels.cuda import target as cuda_target
from tests.golden.loader import Case, layers
from tests.networks import build
from tests.test_cuda.nets import GOLDEN, NETS, rows
from tests.test_cuda.simulated.test_networks import check, on_device
from tests.tolerances import relative_error, tolerance

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.filterwarnings("ignore:.*Hermite"),
    pytest.mark.skipif(
        os.environ.get("NUMBA_ENABLE_CUDASIM") == "1", reason="not on the simulator"
    ),
]
BOTH = ("nngp", "ntk")


def spread(n: int, d: int, dtype: Any) -> np.ndarray:
    x = np.random.default_rng(n + d).standard_normal((n, d))
    x[: min(n, 9), : min(d, 5)] = rows()[:n, :d]
    return x.astype(dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", sorted(NETS))
def test_every_op_within_the_promise(name: str, dtype: str) -> None:
    net = build(NETS[name])
    for n, d in ((9, 5), (200, 20), (130, 100)):
        x = spread(n, d, dtype)
        for y in (None, x[:33]):
            cpu = fastntk.gram(net, x, y, BOTH, backend="cpu")
            gpu = fastntk.gram(net, x, y, BOTH, backend="cuda")
            for get, a, b in zip(BOTH, cpu, gpu, strict=True):
                sides = [
                    fastntk.diagonal(net, z, get) for z in (x, x if y is None else y)
                ]
                assert relative_error(b, a, *sides) <= tolerance(get, dtype), (
                    n,
                    d,
                    get,
                )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", GOLDEN, ids=lambda c: f"{c.group}-{c.name}")
def test_golden_cases(case: Case, dtype: str) -> None:
    if not all(callable(getattr(stax, name, None)) for name in layers(case.net)):
        pytest.skip("a layer of another kind")
    try:
        check(build(case.net), case.x1, case.x2, dtype)
    except fastntk.NotSupportedError as error:
        assert "backend='cpu'" in str(error) or "whole matrices" in str(error)


def test_results_do_not_depend_on_block_shapes() -> None:
    setup = on_device(build(NETS["relu"]), spread(300, 20, np.float32))
    everything = slice(0, 300)
    whole = setup.new_worker(setup.plan(side=300)).run(everything, everything)[0].copy()
    worker = setup.new_worker(setup.plan(side=77))
    for i in range(0, 300, 77):
        for j in range(0, 300, 77):
            part = slice(i, min(i + 77, 300)), slice(j, min(j + 77, 300))
            np.testing.assert_array_equal(worker.run(*part)[0], whole[part])


@pytest.mark.parametrize("d", [20, 100])
def test_arrays_stay_on_the_device(d: int) -> None:
    cuda = cuda_target.cuda()
    net, x = build(NETS["relu"]), spread(300, d, np.float32)
    known = fastntk.gram(net, x, backend="cpu")
    out = cuda.device_array((300, 300), np.float32)
    assert fastntk.gram(net, cuda.to_device(x), out=out) is out
    sides = fastntk.diagonal(net, x)
    assert relative_error(out.copy_to_host(), known, sides, sides) <= 1e-5
    block = cuda.device_array((310, 320), np.float32)[5:305, 10:310]
    fastntk.gram(net, cuda.to_device(x), out=block)
    np.testing.assert_array_equal(block.copy_to_host(), out.copy_to_host())


@pytest.mark.parametrize("library", ["cupy", "torch", "jax"])
def test_arrays_of_other_libraries(library: str) -> None:
    module: Any = pytest.importorskip(library)
    net, x = build(NETS["relu"]), spread(70, 20, np.float32)
    if library == "torch":
        given = module.from_numpy(x).cuda()
    elif library == "cupy":
        given = module.asarray(x)
    else:
        given = module.numpy.asarray(x)
        if next(iter(given.devices())).platform != "gpu":
            pytest.skip("this JAX has no GPU")
    found = fastntk.gram(net, given)
    if library != "jax":
        assert type(found).__module__.split(".")[0] == library
    host = found.cpu().numpy() if library == "torch" else np.asarray(_host(found))
    np.testing.assert_allclose(host, fastntk.gram(net, x), rtol=1e-4, atol=1e-5)


def test_work_on_a_stream_of_another_library_is_waited_for() -> None:
    torch: Any = pytest.importorskip("torch")
    net, x = build(NETS["relu"]), spread(200, 20, np.float32)
    with torch.cuda.stream(torch.cuda.Stream()):
        busy = torch.ones((8192, 8192), device="cuda")
        for _ in range(20):
            busy = busy @ busy * 1e-4
        given = torch.from_numpy(x).cuda(non_blocking=True) + 0 * busy[:200, :20]
        found = fastntk.gram(net, given)
    known = fastntk.gram(net, x)
    np.testing.assert_allclose(found.cpu().numpy(), known, rtol=1e-4, atol=1e-5)


def test_products_of_columns_on_the_device() -> None:
    cuda = cuda_target.cuda()
    net, x = build(NETS["relu"]), spread(700, 20, np.float32)
    k, v = fastntk.gram(net, x).astype(float), np.ones((700, 3)) * [1e-50, 1.0, 1e50]
    a = fastntk.operator(net, cuda.to_device(x))
    np.testing.assert_allclose(a @ v, k @ v, rtol=1e-4)
    found = a @ cuda.to_device(v)
    np.testing.assert_array_equal(found.copy_to_host(), a @ v)


def test_what_is_made_of_operators_takes_columns_of_the_device() -> None:
    cuda = cuda_target.cuda()
    net, x = build(NETS["relu"]), spread(300, 20, np.float64)
    k, v = fastntk.gram(net, x), np.random.default_rng(0).standard_normal((300, 2))
    a = fastntk.operator(net, cuda.to_device(x))
    there = cuda.to_device(v)
    for made, matrix in (
        (a.shifted(0.5), k + 0.5 * np.eye(300)),
        (2 * a - a.T, k),
        (fastntk.operator(net, x, x[:40], backend="cuda").T, k[:40]),
    ):
        np.testing.assert_allclose((made @ there).copy_to_host(), matrix @ v, rtol=1e-9)
    assert (a @ cuda.to_device(np.zeros((300, 0)))).shape == (300, 0)
    found = fastntk.solve(net, cuda.to_device(x), there, ridge=0.1)
    expected = fastntk.solve(net, x, v, ridge=0.1, backend="cpu").x
    np.testing.assert_allclose(_host(found.x), expected, rtol=1e-6, atol=1e-9)


def test_rows_with_negative_strides_and_a_result_on_the_host() -> None:
    cupy: Any = pytest.importorskip("cupy")
    net, x = build(NETS["relu"]), spread(300, 20, np.float64)
    known = fastntk.gram(net, x, backend="cpu")
    turned = cupy.asarray(x)[::-1, ::-1]
    np.testing.assert_allclose(fastntk.gram(net, turned).get(), known[::-1, ::-1])
    a = fastntk.operator(net, turned)
    np.testing.assert_allclose(a @ np.ones(300), known[::-1].sum(1), rtol=1e-9)
    out = np.full((300, 300), np.nan, order="F")
    assert fastntk.gram(net, cupy.asarray(x), out=out) is out
    np.testing.assert_allclose(out, known, rtol=1e-9, atol=1e-9)
    whole = cupy.zeros((300, 600))
    fastntk.gram(net, turned, None, BOTH, out=(whole[:, :300], whole[:, 300:]))
    with pytest.raises(fastntk.InputError, match="shared with an input or another"):
        fastntk.gram(net, turned, None, BOTH, out=(whole[:, :300], whole[:, 299:599]))


def _host(x: Any) -> Any:
    for name in ("get", "copy_to_host"):
        if hasattr(x, name):
            return getattr(x, name)()
    return x


def test_large_results_stream_to_the_host() -> None:
    net, x = build(NETS["relu"]), spread(2000, 30, np.float32)
    out = np.full((2000, 2000), np.nan, np.float32)
    fastntk.gram(net, x, backend="cuda", out=out)
    np.testing.assert_array_equal(out, out.T)
    a = fastntk.operator(net, x, backend="cuda")
    v = np.random.default_rng(0).standard_normal((2000, 16))
    np.testing.assert_allclose(a @ v, out.astype(float) @ v, rtol=1e-3, atol=1e-2)
    np.testing.assert_array_equal(a @ v, a @ v)


def test_the_card_is_described() -> None:
    from fastntk.backends.cuda.info import describe_cuda

    lines = dict(describe_cuda())
    assert lines["cuda"].startswith("usable")
    assert "GiB free" in lines["cuda device 0"]
