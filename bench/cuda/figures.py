"""The figures: what is asked, measured on the card, as a share of its own ceilings."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import fastntk
from bench.cuda.clock import median_seconds, seconds, unwritten
from bench.cuda.count import count_pairs
from bench.cuda.inputs import PROMISE, error_of, rows
from bench.cuda.solving import solve
from bench.nets import build
from fastntk import stax
from fastntk.device.gram import DeviceGram
from fastntk.kernels.cuda.target import cuda

__all__ = ["ENDING", "FIGURES", "Figure", "Run"]

ENDING = 15.0  # seconds kept for the end of the program, when a solve gets the rest


class Run(NamedTuple):
    """What a figure may ask: the ceilings, and how many seconds are left."""

    ceilings: dict[str, float]
    left: Callable[[], float]


class Figure(NamedTuple):
    """A function, and the seconds that it may take."""

    measure: Callable[[Run], dict[str, Any]]
    seconds: float


def _gram(n: int, d: int) -> tuple[float, dict[str, Any]]:
    """Time a Gram matrix on the device; its corner is compared with the CPU's.

    Whole calls; ``filled_s`` leaves the rows out, whose norms are O(n) on the host.
    """
    net = build(stax, "relu-3", d)
    x = rows(n, d)
    on_device, out = cuda().to_device(x), unwritten(n, n)
    median, times = median_seconds(lambda: fastntk.gram(net, on_device, out=out))
    some = np.array([0, 1, n // 2, n - 2, n - 1])
    found = np.stack([out[int(row)].copy_to_host() for row in some])
    assert np.isfinite(found).all(), "entries were left unwritten"
    error = error_of(net, x[some], found[:, some])
    assert error <= PROMISE, f"the result is wrong: {error:.2g}"
    job = DeviceGram(net.spec, on_device, None, ("ntk",))
    filled, _ = median_seconds(lambda: job.fill([out]))
    return median, {"times": times, "filled_s": filled, "error": error}


def _counted(d: int, run: Run, *, is_mirrored: bool) -> tuple[float, dict[str, Any]]:
    """Return the floor of a pair by its arithmetic, in seconds, and what was counted.

    ``issuing_s_per_pair`` counts all instructions, which no kernel like this can beat.
    """
    capability = tuple(cuda().get_current_device().compute_capability)
    found = count_pairs(
        build(stax, "relu-3", d), d, capability, is_mirrored=is_mirrored
    )
    rate = run.ceilings["float32_instructions_per_s"]
    more: dict[str, Any] = {"instructions": found._asdict()}
    if found.total is not None:
        more["issuing_s_per_pair"] = found.total / rate
    return found.arithmetic / rate, more


def gram_784(run: Run, n: int = 50_000) -> dict[str, Any]:
    """FC ReLU L=3, d=784, n=50,000, float32, on the device."""
    d = 784
    median, more = _gram(n, d)
    rate = run.ceilings.get("float32_product_flop_per_s")
    floor = 2 * d * n * (n + 1) / 2 / rate if rate else float("nan")
    return _figure(">= 60 % of the product's rate", floor, 0.6, median, more)


def gram_20(run: Run, n: int = 50_000) -> dict[str, Any]:
    """FC ReLU L=3, d=20, n=50,000, float32, on the device."""
    d = 20
    median, more = _gram(n, d)
    writing = 4 * n**2 / run.ceilings["write_bytes_per_s"]
    pair, counted = _counted(d, run, is_mirrored=True)
    computing = n * (n + 1) / 2 * pair
    floor = max(writing, computing)
    result = _figure(">= 60 % of writing or issuing", floor, 0.6, median, more)
    return result | counted | {"writing_s": writing, "computing_s": computing}


def product(run: Run, n: int = 200_000) -> dict[str, Any]:
    """Operator product, n=200,000, d=20, 16 columns, float32 tiles."""
    d, columns = 20, 16
    net, x = build(stax, "relu-3", d), rows(n, d)
    operator = fastntk.operator(net, x, backend="cuda", cache=0)
    v = np.random.default_rng(1).standard_normal((n, columns))
    result: list[Any] = []
    median, times = median_seconds(lambda: result.append(operator @ v), 2)
    row = fastntk.gram(net, x[:1], x, dtype="float64", backend="cpu")[0]
    row[0] = fastntk.diagonal(net, x[:1])[0]
    scale = np.linalg.norm(row) * np.linalg.norm(v, axis=0)
    error = float((np.abs(result[-1][0] - row @ v) / scale).max())
    # of an entry this is promised; sums of many entries are nearer
    assert error <= PROMISE, f"the result is wrong: {error:.2g}"
    pair, counted = _counted(d, run, is_mirrored=False)
    rate = run.ceilings.get("float32_product_flop_per_s", float("nan"))
    floor = n * (n + 1) / 2 * pair + 2 * n**2 * columns / rate
    more = {"times": times, "error": error} | counted
    return _figure(">= 50 % of the floor", floor, 0.5, median, more)


def solve_200k(run: Run) -> dict[str, Any]:
    """Solve, n=200,000, d=20, to 1e-6, in <= 60 s."""
    return solve(200_000, 60.0, min(run.left() - ENDING, 80.0))


def solve_million(run: Run) -> dict[str, Any]:
    """Solve, n=1,000,000, d=20, to 1e-6, in <= 600 s."""
    return solve(1_000_000, 600.0, run.left() - ENDING)


def against_cpu(run: Run, n: int = 10_000) -> dict[str, Any]:
    """Our own CPU backend on all cores, n=10,000 and d=784, against the device."""
    d = 784
    net, x = build(stax, "relu-3", d), rows(n, d)
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


def host_stream(run: Run, n: int = 30_000) -> dict[str, Any]:
    """FC ReLU L=3, d=784, n=30,000, float32, into host memory."""
    d = 784
    net, x = build(stax, "relu-3", d), rows(n, d)
    out = np.full((n, n), np.nan, np.float32)
    fastntk.gram(net, x[:4000], backend="cuda")
    took = seconds(lambda: fastntk.gram(net, x, backend="cuda", out=out))
    assert np.isfinite(out).all(), "entries were left unwritten"
    some = np.random.default_rng(5).choice(n, 200, replace=False)
    error = error_of(net, x[some], out[np.ix_(some, some)])
    assert error <= PROMISE, f"the result is wrong: {error:.2g}"
    rate = out.nbytes / took
    return {"asked": "-", "seconds": took, "bytes_per_s": rate, "error": error}


def torch_recursion(run: Run) -> dict[str, Any]:
    """The same recursion on cosines by `torch.compile`, n=20,000, d=784."""
    from bench.cuda.rivals import measure_torch

    return _beside("torch", measure_torch)


def jax_recursion(run: Run) -> dict[str, Any]:
    """The same recursion on cosines by `jax.jit`, n=20,000, d=784."""
    from bench.cuda.rivals import measure_jax

    return _beside("jax", measure_jax)


def _beside(name: str, measure: Callable[..., Any], n: int = 20_000) -> dict[str, Any]:
    """Time another library beside ours; compare both with the CPU in float64."""
    d, depth = 784, 3
    x, net = rows(n, d), build(stax, "relu-3", d)
    some = np.sort(np.random.default_rng(4).choice(n, 200, replace=False))
    try:
        theirs, corner, how = measure(x, some, depth)
    except Exception as cause:  # not installed, or broken: no fault of ours
        lines = str(cause).strip().splitlines() or [type(cause).__name__]
        return {"asked": "-", "note": f"not measured: {lines[0]}"}
    ours, more = _gram(n, d)
    apart = ~np.eye(len(some), dtype=bool)
    exact = np.diag(fastntk.diagonal(net, x[some]))
    error = error_of(net, x[some], np.where(apart, corner, exact))
    return {
        "asked": "-",
        "seconds": ours,
        f"{name}_seconds": theirs,
        "share": theirs / ours,
        "note": f"{how}: {theirs:.4g} s, {error:.1e} off the CPU in float64",
        # cosines lose half of the digits where they are 1
        f"{name}_error": error_of(net, x[some], corner),
        f"{name}_error_beside_the_diagonal": error,
    } | more


def _figure(
    asked: str, floor: float, share: float, median: float, more: dict[str, Any]
) -> dict[str, Any]:
    """Return a record; whether it holds is not known (None) where a floor is not."""
    reached = floor / median if median else float("nan")
    is_known = bool(np.isfinite(reached))
    return {
        "asked": asked,
        "seconds": median,
        "floor_s": floor if is_known else None,
        "share": reached if is_known else None,
        "holds": reached >= share if is_known else None,
        "note": "" if is_known else "no matrix product was measured",
    } | more


FIGURES = {
    "gram-784": Figure(gram_784, 30.0),
    "gram-20": Figure(gram_20, 30.0),
    "against-cpu": Figure(against_cpu, 20.0),
    "product-200k": Figure(product, 40.0),
    "solve-200k": Figure(solve_200k, 80.0),
    "host-stream": Figure(host_stream, 20.0),
    "torch": Figure(torch_recursion, 60.0),
    "jax": Figure(jax_recursion, 60.0),
    "solve-million": Figure(solve_million, 90.0),
}
"""In the order they run; the last one gets all the time that is left."""
