"""Ctrl-C stops a long job within a second and leaves no thread behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")

SCRIPT = """
import signal, sys, threading, time
import numpy as np
import fastntk
from fastntk import stax

# the children of a background job ignore Ctrl-C
signal.signal(signal.SIGINT, signal.default_int_handler)
layer = stax.serial(stax.Dense(8, W_std=1.4, b_std=0.1), stax.Relu())
net = stax.serial(stax.repeat(layer, 400), stax.Dense(1))
x = np.random.default_rng(0).standard_normal((5000, 3))

def run(x, **options):
    {body}

run(x[:20], threads={threads})
if __name__ == "__main__":
    print("ready", flush=True)
    try:
        run(x, threads={threads})
        print("finished", flush=True)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        names = [t.name for t in threading.enumerate()]
        print(",".join(names), flush=True)
        small = fastntk.gram(net, x[:20])
        print("usable", bool(np.isfinite(small).all()), flush=True)
"""
BODIES = {
    "symmetric": "fastntk.gram(net, x, **options)",
    "rectangular": "fastntk.gram(net, x, x[:3000], **options)",
    "tiles": "[None for _ in fastntk.tiles(net, x, **options)]",
}


ENVIRONMENT = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


def read(process: subprocess.Popen[str]) -> str:
    """Return the next line; what went wrong in the child if there is none."""
    assert process.stdout is not None
    assert process.stderr is not None
    return process.stdout.readline().strip() or process.stderr.read()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kind", BODIES)
def test_ctrl_c(kind: str, threads: int) -> None:
    script = SCRIPT.format(body=BODIES[kind], threads=threads)
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    try:
        assert read(process) == "ready"
        time.sleep(0.5)
        assert process.poll() is None
        start = time.perf_counter()
        process.send_signal(signal.SIGINT)
        word = read(process)
        elapsed = time.perf_counter() - start
        assert word == "interrupted"
        assert elapsed < 1.0
        assert read(process) == "MainThread"
        assert read(process) == "usable True"
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.communicate()


FORK = """
import os, threading
import numpy as np
import fastntk
from fastntk import stax

net = stax.serial(stax.Dense(8), stax.Relu(), stax.Dense(1))
x = np.random.default_rng(0).standard_normal((600, 3))
before = fastntk.gram(net, x, threads=2)
assert [t.name for t in threading.enumerate()] == ["MainThread"]
child = os.fork()
if child == 0:
    after = fastntk.gram(net, x, threads=2)
    os._exit(0 if (after == before).all() else 1)
print(os.waitpid(child, 0)[1])
"""


def test_a_forked_child_computes_the_same() -> None:
    run = subprocess.run(
        [sys.executable, "-c", FORK],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=ENVIRONMENT,
    )
    assert (run.stdout.strip(), run.stderr) == ("0", "")
