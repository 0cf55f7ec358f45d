"""The figures: what is asked, measured on the card, as a share of its own ceilings."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import fastntk
from bench.cuda.clock import median_seconds, seconds
from bench.cuda.count import instructions_per_pair
from bench.nets import build
from fastntk import stax
from fastntk.backends.cuda_device import DeviceGram
from fastntk.kernels.cuda_target import cuda

__all__ = ["FIGURES", "Figure"]

Ceilings = dict[str, float]
Figure = Callable[[Ceilings], dict[str, Any]]


def _rows(n: int, d: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d), dtype=np.float32)
    return x * np.exp(rng.uniform(0, np.log(4), (n, 1))).astype(np.float32)


def _gram(n: int, d: int) -> tuple[float, dict[str, Any]]:
    """Time a Gram matrix on the device; its corner is compared with the CPU's.

    Whole calls; ``filled_s`` leaves the rows out, whose norms are O(n) on the host.
    """
    net = build(stax, "relu-3", d)
    x = _rows(n, d)
    on_device = cuda().to_device(x)
    out = cuda().to_device(np.full((n, n), np.nan, np.float32))
    median, times = median_seconds(lambda: fastntk.gram(net, on_device, out=out))
    some = np.array([0, 1, n // 2, n - 2, n - 1])
    known = fastntk.gram(net, x[some], backend="cpu")
    for i, row in enumerate(some):
        found = out[int(row)].copy_to_host()
        assert np.isfinite(found).all(), "entries were left unwritten"
        error = np.abs(found[some] - known[i]) / np.sqrt(known[i, i] * np.diag(known))
        assert error.max() < 1e-5, "the result is wrong"
    job = DeviceGram(net.spec, on_device, None, ("ntk",))
    filled, _ = median_seconds(lambda: job.fill([out]))
    return median, {"times": times, "filled_s": filled}


def _pair_seconds(d: int, ceilings: Ceilings) -> float:
    """Return the floor of a pair by its instructions."""
    count = instructions_per_pair(build(stax, "relu-3", d), d)
    return count / ceilings["float32_instructions_per_s"]


def gram_784(ceilings: Ceilings, n: int = 50_000) -> dict[str, Any]:
    """FC ReLU L=3, d=784, n=50,000, float32, on the device."""
    d = 784
    median, more = _gram(n, d)
    rate = ceilings.get("float32_product_flop_per_s")
    floor = 2 * d * n * (n + 1) / 2 / rate if rate else float("nan")
    return _figure(">= 60 % of the product's rate", floor, 0.6, median, more)


def gram_20(ceilings: Ceilings, n: int = 50_000) -> dict[str, Any]:
    """FC ReLU L=3, d=20, n=50,000, float32, on the device."""
    d = 20
    median, more = _gram(n, d)
    writing = 4 * n**2 / ceilings["write_bytes_per_s"]
    computing = n * (n + 1) / 2 * _pair_seconds(d, ceilings)
    floor = max(writing, computing)
    result = _figure(">= 60 % of writing or issuing", floor, 0.6, median, more)
    return result | {"writing_s": writing, "computing_s": computing}


def product(ceilings: Ceilings, n: int = 200_000) -> dict[str, Any]:
    """Operator product, n=200,000, d=20, 16 columns, float32 tiles."""
    d, columns = 20, 16
    net, x = build(stax, "relu-3", d), _rows(n, d)
    operator = fastntk.operator(net, x, backend="cuda", cache=0)
    v = np.random.default_rng(1).standard_normal((n, columns))
    result: list[Any] = []
    median, times = median_seconds(lambda: result.append(operator @ v), 2)
    row = fastntk.gram(net, x[:1], x, dtype="float64", backend="cpu")[0]
    row[0] = fastntk.diagonal(net, x[:1])[0]
    scale = float(np.linalg.norm(row) * np.linalg.norm(v[:, 0]))
    assert np.abs(result[-1][0] - row @ v).max() / scale < 1e-5, "the result is wrong"
    pairs = n * (n + 1) / 2
    rate = ceilings.get("float32_product_flop_per_s", float("nan"))
    floor = pairs * _pair_seconds(d, ceilings) + 2 * n**2 * columns / rate
    return _figure(">= 50 % of the floor", floor, 0.5, median, {"times": times})


def solve_200k(ceilings: Ceilings) -> dict[str, Any]:
    """Solve, n=200,000, d=20, to 1e-6, in <= 60 s."""
    return _solve(200_000, 60.0)


def solve_million(ceilings: Ceilings) -> dict[str, Any]:
    """Solve, n=1,000,000, d=20, to 1e-6, in <= 600 s."""
    return _solve(1_000_000, 600.0)


def _solve(n: int, limit: float) -> dict[str, Any]:
    d = 20
    net, x = build(stax, "relu-3", d), _rows(n, d)
    y = np.sin(x[:, 0]) + 0.1 * np.random.default_rng(3).standard_normal(n)
    ridge = 1e-2 * float(fastntk.diagonal(net, x[:1000]).mean())
    start = time.perf_counter()
    options: dict[str, Any] = {"backend": "cuda", "method": "cg", "strict": False}
    result = fastntk.solve(net, x, y, ridge=ridge, **options)
    took = time.perf_counter() - start
    return {
        "asked": f"<= {limit:.0f} s",
        "seconds": took,
        "holds": took <= limit and result.status.is_success,
        "status": str(result.status),
        "residual": float(np.max(result.residuals)),
        "iterations": len(result.details.get("history", ())),
        "parts": {name: float(part) for name, part in result.seconds.items()},
    }


def against_cpu(ceilings: Ceilings, n: int = 10_000) -> dict[str, Any]:
    """Our own CPU backend on all cores, n=10,000 and d=784, against the device."""
    d = 784
    net, x = build(stax, "relu-3", d), _rows(n, d)
    out = np.empty((n, n), np.float32)
    fastntk.gram(net, x, backend="cpu", out=out)
    start = time.perf_counter()
    fastntk.gram(net, x, backend="cpu", out=out)
    cpu = time.perf_counter() - start
    gpu, more = _gram(n, d)
    return {
        "asked": ">= 20x",
        "seconds": gpu,
        "cpu_seconds": cpu,
        "share": cpu / gpu,
        "holds": cpu >= 20 * gpu,
    } | more


def host_stream(ceilings: Ceilings, n: int = 30_000) -> dict[str, Any]:
    """FC ReLU L=3, d=784, n=30,000, float32, into host memory."""
    d = 784
    net, x = build(stax, "relu-3", d), _rows(n, d)
    out = np.empty((n, n), np.float32)
    fastntk.gram(net, x[:4000], backend="cuda")
    took = seconds(lambda: fastntk.gram(net, x, backend="cuda", out=out))
    return {"asked": "-", "seconds": took, "bytes_per_s": out.nbytes / took}


def torch_recursion(ceilings: Ceilings) -> dict[str, Any]:
    """`torch.compile` of the same recursion on cosines, n=20,000, d=784."""
    from bench.cuda.torch_recursion import measure

    n, d = 20_000, 784
    ours, _ = _gram(n, d)
    theirs = measure(_rows(n, d), depth=3)
    return {
        "asked": "-",
        "seconds": ours,
        "torch_seconds": theirs,
        "share": theirs / ours,
    }


def _figure(
    asked: str, floor: float, share: float, median: float, more: dict[str, Any]
) -> dict[str, Any]:
    reached = floor / median if median else float("nan")
    return {
        "asked": asked,
        "seconds": median,
        "floor_s": floor,
        "share": reached,
        "holds": reached >= share,
    } | more


FIGURES: dict[str, tuple[Figure, float]] = {
    "gram-784": (gram_784, 30.0),
    "gram-20": (gram_20, 30.0),
    "against-cpu": (against_cpu, 20.0),
    "product-200k": (product, 40.0),
    "solve-200k": (solve_200k, 90.0),
    "host-stream": (host_stream, 20.0),
    "torch": (torch_recursion, 60.0),
    "solve-million": (solve_million, 660.0),
}
"""Name: function, and the seconds it may take."""
