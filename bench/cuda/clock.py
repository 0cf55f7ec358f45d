"""Times on the device, and the ceilings that figures are compared with."""

import contextlib
import functools
import gc
import itertools
import statistics
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fastntk.kernels.cuda import target as cuda_target

__all__ = ["ceilings", "kernels", "median_seconds", "seconds", "tidy", "unwritten"]

WORDS = 1 << 28  # float32: 1 GiB, many times any L2
CHAINS = 8
STEPS = 4096
SIDES = (("float32", 16384), ("float64", 8192))  # of matrix products
PRODUCT_ERROR = 5e-4  # a tenth of what TF32 makes of sums of 16384 numbers below 1/4
UNROLLED = 32  # steps between two branches, so that these hardly count


class Kernels(NamedTuple):
    """Kernels that measure the device."""

    copy: Any
    fill: Any
    multiply_add: Any


def seconds(work: Callable[[], Any]) -> float:
    """Return the seconds that work takes, by events on the default stream.

    The streams of the backend wait for it, and it waits for them.
    """
    cuda = cuda_target.cuda()
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


@functools.cache
def kernels() -> Kernels:
    """Return copy, fill and chains of fused multiply-adds; no device is needed."""
    cuda = cuda_target.cuda()

    def copy(source: Any, target: Any) -> None:
        i = cuda.grid(1)
        if i < source.size:
            target[i] = source[i]

    def fill(target: Any, value: Any) -> None:
        i = cuda.grid(1)
        if i < target.size:
            target[i] = value

    names: dict[str, Any] = {"cuda": cuda}
    exec(_multiply_add(), names)
    multiply_add = names["multiply_add"]
    return Kernels(*map(cuda.jit, (copy, fill, multiply_add)))


def _multiply_add() -> str:
    """Return a kernel of independent chains; equal ones would become one.

    Written out, as no compiler leaves a loop unrolled this far.
    """
    chains = [f"x{k}" for k in range(CHAINS)]
    starts = [f"    {x} = {y} + factor" for y, x in itertools.pairwise(chains)]
    steps = [f"        {x} = {x} * factor + factor" for x in chains] * UNROLLED
    return "\n".join(
        [
            "def multiply_add(out, factor, steps):",
            "    i = cuda.grid(1)",
            "    x0 = out[i]",
            *starts,
            "    for _ in range(steps):",
            *steps,
            f"    out[i] = {' + '.join(chains)}",
        ]
    )


def _issue_rate() -> float:
    """Return float32 instructions per second, fused multiply-adds counted as one."""
    cuda, kernel = cuda_target.cuda(), kernels().multiply_add
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
    rng = np.random.default_rng(2)
    for name, n in SIDES:
        kind = np.dtype(name)
        hosts = [rng.random((n, n), dtype=kind) - kind.type(0.5) for _ in range(2)]
        a, b = map(cupy.asarray, hosts)
        out = cupy.empty((n, n), name)
        multiply = functools.partial(cupy.matmul, a, b, out=out)
        time, _ = median_seconds(multiply, 3)
        known = hosts[0][:2].astype(float) @ hosts[1][:, :2].astype(float)
        error = float(np.abs(cupy.asnumpy(out[:2, :2]) - known).max())
        assert error < PRODUCT_ERROR, f"the product in {name} is {error:.1g} off"
        rates[name] = 2 * n**3 / time
        del a, b, out, multiply
        cupy.get_default_memory_pool().free_all_blocks()
    return rates


def _bandwidths() -> tuple[float, float]:
    """Return copied (read and written) and written bytes per second."""
    cuda, (copy, fill, _) = cuda_target.cuda(), kernels()
    source = cuda.to_device(np.random.default_rng(1).random(WORDS, dtype=np.float32))
    target = cuda.device_array(WORDS, np.float32)
    grid = (WORDS // 256, 256)
    copied, _ = median_seconds(lambda: copy[grid](source, target))
    filled, _ = median_seconds(lambda: fill[grid](target, np.float32(1.5)))
    return 8 * WORDS / copied, 4 * WORDS / filled


def unwritten(n: int, columns: int) -> Any:
    """Return a float32 matrix on the device, full of NaN."""
    out = cuda_target.cuda().device_array((n, columns), np.float32)
    size = n * columns
    kernels().fill[-(-size // 256), 256](out.reshape(size), np.float32(np.nan))
    return out


def ceilings(cupy: Any) -> dict[str, Any]:
    """Measure copy and write bandwidth, instruction rate, and matrix products.

    What is wrong with products is part of the result, for other figures need none.
    """
    copied, filled = _bandwidths()
    found: dict[str, Any] = {
        "copy_bytes_per_s": copied,
        "write_bytes_per_s": filled,
        "float32_instructions_per_s": _issue_rate(),
    }
    if cupy is None:
        return found | {"matrix products": "not measured: CuPy is missing"}
    try:
        for name, rate in _products(cupy).items():
            found[f"{name}_product_flop_per_s"] = rate
    except Exception as error:  # of a library that is missing, say
        found["matrix products"] = f"not measured: {type(error).__name__}: {error}"
    return found


def tidy() -> None:
    """Give back what libraries keep of the device's memory."""
    gc.collect()
    cuda = cuda_target.cuda()
    with contextlib.suppress(AttributeError):
        cuda.current_context().deallocations.clear()
    cupy = sys.modules.get("cupy")
    if cupy is not None:
        cupy.get_default_memory_pool().free_all_blocks()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()
