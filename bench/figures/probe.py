"""What a fresh process does for the memory and start-up figures.

Run as ``python -m bench.figures.probe first|memory ...``; one JSON object is printed.
"""

import argparse
import json
import time
from typing import Any


def first(arguments: argparse.Namespace) -> dict[str, Any]:
    """Compute one Gram matrix and say when it was done."""
    import fastntk
    from bench.data import spread_rows
    from bench.nets import build
    from fastntk import stax

    x = spread_rows(arguments.n, arguments.d, arguments.dtype)
    net = build(stax, arguments.net, arguments.d)
    kernel = fastntk.gram(net, x, get="ntk", threads=arguments.threads)
    return {"done": time.monotonic(), "corner": float(kernel[0, 0])}


def memory(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return by how much one Gram matrix raises the process's resident memory.

    Imports, compiled code and a tiny Gram matrix come first; the high-water mark is
    then reset, so that only the measured call counts.
    """
    import numpy as np

    import fastntk
    from bench.data import spread_rows
    from bench.nets import build
    from fastntk import stax
    from fastntk._resources import peak_memory, reset_peak_memory

    x = spread_rows(arguments.n, arguments.d, arguments.dtype)
    if arguments.layout == "strided":
        wide = np.zeros((2 * arguments.n, arguments.d), x.dtype)
        wide[::2] = x
        x = wide[::2]
    net = build(stax, arguments.net, arguments.d)
    fastntk.gram(net, x[:64], get="ntk", threads=arguments.threads)
    before = reset_peak_memory()
    if before is None:
        raise OSError("this system keeps no high-water mark that can be reset")
    kernel = fastntk.gram(net, x, get="ntk", threads=arguments.threads)
    grown = (peak_memory() or before) - before
    inputs = x.size * x.itemsize
    return {"grown": grown, "output": kernel.nbytes, "inputs": inputs}


def main() -> None:
    """Run one probe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("first", "memory"))
    parser.add_argument("--net", default="relu-3")
    parser.add_argument("--n", type=int, default=500)
    parser.add_argument("--d", type=int, default=20)
    parser.add_argument("--dtype", default="float64")
    parser.add_argument("--layout", default="contiguous")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    probe = {"first": first, "memory": memory}[arguments.what]
    print(json.dumps(probe(arguments)))


if __name__ == "__main__":
    main()
