"""Seconds of a store written at once, and in shards one after the other.

``python -m bench.torture.shard_figures --rows 5000 --shards 16``. Every call is made in
this process, so that what Python and Numba load counts once.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

import fastntk
from fastntk import stax


def seconds(rows: int, kind: str, shards: int, folder: str) -> float:
    """Return the seconds that all shards take together."""
    net = stax.serial(
        *[part for _ in range(2) for part in (stax.Dense(512, 1.5, 0.1), stax.Relu())],
        stax.Dense(1),
    )
    x = np.random.default_rng(0).standard_normal((rows, 50))
    with tempfile.TemporaryDirectory(dir=folder) as place:
        began = time.perf_counter()
        for i in range(1, shards + 1):
            path = Path(place) / f"K.{kind}"
            report = fastntk.gram_to_store(net, x, path=path, shard=(i, shards))
        spent = time.perf_counter() - began
    if not report.is_complete:
        raise RuntimeError(f"the store is not complete after {shards} shards")
    return spent


def main() -> None:
    """Print a line for each kind of store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--shards", type=int, default=16)
    parser.add_argument("--folder", default=".", help="where to write")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    for kind in ("npy", "zarr"):
        for shards in (1, given.shards):
            seconds(500, kind, 1, given.folder)
            times = [
                seconds(given.rows, kind, shards, given.folder)
                for _ in range(given.repeats)
            ]
            print(f".{kind}, {shards} shards: {min(times):.2f} s")


if __name__ == "__main__":
    main()
