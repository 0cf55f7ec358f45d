"""Rows on the host, evaluated by tiles."""

from collections.abc import Iterator
from typing import Any

from fastntk._typing import AnyArray
from fastntk._validation import check_out
from fastntk.request.options import Options
from fastntk.request.protocol import GivenKernel
from fastntk.request.request import Request
from fastntk.spec import Spec
from fastntk.tiling.dense import run_dense
from fastntk.tiling.given import continue_kernel
from fastntk.tiling.setup import prepare
from fastntk.tiling.stream import AHEAD, stream
from fastntk.tiling.tolerance import meet_tolerance

__all__ = ["HostRows"]


class HostRows:
    """Evaluates networks that are one program; an `Evaluator` and an `Engine`."""

    def gram(self, request: Request, out: Any = None) -> tuple[AnyArray, ...]:
        """Return the whole matrices, written into ``out`` if that is given."""
        if request.outputs is not None:
            request.refuse_tol("kernels at taps have")
        setup = prepare(request)
        outs = check_out(out, setup.shape, setup.dtype, setup.get, (setup.x1, setup.x2))
        meet_tolerance(setup, request.spec)
        return run_dense(setup, outs)

    def diagonal(self, request: Request) -> list[AnyArray]:
        """Return the kernels of every row with itself, by the variance pass alone."""
        if request.options.backend == "auto":  # it is O(n)
            request = request.with_options(backend="cpu")
        setup = prepare(request)
        setup.prepare_rows()
        return [setup.rows1.diagonal(name).astype(setup.dtype) for name in setup.get]

    def tiles(self, request: Request) -> Iterator[tuple[slice, slice, Any]]:
        """Return the matrix block by block, some of them computed ahead."""
        setup = prepare(request)
        plan = setup.plan(copies=AHEAD)
        setup.prepare_rows()
        return stream(setup, plan, request.pack)

    def from_rows(self, request: Request) -> GivenKernel:
        """Return the kernels of rows after the layers, with variances."""
        setup = prepare(request)
        nngp, *ntk = run_dense(setup)
        cov1 = setup.rows1.diagonal("nngp").astype(setup.dtype)
        cov2 = None
        if setup.x2 is not None:
            cov2 = setup.rows2.diagonal("nngp").astype(setup.dtype)
        program = setup.program
        return GivenKernel(
            nngp,
            ntk[0] if ntk else None,
            cov1,
            cov2,
            program.is_gaussian,
            program.width,
        )

    def from_kernel(
        self, spec: Spec, start: GivenKernel, names: tuple[str, ...], options: Options
    ) -> GivenKernel:
        """Return what the layers make of a kernel that is given as numbers."""
        return continue_kernel(spec, start, names, threads=options.n_threads)
