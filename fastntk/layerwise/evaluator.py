"""Networks that are not one program, and samples with positions, layer by layer."""

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

import numpy as np

from fastntk._errors import NotSupportedError
from fastntk._kernel import Kernel
from fastntk._typing import AnyArray
from fastntk._validation import as_samples, check_out
from fastntk.backends import get_backend
from fastntk.layerwise.evaluate import evaluate
from fastntk.program.ops import split_output
from fastntk.request.progress import make_progress
from fastntk.request.protocol import Engine
from fastntk.request.request import Request
from fastntk.spec import END

__all__ = ["Layerwise", "refuse_layerwise"]

DIAGONAL_SAMPLES = 64  # computed together where only the diagonal is wanted


class Layerwise:
    """Evaluates any network on whole matrices; an `Evaluator`.

    Parameters
    ----------
    engine : Engine
        Runs the stretches of layers that are one program.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def kernel(
        self, request: Request, keywords: Mapping[str, Any] | None = None
    ) -> Kernel:
        """Return the kernel with variances and shapes, of rows or of a Kernel."""
        return self._kernels(request, keywords)[END]

    def _kernels(
        self, request: Request, keywords: Mapping[str, Any] | None = None
    ) -> dict[str, Kernel]:
        """Return the kernels by place."""
        return evaluate(request, self.engine, keywords)

    def gram(self, request: Request, out: Any = None) -> list[AnyArray]:
        """Return the whole matrices, written into ``out`` if that is given."""
        request.refuse_tol(
            "networks with layers made by a user, and inputs with positions, have"
        )
        first = as_samples(request.x1, "x1")
        second = None if request.x2 is None else as_samples(request.x2, "x2")
        carried = request.replace(x1=first, x2=second, names=_carried(request.names))
        other = first if second is None else second
        outs = None if out is None else self._outs(request, carried, out)
        n_entries = first.shape[0] * other.shape[0]
        with make_progress(request.options.progress, n_entries) as bar:
            arrays = _arrays(self._kernels(carried), request.names)
            bar.add(bar.total)
        if outs is None:
            return arrays
        for target, array in zip(outs, arrays, strict=True):
            target[...] = array
        return list(outs)

    def _outs(self, request: Request, carried: Request, out: Any) -> Any:
        """Return outputs, checked: a sample of each side tells the shape."""
        if request.outputs is not None:
            raise NotSupportedError(
                "out: found arrays beside outputs=; expected None: whole matrices of "
                "several places are returned as new arrays"
            )
        first, second = carried.x1, carried.x2
        few = None if second is None else second[:1]
        probe = carried.replace(x1=first[:1], x2=few).with_options(max_memory=None)
        other = first if second is None else second
        shape = (first.shape[0], other.shape[0], *self.kernel(probe).nngp.shape[2:])
        kind = request.options.dtype_of(first, second)
        return check_out(out, shape, kind, request.names, (first, second))

    def diagonal(self, request: Request) -> list[AnyArray]:
        """Return the kernels of every sample with itself, some samples at a time."""
        asked = request.options.backend
        get_backend("cpu" if asked == "auto" else asked)  # says if there is none
        samples = as_samples(request.x1, "x")
        carried = request.replace(names=_carried(request.names))
        carried = carried.with_options(backend="auto")
        parts: list[list[AnyArray]] = [[] for _ in request.names]
        for start in range(0, samples.shape[0], DIAGONAL_SAMPLES):
            some = samples[start : start + DIAGONAL_SAMPLES]
            kernels = self._kernels(carried.replace(x1=some))
            index = np.arange(some.shape[0])
            for found, array in zip(
                parts, _arrays(kernels, request.names), strict=True
            ):
                found.append(array[index, index])
        return [np.concatenate(part) for part in parts]

    def tiles(self, request: Request) -> Iterator[tuple[slice, slice, Any]]:
        """Refuse: there are no tiles of such a network."""
        refuse_layerwise("tiles")


def refuse_layerwise(name: str) -> NoReturn:
    """Raise an error where only the engine itself can do what is asked."""
    raise NotSupportedError(
        f"{name}: found a layer made by a user, or inputs with positions; such a "
        "network is evaluated on whole matrices. Use fastntk.gram or kernel_fn, on "
        "fewer samples at a time if memory is short"
    )


def _carried(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the kernels that have to be carried through the layers."""
    has_tangent = any(split_output(name)[0] == "ntk" for name in names)
    return ("nngp", "ntk") if has_tangent else ("nngp",)


def _arrays(kernels: Mapping[str, Kernel], names: tuple[str, ...]) -> list[AnyArray]:
    """Return the arrays of outputs such as "ntk" and "nngp@tap"."""
    outputs = [split_output(name) for name in names]
    return [getattr(kernels[place], kernel) for kernel, place in outputs]
