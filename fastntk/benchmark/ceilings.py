"""What the machine allows: rates of products, polynomials and writes to memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from threading import Barrier
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from fastntk._typing import AnyArray
from fastntk.benchmark.loops import N_NUMBERS, evaluate_polynomials, polynomial_flops
from fastntk.benchmark.timing import BLAS_PAUSE
from fastntk.kernels.cpu.tile import copy_block
from fastntk.kernels.formulas.polynomials import constants
from fastntk.kernels.product.packed import packed_product
from fastntk.kernels.rows.norms import unit_rows
from fastntk.kernels.vector.chosen import GROUP_ROWS, TRANSPOSE_BYTES, panel_width

__all__ = ["Ceilings", "measure_ceilings"]

SIDE, FEATURES = 320, 784  # one tile, and rows as long as images
NUMPY_ROWS = 1600
WRITE_BYTES = 256 << 20  # far more than caches hold
REPEATS = 5
SECONDS = 0.03  # of one repeat, about


@dataclass(frozen=True)
class Ceilings:
    """Best rates measured with so many threads.

    Attributes
    ----------
    threads : int
    product, numpy_product : float
        GFLOP/s of the packed product of fastntk, and of NumPy's.
    polynomial : float
        GFLOP/s of the packed polynomial loop, on numbers in the L1 cache.
    write_fresh, write_reused : float
        GB/s written to pages that are touched for the first time, and again.
    """

    threads: int
    product: float
    numpy_product: float
    polynomial: float
    write_fresh: float
    write_reused: float

    @property
    def best_product(self) -> float:
        """GFLOP/s of the faster product."""
        return max(self.product, self.numpy_product)

    def as_dict(self) -> dict[str, float]:
        """Return the numbers by name."""
        return asdict(self)


def measure_ceilings(dtype: Any, threads: int) -> Ceilings:
    """Measure what ``threads`` threads reach at best.

    Parameters
    ----------
    dtype : dtype-like
        float32 or float64.
    threads : int

    Returns
    -------
    Ceilings

    Notes
    -----
    Every rate is the best of five runs of some 30 ms, in which all threads start
    together. Memory: 256 MiB at once.
    """
    kind = np.dtype(dtype)
    with ThreadPoolExecutor(threads) as pool:
        product = _best_rate(pool, threads, _product_work(kind))
        polynomial = _best_rate(pool, threads, _polynomial_work(kind))
        fresh, reused = _write_rates(pool, threads, kind)
    return Ceilings(
        threads=threads,
        product=product,
        numpy_product=_numpy_product(kind, threads),
        polynomial=polynomial,
        write_fresh=fresh,
        write_reused=reused,
    )


Work = Callable[[], tuple[Callable[[], object], float]]
"""Makes what one thread repeats, and how much (flops) one repeat is."""


def _best_rate(pool: ThreadPoolExecutor, threads: int, work: Work) -> float:
    """Return the best rate of all threads together, in 1e9 per second."""
    jobs = [work() for _ in range(threads)]
    for call, _ in jobs:
        call()  # compiles
    start = time.perf_counter()
    jobs[0][0]()
    loops = max(1, round(SECONDS / max(time.perf_counter() - start, 1e-7)))
    amount = sum(size for _, size in jobs) * loops
    best = 0.0
    for _ in range(REPEATS):
        best = max(best, amount / _together(pool, [call for call, _ in jobs], loops))
    return best / 1e9


def _together(
    pool: ThreadPoolExecutor, calls: list[Callable[[], object]], loops: int
) -> float:
    """Return the seconds in which all threads, started together, were done."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], object]) -> tuple[float, float]:
        barrier.wait()
        start = time.perf_counter()
        for _ in range(loops):
            call()
        return start, time.perf_counter()

    spans = list(pool.map(run, calls))
    return max(end for _, end in spans) - min(start for start, _ in spans)


