"""What is measured, each in a process of its own: ``python -m bench.solvers.tasks NAME
[ARGUMENT ...]`` prints one JSON object.

Everything is compiled before the clock starts, on 2,000 rows of the same kind.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import fastntk
from bench.solvers import problems
from fastntk.solvers import SolveResult

GIB = 2**30


def _report(result: SolveResult, seconds: float, **more: Any) -> dict[str, Any]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "wall": seconds,
        "peak_GiB": peak / GIB,
        "residual": result.largest_residual,
        **result.facts(),
        **more,
    }


def _warm(kind: str, method: str, **options: Any) -> None:
    x = _rows(kind, 2000)
    y = problems.targets(x)
    ridge = problems.ridge_of(x)
    fastntk.solve(
        problems.network(), x, y, ridge=ridge, method=method, rtol=1e-3, **options
    )


def _rows(kind: str, n: int) -> Any:
    return problems.gaussian(n) if kind == "gaussian" else problems.clustered(n)


def _watch(step: Any) -> None:
    worst = float(step.residuals.max())
    text = f"{step.iteration} {worst:.2e} {step.seconds:.0f} s\n"
    sys.stderr.write(text)


def solve(method: str, kind: str, n: str, n_outputs: str = "1") -> dict[str, Any]:
    """Solve with a ridge of 1e-3 of the mean diagonal to 1e-6; true residuals."""
    options: dict[str, Any] = {"callback": _watch}
    if method == "cg":
        options |= {"precision": "mixed", "max_memory": "3800MiB"}
    _warm(kind, method, **options)
    x = _rows(kind, int(n))
    y = problems.targets(x, int(n_outputs))
    ridge = problems.ridge_of(x)
    start = time.perf_counter()
    result = fastntk.solve(
        problems.network(), x, y, ridge=ridge, method=method, strict=False, **options
    )
    return _report(result, time.perf_counter() - start)


def product(n: str, columns: str = "16", dtype: str = "float32") -> dict[str, Any]:
    """Time a product with the operator, and the same tiles without it."""
    x, net = problems.gaussian(int(n)), problems.network()
    operator = fastntk.operator(net, x, dtype=dtype, cache=0)
    v = np.random.default_rng(2).standard_normal((int(n), int(columns)))
    fastntk.operator(net, x[:2000], dtype=dtype, cache=0).matmat(v[:2000])
    start = time.perf_counter()
    operator.matmat(v)
    with_columns = time.perf_counter() - start
    return {"wall": with_columns, "bare": _bare_tiles(operator)}


def _bare_tiles(operator: Any) -> float:
    """Return the seconds that the tiles take when nothing is done with them."""
    from fastntk.request.progress import make_progress
    from fastntk.tiling.driver import walk

    class Nothing:
        def begin(self, plan: Any) -> None: ...
        def tile(self, tile: Any, blocks: Any) -> None: ...
        def mirror(self, tile: Any, blocks: Any) -> None: ...
        def commit(self) -> None: ...
        def abort(self) -> None: ...

    setup = operator._setup
    plan = setup.plan()
    start = time.perf_counter()
    walk(
        plan,
        lambda: setup.new_worker(plan),
        Nothing(),
        threads=setup.threads,
        progress=make_progress(False, 1),
    )
    return time.perf_counter() - start


def preconditioner(kind: str) -> dict[str, Any]:
    """Solve with and without a preconditioner, one right-hand side, float64."""
    x, y, relative = _cases()[kind]
    net, ridge = problems.network(), problems.ridge_of(x, relative)
    options: dict[str, Any] = {
        "ridge": ridge,
        "method": "cg",
        "precision": "float64",
        "strict": False,
        "max_iter": 20_000,
    }
    _warm("gaussian", "cg", precision="float64")
    found = {}
    for name, rank in (("rpcholesky", len(x) // 20), ("none", 0)):
        start = time.perf_counter()
        result = fastntk.solve(net, x, y, preconditioner=name, rank=rank, **options)
        found[name] = _report(result, time.perf_counter() - start, n=len(x))
    return found


def _cases() -> dict[str, tuple[Any, Any, float]]:
    x, y = problems.digits()
    cluster = problems.clustered(4000)
    smooth = problems.clustered(4000, d=2, n_clusters=10)
    return {
        "digits": (x, y[:, :1], 1e-4),
        "clustered": (cluster, problems.targets(cluster), 1e-4),
        "near-singular": (smooth, problems.targets(smooth), 1e-7),
    }


def ridgeless(method: str) -> dict[str, Any]:
    """Solve 5,000 rows, 500 of which repeat others, without a ridge."""
    x = problems.gaussian(4500)
    x = np.vstack([x, x[:500]])
    y = problems.targets(x[:4500])
    y = np.vstack([y, y[:500]])
    net = problems.network()
    _warm("gaussian", "cholesky")
    start = time.perf_counter()
    result = fastntk.solve(net, x, y, method=method, rtol=1e-8, strict=False)
    seconds = time.perf_counter() - start
    image = fastntk.gram(net, x) @ result.x
    true = float(np.linalg.norm(y - image) / np.linalg.norm(y))
    return _report(result, seconds, checked_residual=true)


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    "solve": solve,
    "product": product,
    "preconditioner": preconditioner,
    "ridgeless": ridgeless,
}

if __name__ == "__main__":
    print(json.dumps(TASKS[sys.argv[1]](*sys.argv[2:])))
