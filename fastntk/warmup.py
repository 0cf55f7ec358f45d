"""Compile everything ahead, once for each host: ``python -m fastntk.warmup``.

Ops are compiled by address; everything else by tiny Gram matrices through the public
functions, so that what is compiled is what a call would compile.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from fastntk._errors import FastntkError, InputError, NotSupportedError

__all__ = ["main", "warm_up"]

DTYPES = ("float32", "float64")
Step = tuple[str, Callable[[], Any]]


def warm_up(dtypes: Sequence[str] = DTYPES, report: Callable[[str], Any] = len) -> int:
    """Compile every CPU op and kernel into the cache folder.

    Parameters
    ----------
    dtypes : sequence of {"float32", "float64"}
        Compute dtypes; inputs of both kinds are covered for each.
    report : callable, optional
        Takes a line of text for every step that compiled something, and a last one.

    Returns
    -------
    int
        Compiled functions that were not in the cache folder before.

    Raises
    ------
    InputError
        If the cache folder cannot be written, or not all of it.
    NotSupportedError
        If ``NUMBA_DISABLE_JIT`` is set.
    """
    folder = _writable_folder()
    start = time.perf_counter()
    first = known = _compiled(folder)
    for dtype in dtypes:
        for label, run in (*_op_steps(dtype), *_gram_steps(dtype)):
            begun = time.perf_counter()
            run()
            now = _compiled(folder)
            if now - known:
                names = sorted({name.partition("-")[0] for name in now - known})
                seconds = time.perf_counter() - begun
                report(f"{seconds:6.2f} s  {dtype}  {label}: {', '.join(names)}")
            known = now
    _check_kept()
    n_new, seconds = len(known - first), time.perf_counter() - start
    what = f"{n_new} functions compiled" if n_new else "everything was cached already"
    report(f"{what}, in {seconds:.1f} s; the cache folder is {folder}")
    return n_new


def _writable_folder() -> Path:
    """Return the cache folder after writing to it."""
    from fastntk._jit import JIT_ENABLED, cache_folder, cache_problem

    folder = cache_folder()
    if not JIT_ENABLED:
        raise NotSupportedError("NUMBA_DISABLE_JIT is set: nothing compiles; unset it")
    if folder is None:
        found = f"there is no cache folder: {cache_problem()}"
        raise InputError(f"{found}; set NUMBA_CACHE_DIR to one that can be written")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        found = f"the cache folder {folder} cannot be written ({error.strerror})"
        raise InputError(f"{found}; set NUMBA_CACHE_DIR to another") from None


def _check_kept() -> None:
    """Refuse to end well if what was compiled is not in the folder."""
    from fastntk._jit import cache_problem

    problem = cache_problem()
    if problem is not None:
        found = f"not all kernels are kept: {problem}"
        raise InputError(f"{found}; set NUMBA_CACHE_DIR to another, and run it again")


def _compiled(folder: Path) -> frozenset[str]:
    """Return the names of the files with machine code: one per compiled signature."""
    return frozenset(path.name for path in folder.rglob("*.nbc"))


def _op_steps(dtype: str) -> Iterator[Step]:
    """Yield the ops, which programs call by address."""
    from fastntk.kernels.cpu.ops import OPS

    for name, op in OPS.items():
        yield f"op {name}", partial(op.address, np.dtype(dtype))


def _gram_steps(dtype: str) -> Iterator[Step]:
    """Yield calls that reach every kernel by every kind of argument."""
    from fastntk import stax
    from fastntk.calls import gram

    dense, free, large = stax.Dense(8, b_std=0.1), stax.Dense(8), stax.Dense(8, 1e3)
    jacot = stax.Dense(8, b_std=0.0, parameterization="standard")  # tangents at zero
    fork = (stax.FanOut(2), stax.parallel(stax.Relu(), stax.Sign()))
    join = (stax.parallel(dense, dense), stax.FanInSum())
    homogeneous = stax.serial(free, stax.Relu(), free)
    steep = stax.serial(large, stax.Erf(), dense)
    branches = stax.serial(dense, *fork, *join)
    call = partial(gram, dtype=dtype, threads=1)
    kinds = list(product(DTYPES, ("writable", "read-only")))
    x, _ = _rows(*kinds[0])
    for net in (homogeneous, steep, branches, stax.serial(jacot, stax.Relu(), dense)):
        for get in ("nngp", "ntk", ("nngp", "ntk")):
            yield f"{get} of {net}", partial(call, net, x, get=get)
    for left, right in product(kinds, kinds):
        pairs = zip(("dense", "sparse"), _rows(*left), _rows(*right), strict=True)
        for layout, x1, x2 in pairs:
            label = " ".join((layout, *left, "and", *right, "rows"))
            yield label, partial(call, steep, x1, x2)
    fortran: Any = np.empty((len(x), len(x)), dtype, "F")
    yield "Fortran order", partial(call, steep, x, out=fortran)
    yield "a larger matrix", partial(call, homogeneous, np.eye(256, 8) + 0.5)


def _rows(dtype: str, access: str) -> tuple[Any, Any]:
    """Return rows, some equal, opposite, nearly equal or zero; and the same as CSR."""
    import scipy.sparse

    x = np.random.default_rng(0).standard_normal((9, 3)).astype(dtype)
    x[1], x[2], x[3], x[4] = x[0], -x[0], x[0] + 1e-4, 0.0
    matrix = scipy.sparse.csr_matrix(x)
    for part in (x, matrix.data, matrix.indices, matrix.indptr):
        part.flags.writeable = access == "writable"
    return x, matrix


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser("python -m fastntk.warmup", description=__doc__)
    parser.add_argument("--dtype", nargs="+", choices=DTYPES, default=DTYPES)
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    options = parser.parse_args(arguments)
    report = len if options.quiet else partial(print, flush=True)
    try:
        warm_up(options.dtype, report)
    except FastntkError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