def _product_work(dtype: np.dtype[Any]) -> Work:
    def work() -> tuple[Callable[[], object], float]:
        width = panel_width(dtype)
        x = np.random.default_rng(0).standard_normal((SIDE, FEATURES)).astype(dtype)
        packed, mean_square = np.empty(SIDE * FEATURES, dtype), np.empty(SIDE)
        unit_rows(x, packed, width, mean_square)
        block = np.empty((SIDE, SIDE), dtype)
        scratch = np.empty(GROUP_ROWS * width, dtype)

        def call() -> None:
            packed_product(block, packed, 0, packed, 0, FEATURES, width, scratch, False)

        return call, 2.0 * SIDE * SIDE * FEATURES

    return work


def _polynomial_work(dtype: np.dtype[Any]) -> Work:
    def work() -> tuple[Callable[[], object], float]:
        strip = np.linspace(0.0, 1.0, N_NUMBERS).astype(dtype)
        table, repeats = constants(dtype), 200
        flops = float(polynomial_flops(dtype)) * N_NUMBERS * repeats
        return lambda: evaluate_polynomials(strip, table, repeats), flops

    return work


def _numpy_product(dtype: np.dtype[Any], threads: int) -> float:
    """Return GFLOP/s of ``x @ y.T``; not ``x @ x.T``, of which NumPy computes half."""
    x = np.random.default_rng(0).standard_normal((NUMPY_ROWS, FEATURES)).astype(dtype)
    y, out = x[::-1].copy(), np.empty((NUMPY_ROWS, NUMPY_ROWS), dtype)
    best = np.inf
    with threadpool_limits(threads, user_api="blas"):
        for _ in range(REPEATS + 1):
            start = time.perf_counter()
            np.matmul(x, y.T, out=out)
            best = min(best, time.perf_counter() - start)
    time.sleep(BLAS_PAUSE)
    return 2e-9 * NUMPY_ROWS * NUMPY_ROWS * FEATURES / best


def _write_rates(
    pool: ThreadPoolExecutor, threads: int, dtype: np.dtype[Any]
) -> tuple[float, float]:
    """Return GB/s of writing a large matrix: to fresh pages, and to the same again."""
    n_rows = WRITE_BYTES // (threads * SIDE * SIDE * dtype.itemsize) * threads
    n_bytes = n_rows * SIDE * SIDE * dtype.itemsize
    block = np.ones((SIDE, SIDE), dtype)
    rates = {"fresh": 0.0, "reused": 0.0}
    for _ in range(3):
        out = _aligned(n_bytes, dtype)
        for name in ("fresh", "reused", "reused"):
            for way in _ways_to_write(out, block, threads, name == "fresh"):
                seconds = _together(pool, way, 1)
                rates[name] = max(rates[name], out.nbytes / seconds / 1e9)
        del out
    return rates["fresh"], rates["reused"]


def _aligned(n_bytes: int, dtype: np.dtype[Any]) -> AnyArray:
    """Return untouched memory from where stores past the caches may begin."""
    room = np.empty(n_bytes + TRANSPOSE_BYTES, np.uint8)
    skipped = -room.ctypes.data % TRANSPOSE_BYTES
    return room[skipped : skipped + n_bytes].view(dtype)


def _ways_to_write(
    out: AnyArray, block: AnyArray, threads: int, is_fresh: bool
) -> list[list[Callable[[], object]]]:
    """Return calls that fill their share of ``out``, by one or two ways.

    Fresh pages are zeroed by the system, and are in the caches when the numbers come:
    they take ordinary stores. Pages that are there also take stores past the caches.
    """
    parts = np.array_split(out, threads)
    tiles = block.size

    def stream(part: AnyArray) -> None:
        for start in range(0, part.size - tiles + 1, tiles):
            copy_block(block, part[start : start + tiles], block.shape[1], True)

    def fill(part: AnyArray) -> None:
        part.fill(1.0)

    ways = [fill] if is_fresh else [fill, stream]
    return [[lambda part=part, way=way: way(part) for part in parts] for way in ways]  # type: ignore[misc]
