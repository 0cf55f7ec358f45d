"""Times on the device, and the ceilings that figures are compared with."""

import functools
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np

from fastntk.kernels.cuda_target import cuda as target_of

__all__ = ["ceilings", "median_seconds", "seconds"]

cuda = target_of()
WORDS = 1 << 28  # float32: 1 GiB, many times any L2
CHAINS = 8
STEPS = 4096
UNROLLED = 4  # steps between two branches of the loop


def seconds(work: Callable[[], Any]) -> float:
    """Return the seconds that work takes, by events on the default stream.

    The streams of the backend wait for it, and it waits for them.
    """
    start, stop = cuda.event(), cuda.event()
    cuda.synchronize()
    start.record()
    work()
    stop.record()
    stop.synchronize()
    return float(start.elapsed_time(stop)) * 1e-3


def median_seconds(
    work: Callable[[], Any], repeats: int = 5
) -> tuple[float, list[float]]:
    """Return the median of some runs after a warm-up, and all of them."""
    work()
    times = [seconds(work) for _ in range(repeats)]
    return statistics.median(times), times


def _copy(source: Any, target: Any) -> None:
    i = cuda.grid(1)
    if i < source.size:
        target[i] = source[i]


def _fill(target: Any, value: Any) -> None:
    i = cuda.grid(1)
    if i < target.size:
        target[i] = value


def _multiply_add(out: Any, factor: Any, steps: int) -> None:
    """Run independent chains of fused multiply-adds; equal ones would become one."""
    i = cuda.grid(1)
    a, b = out[i], out[i] + factor
    c, d = b + factor, b * b
    e, f, g, h = d + a, d + b, d + c, d * d
    for _ in range(steps):
        for _ in range(UNROLLED):
            a = a * factor + factor
            b = b * factor + factor
            c = c * factor + factor
            d = d * factor + factor
            e = e * factor + factor
            f = f * factor + factor
            g = g * factor + factor
            h = h * factor + factor
    out[i] = a + b + c + d + e + f + g + h


def _issue_rate() -> float:
    """Return float32 instructions per second, fused multiply-adds counted as one."""
    kernel = cuda.jit(_multiply_add)
    n = 132 * 2048 * 4
    out = cuda.to_device(np.random.default_rng(0).random(n, dtype=np.float32))
    factor = np.float32(0.5)
    time, _ = median_seconds(
        lambda: kernel[n // 256, 256](out, factor, STEPS // UNROLLED)
    )
    return n * CHAINS * STEPS / time


def _products(cupy: Any) -> dict[str, float]:
    """Return the rates of matrix products of random numbers, in flop/s."""
    rates = {}
    for name, n in (("float32", 16384), ("float64", 8192)):
        a, b = (cupy.random.random((n, n), dtype=name) - 0.5 for _ in range(2))
        out = cupy.empty((n, n), name)
        multiply = functools.partial(cupy.matmul, a, b, out=out)
        time, _ = median_seconds(multiply, 3)
        sample = cupy.asnumpy(out[:2, :2])
        known = cupy.asnumpy(a[:2]).astype(float) @ cupy.asnumpy(b[:, :2]).astype(float)
        assert np.abs(sample - known).max() < 1e-2, "the product is wrong"
        rates[name] = 2 * n**3 / time
        del a, b, out
        cupy.get_default_memory_pool().free_all_blocks()
    return rates


def _bandwidths() -> tuple[float, float]:
    """Return copied (read and written) and written bytes per second."""
    copy, fill = cuda.jit(_copy), cuda.jit(_fill)
    source = cuda.to_device(np.random.default_rng(1).random(WORDS, dtype=np.float32))
    target = cuda.device_array(WORDS, np.float32)
    grid = (WORDS // 256, 256)
    copied, _ = median_seconds(lambda: copy[grid](source, target))
    filled, _ = median_seconds(lambda: fill[grid](target, np.float32(1.5)))
    return 8 * WORDS / copied, 4 * WORDS / filled


def ceilings(cupy: Any) -> dict[str, float]:
    """Measure copy and write bandwidth, instruction rate, and matrix products."""
    copied, filled = _bandwidths()
    found = {
        "copy_bytes_per_s": copied,
        "write_bytes_per_s": filled,
        "float32_instructions_per_s": _issue_rate(),
    }
    if cupy is not None:
        for name, rate in _products(cupy).items():
            found[f"{name}_product_flop_per_s"] = rate
    return found
