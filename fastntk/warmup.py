"""Compile everything ahead: ``python -m fastntk.warmup``.

Compiled functions live in a cache folder, so this is needed once for each host (and
each version of fastntk), before many processes start at the same time. Ops are compiled
by address; everything else by tiny Gram matrices through the public functions, so that
what is compiled is what a call would compile.
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


def warm_up(
    dtypes: Sequence[str] = DTYPES, report: Callable[[str], Any] = lambda line: None
) -> int:
    """Compile every CPU op and kernel into the cache folder.

    Parameters
    ----------
    dtypes : sequence of {"float32", "float64"}
        Compute dtypes; inputs of both kinds are covered for each.
    report : callable, optional
        Called with a line of text for every step that compiled something, and at the
        end.

    Returns
    -------
    int
        Compiled functions that were not in the cache folder before.

    Raises
    ------
    InputError
        If the cache folder cannot be written.
    NotSupportedError
        If ``NUMBA_DISABLE_JIT`` is set: nothing is compiled then.
    """
    from fastntk._jit import JIT_ENABLED, cache_folder

    folder = cache_folder()
    if not JIT_ENABLED:
        raise NotSupportedError(
            "NUMBA_DISABLE_JIT is set, so nothing is compiled; unset it"
        )
    _check_writable(folder)
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
    n_new, seconds = len(known - first), time.perf_counter() - start
    if n_new:
        report(f"{n_new} functions compiled in {seconds:.1f} s, cached in {folder}")
    else:
        report(f"everything was cached already, in {folder} ({seconds:.1f} s)")
    return n_new


def _check_writable(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(
            f"the cache folder {folder} cannot be written ({error.strerror}); set "
            "NUMBA_CACHE_DIR to a folder that can"
        ) from None


def _compiled(folder: Path) -> frozenset[str]:
    """Return the names of the files with machine code: one per compiled signature."""
    return frozenset(path.name for path in folder.rglob("*.nbc"))


def _op_steps(dtype: str) -> Iterator[Step]:
    """Yield the ops, which programs call by address."""
    from fastntk.kernels.cpu_ops import OPS

    for name, op in OPS.items():
        yield f"op {name}", partial(op.address, np.dtype(dtype))


def _gram_steps(dtype: str) -> Iterator[Step]:
    """Yield calls that reach every kernel by every kind of argument."""
    from fastntk import diagonal, gram, tiles

    nets = _networks()
    call = partial(gram, dtype=dtype, threads=1)
    sides = [_rows(kind, locked) for kind, locked in product(DTYPES, (False, True))]
    for name, net in nets.items():
        for get in ("nngp", "ntk", ("nngp", "ntk")):
            yield f"{name}, {get}", partial(call, net, sides[0], get=get)
    steep = nets["erf"]
    for left, right in product(sides, sides):
        label = f"{_kind(left)} and {_kind(right)} rows"
        yield label, partial(call, steep, left, right)
        yield f"sparse {label}", partial(call, steep, _sparse(left), _sparse(right))
    for order in ("C", "F"):
        out: Any = np.empty((len(sides[0]), len(sides[0])), dtype, order)
        yield f"out= in {order} order", partial(call, steep, sides[0], out=out)
    yield "tiles", lambda: list(tiles(steep, sides[0], dtype=dtype, threads=1))
    yield "diagonal", partial(diagonal, steep, sides[0], dtype=dtype)


def _networks() -> dict[str, Any]:
    """Return networks with every op between them; erf meets a large variance."""
    from fastntk import stax

    dense = stax.Dense(8, b_std=0.1)
    standard = stax.Dense(8, b_std=0.0, parameterization="standard")
    branches = (stax.FanOut(2), stax.parallel(stax.Relu(), stax.Sign()))
    heads = (stax.parallel(dense, dense), stax.FanInSum())
    return {
        "relu": stax.serial(dense, stax.Relu(), dense),
        "relu without bias": stax.serial(stax.Dense(8), stax.Relu(), stax.Dense(1)),
        "erf": stax.serial(stax.Dense(8, W_std=1e3), stax.Erf(), dense),
        "branches": stax.serial(dense, *branches, *heads),
        "standard": stax.serial(standard, stax.Relu(), stax.Dense(1)),
    }


def _rows(dtype: str, is_locked: bool) -> Any:
    """Return rows of which some are equal, opposite, nearly equal or zero."""
    rows = np.random.default_rng(0).standard_normal((9, 3)).astype(dtype)
    rows[1], rows[2], rows[3], rows[4] = rows[0], -rows[0], 1.001 * rows[0], 0.0
    rows[3, 0] *= 1 + 1e-4
    rows.flags.writeable = not is_locked
    return rows


def _kind(rows: Any) -> str:
    return f"{rows.dtype}{'' if rows.flags.writeable else ' read-only'}"


def _sparse(rows: Any) -> Any:
    """Return rows as a CSR matrix, read-only if they are."""
    import scipy.sparse

    matrix = scipy.sparse.csr_matrix(rows)
    for part in (matrix.data, matrix.indices, matrix.indptr):
        part.flags.writeable = rows.flags.writeable
    return matrix


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m fastntk.warmup",
        description="Compile everything into the cache folder, once for each host.",
    )
    parser.add_argument("--dtype", nargs="+", choices=DTYPES, default=DTYPES)
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    options = parser.parse_args(arguments)

    def report(line: str) -> None:
        if not options.quiet:
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()

    try:
        warm_up(options.dtype, report)
    except FastntkError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
