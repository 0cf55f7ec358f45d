"""The command line beside the library: what it adds, and how fast it reads."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from bench.data import spread_rows
from bench.suite.measure import printed, ratio

NETWORK = "--depth 3 --activation relu --w-std 1.5 --b-std 0.1".split()
API = """
import sys
import numpy as np
import fastntk
from fastntk import stax
layer = stax.serial(stax.Dense(512, 1.5, 0.1), stax.Relu())
net = stax.serial(stax.repeat(layer, 3), stax.Dense(1, 1.5, 0.1))
out = np.lib.format.open_memmap(sys.argv[2], "w+", "float64", (6_000, 6_000))
fastntk.gram(net, np.load(sys.argv[1]), out=out)
out.flush()
print(0)
"""
READ = """
import sys, time
from pathlib import Path
from fastntk.cli.data.file import read_rows
start = time.perf_counter()
read_rows(Path(sys.argv[1]))
print(time.perf_counter() - start)
"""


def track_overhead() -> float:
    """Return the time of ``fastntk gram`` over the same by the library, n = 6,000."""
    command = Path(sys.executable).with_name("fastntk")
    shown = subprocess.run(
        [str(command), "gram", "--help"], check=False, capture_output=True
    )
    if shown.returncode:
        raise NotImplementedError("there is no `fastntk gram` yet")
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "x.npy"
        np.save(data, spread_rows(6_000, 784))
        words = [str(command), "gram", str(data), "--force", *NETWORK, "--out"]
        return ratio(
            lambda: subprocess.run(
                [*words, f"{folder}/cli.npy"], check=True, capture_output=True
            ),
            lambda: printed(API, str(data), f"{folder}/api.npy"),
            repeats=2,
        )


def track_csv_seconds() -> float:
    """Return the time to read a CSV file of 100,000 rows and 20 columns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.csv"
        header = ",".join(f"x{k}" for k in range(20))
        np.savetxt(
            path, spread_rows(100_000, 20), "%.6f", ",", header=header, comments=""
        )
        try:
            return printed(READ, str(path))
        except subprocess.CalledProcessError as error:
            raise NotImplementedError(error.stderr[-300:]) from error


track_overhead.unit = "x"  # type: ignore[attr-defined]
track_csv_seconds.unit = "s"  # type: ignore[attr-defined]
