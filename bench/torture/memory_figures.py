"""Figures of operators and stores: products beside bare tiles, stores beside the disk.

    python -m bench.torture.memory_figures --output bench/results/<machine>/memory.json

The network has three hidden ReLU layers with biases, rows are Gaussian of dimension 20.
"""

import argparse
import json
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import fastntk
from bench.torture.targets import network
from fastntk.request.progress import Progress
from fastntk.tiling.driver import walk
from fastntk.tiling.plan import Tile, TilePlan

COLUMNS = 16
STORES = ((".npy", "full"), (".npy", "lower"), (".zarr", "full"), (".zarr", "lower"))


class Nothing:
    """A sink that leaves tiles where they are: the bare cost."""

    def begin(self, plan: TilePlan) -> None: ...
    def tile(self, tile: Tile, blocks: Any) -> None: ...
    def mirror(self, tile: Tile, blocks: Any) -> None: ...
    def commit(self) -> None: ...
    def abort(self) -> None: ...


def seconds(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def product(n: int, dtype: str, repeats: int) -> dict[str, Any]:
    """Time a product with 16 columns, one with one, and the tiles alone."""
    x = np.random.default_rng(0).standard_normal((n, 20)).astype(dtype)
    v = np.random.default_rng(1).standard_normal((n, COLUMNS))
    K = fastntk.operator(network(), x, cache="none", max_memory="1GiB")
    setup, plan = K._setup, K._layout.plan

    def bare() -> None:
        options: dict[str, Any] = {"threads": K._layout.threads}
        walk(
            plan,
            lambda: setup.new_worker(plan),
            Nothing(),
            progress=Progress(1),
            **options,
        )

    rows = x[:2000]
    fastntk.operator(network(), rows) @ v[:2000]  # compiles
    calls = {"bare": bare, "columns": lambda: K @ v, "one": lambda: K @ v[:, 0]}
    times: dict[str, float] = {}
    for _ in range(repeats):  # in turn: the machine's speed drifts
        for name, call in calls.items():
            times[name] = min(times.get(name, np.inf), seconds(call))
    return {
        "n": n,
        "dtype": dtype,
        "bare_seconds": times["bare"],
        "product_16_seconds": times["columns"],
        "product_1_seconds": times["one"],
        "ratio_16": times["columns"] / times["bare"],
        "ratio_1": times["one"] / times["bare"],
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def disk_rate(folder: Path, n_bytes: int) -> float:
    """Return bytes per second of plain writing and syncing."""
    block = os.urandom(8 << 20)

    def write() -> None:
        with (folder / "plain").open("wb") as file:
            for _ in range(n_bytes // len(block)):
                file.write(block)
            file.flush()
            os.fsync(file.fileno())

    spent = seconds(write)
    (folder / "plain").unlink()
    return n_bytes / spent


def stored(n: int, dtype: str, suffix: str, layout: str) -> dict[str, Any]:
    """Time a store beside the matrix in memory and the disk alone."""
    x = np.random.default_rng(0).standard_normal((n, 20)).astype(dtype)
    out = np.empty((n, n), dtype)
    fastntk.gram(network(), x, out=out)
    memory = seconds(lambda: fastntk.gram(network(), x, out=out))
    n_bytes = out.nbytes
    out = np.empty((0, 0))  # given back
    folder = Path(tempfile.mkdtemp(dir="."))
    try:
        path = folder / f"K{suffix}"
        disk_rate(folder, n_bytes // 8)
        before = disk_rate(folder, n_bytes)
        report = fastntk.gram_to_store(network(), x, path=path, layout=layout)
        after = disk_rate(folder, n_bytes)
    finally:
        shutil.rmtree(folder)
    rate, disk = report.n_bytes / report.seconds, (before + after) / 2
    share = report.n_bytes / n_bytes
    return {
        "n": n,
        "dtype": dtype,
        "store": f"{suffix} {layout}",
        "gigabytes": report.n_bytes / 1e9,
        "seconds": report.seconds,
        "rate_mb_s": rate / 1e6,
        "disk_mb_s": disk / 1e6,
        "memory_rate_mb_s": share * n_bytes / memory / 1e6,
        "share_of_the_slower": rate / min(disk, share * n_bytes / memory),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="12500,25000,50000,100000")
    parser.add_argument("--store-size", type=int, default=20_000)
    parser.add_argument("--dtypes", default="float32,float64")
    parser.add_argument("--only", choices=["products", "stores"])
    parser.add_argument("--output", type=Path)
    options = parser.parse_args()
    report: dict[str, Any] = {"date": time.strftime("%Y-%m-%d")}
    if options.output and options.output.exists():
        report = json.loads(options.output.read_text())
    if options.only != "stores":
        products = report.setdefault("products", [])
        for dtype in options.dtypes.split(","):
            for n in map(int, options.sizes.split(",")):
                products.append(product(n, dtype, 2 if n > 30_000 else 4))
                print(json.dumps(products[-1]), flush=True)
    if options.only != "products":
        stores = report.setdefault("stores", [])
        for suffix, layout in STORES:
            stores.append(stored(options.store_size, "float32", suffix, layout))
            print(json.dumps(stores[-1]), flush=True)
    if options.output:
        options.output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
