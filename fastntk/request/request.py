"""What is asked for: the kernels of a network between rows, with options."""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np

from fastntk._errors import NotSupportedError
from fastntk._typing import GetArg
from fastntk._validation import check_get, feature_names, match_features, n_axes
from fastntk.program.one_run import is_one_run
from fastntk.program.ops import output_name, split_output
from fastntk.request.options import DEFAULTS, Options
from fastntk.request.outputs import check_outputs
from fastntk.request.placement import is_on_device, rows_on_host
from fastntk.request.results import pack
from fastntk.spec import Spec, as_spec, resolve_axes

__all__ = ["Request", "is_layerwise", "lies_on_device", "paired"]


@dataclasses.dataclass(frozen=True, eq=False)
class Request:
    """Kernels of one network between some rows; rows are as the caller gave them.

    Attributes
    ----------
    spec : Spec
        The network, with axes as they are counted here: those written otherwise are
        settled, now that the axes of the inputs are known.
    x1, x2 : array-like, CSR matrix or array on a GPU
        The rows of both sides; ``x2`` is None for a symmetric matrix.
    names : tuple of str
        Kernels asked for, in the order of the result; "ntk@name" is that at a tap.
    is_tuple : bool
        Whether the result is a named tuple, also of one kernel.
    options : Options
        How it is to run.
    outputs : tuple of str or None
        Places of the network whose kernels are asked for; None: the end alone.
    """

    spec: Spec
    x1: Any
    x2: Any
    names: tuple[str, ...]
    is_tuple: bool = True
    options: Options = DEFAULTS
    outputs: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Settle the axes that layers name, or say which one is another."""
        if self.spec.names_axes:
            spec = resolve_axes(self.spec, n_axes(self.x1))
            object.__setattr__(self, "spec", spec)

    @classmethod
    def of(
        cls,
        net: Any,
        x1: Any,
        x2: Any,
        get: GetArg,
        options: Options,
        outputs: Any = None,
    ) -> Self:
        """Return the request of a public call.

        Raises
        ------
        NetworkError
            If ``net`` is no network, or a layer names another axis than the inputs
            have.
        InputError
            If ``get`` names no kernels, ``outputs`` no places of the network, or the
            columns of two tables have other names.
        """
        spec = as_spec(net)
        names, is_tuple = check_get(get)
        x2 = paired(x1, x2)
        if outputs is None:
            return cls(spec, x1, x2, names, is_tuple, options)
        places = check_outputs(outputs, spec)
        every = tuple(output_name(name, place) for place in places for name in names)
        return cls(spec, x1, x2, every, is_tuple, options, places)

    @cached_property
    def is_on_device(self) -> bool:
        """Whether rows lie on a GPU."""
        return is_on_device(self.x1, self.x2)

    @property
    def is_layerwise(self) -> bool:
        """Whether it is evaluated on whole matrices, by its layers or its samples."""
        return is_layerwise(self.spec, self.x1)

    def replace(self, **changes: Any) -> Self:
        """Return the same request but for some of its attributes."""
        return dataclasses.replace(self, **changes)

    def with_options(self, **changes: Any) -> Self:
        """Return the same request but for some of its options."""
        return self.replace(options=self.options.replace(**changes))

    def refuse_tol(self, what: str) -> None:
        """Refuse a tolerance where there is no bound to compare it with."""
        if self.options.tol is not None:
            raise NotSupportedError(
                f"tol: {what} no bound on their error; expected tol=None"
            )

    @contextlib.contextmanager
    def on_host(self) -> Iterator[Self]:
        """Yield the request with rows in host memory; their GPU is current.

        A request whose rows are there already comes back as it is.
        """
        if not self.is_on_device:
            yield self
            return
        with rows_on_host(self.x1, self.x2, self.options.backend) as (x1, x2, backend):
            yield self.replace(
                x1=x1, x2=x2, options=self.options.replace(backend=backend)
            )

    @contextlib.contextmanager
    def beside(self, out: Any) -> Iterator[Self]:
        """Yield the request with rows in host memory if ``out`` is there.

        A result that goes to the host streams there by tiles.
        """
        if out is None or not self.is_on_device or lies_on_device(out):
            yield self
            return
        with self.on_host() as found:
            yield found

    def pack(self, values: Sequence[Any]) -> Any:
        """Return the result of a public call: an array, a named tuple, or a mapping."""
        if self.outputs is None:
            return pack(values, self.names, self.is_tuple)
        n = len(self.names) // len(self.outputs)
        kernels = tuple(split_output(name)[0] for name in self.names[:n])
        return {
            place: pack(values[k * n : (k + 1) * n], kernels, self.is_tuple)
            for k, place in enumerate(self.outputs)
        }


def paired(x1: Any, x2: Any) -> Any:
    """Return the second side; of two tables with its columns in the first one's order.

    Raises
    ------
    InputError
        If both sides are tables and their columns have other names.
    """
    if x2 is None or type(x1) is np.ndarray or type(x2) is np.ndarray:
        return x2
    return match_features(x2, feature_names(x1), "x2", "x1")


def is_layerwise(spec: Spec, x: Any) -> bool:
    """Return whether a network is evaluated layer by layer on such samples."""
    return not is_one_run(spec) or n_axes(x) == 3


def lies_on_device(out: Any) -> bool:
    """Return whether an output, or one of several, lies on a GPU."""
    return is_on_device(tuple(out) if isinstance(out, list) else out)
