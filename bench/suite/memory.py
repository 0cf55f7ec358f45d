"""Peak memory of one call, over its result and one copy of the inputs."""

from bench.suite.measure import printed

CASES = {
    "relu-3 d=784 n=5000 float64": ("relu-3", 5_000, 784, "float64"),
    "relu-3 d=784 n=5000 float32": ("relu-3", 5_000, 784, "float32"),
    "relu-10 d=20 n=4000 float64": ("relu-10", 4_000, 20, "float64"),
    "erf-3 d=784 n=4000 float64": ("erf-3", 4_000, 784, "float64"),
}
# argv: call, net, n, d, dtype, root; prints bytes over result and copy of the inputs
PROGRAM = """
import sys
from pathlib import Path
call, net, n, d, dtype, root = sys.argv[1:]
sys.path.append(root)
import fastntk
from bench.data import spread_rows
from bench.nets import build
from fastntk import stax

def status(name):  # by hand: asv runs this on commits without fastntk._resources, too
    text = Path("/proc/self/status").read_text()
    return 1024 * int(text.split(name + ":")[1].split()[0])

x, net = spread_rows(int(n), int(d), dtype), build(stax, net, int(d))

def run(x):
    if call == "gram":
        return fastntk.gram(net, x).nbytes
    return (fastntk.operator(net, x, cache=0) @ x[:, :16].astype(float)).nbytes

run(x[:64])
Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts anew
before = status("VmRSS")
result = run(x)
print(status("VmHWM") - before - result - x.nbytes)
"""


def _root() -> str:
    from pathlib import Path

    return str(Path(__file__).resolve().parents[2])


def track_over_result(case: str) -> float:
    """Return MiB that a Gram matrix needs beside result and copy of the inputs."""
    net, n, d, dtype = CASES[case]
    return printed(PROGRAM, "gram", net, str(n), str(d), dtype, _root()) / 2**20


def track_operator() -> float:
    """Return MiB that a product with 16 columns needs beside result and inputs."""
    from bench.suite.measure import needs

    needs("operator")
    return (
        printed(PROGRAM, "operator", "relu-3", "8000", "20", "float64", _root()) / 2**20
    )


track_over_result.params = tuple(CASES)  # type: ignore[attr-defined]
track_over_result.param_names = ("case",)  # type: ignore[attr-defined]
track_over_result.unit = track_operator.unit = "MiB"  # type: ignore[attr-defined]
