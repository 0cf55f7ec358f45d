"""The peak memory of a process that multiplies, and stores, within a budget."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import json, sys
import numpy as np
import fastntk
from pathlib import Path
from tests.test_operators.cases import RELU_NET, rows

BUDGET, N = 24_000_000, 5000  # the matrix takes 200 MB

def peak():
    text = Path("/proc/self/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0]) * 1024

def growth(call):
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = peak()
    call()
    return peak() - before

def product(n):
    K = fastntk.operator(RELU_NET, rows(n, 8), max_memory=BUDGET)
    K @ np.ones((n, 16))

def store(n, name):
    options = {"max_memory": BUDGET, "overwrite": True, "durable": False}
    fastntk.gram_to_store(RELU_NET, rows(n, 8), path=sys.argv[1] + name, **options)

calls = {
    "product": product,
    "npy": lambda n: store(n, "/K.npy"),
    "zarr": lambda n: store(n, "/K.zarr"),
}
for call in calls.values():
    call(700)  # compiles
grown = {name: growth(lambda: call(N)) for name, call in calls.items()}
print(json.dumps({"budget": BUDGET, **grown}))
"""


@pytest.mark.skipif(
    not Path("/proc/self/clear_refs").exists(), reason="peaks are read from /proc"
)
def test_the_process_stays_within_the_budget(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    vectors = 2 * 5000 * 16 * 8 + 5000 * 8 * 8  # inputs and outputs
    for name in ("product", "npy", "zarr"):
        assert found[name] <= found["budget"] + vectors + 4_000_000, found
    assert found["product"] > 1_000_000  # it was measured
