"""What evaluates requests: the interfaces, and the numbers that pass between them.

Nothing is imported from what evaluates; `fastntk.calls.choose` knows all of these.
"""

import dataclasses
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from fastntk._typing import AnyArray, FloatArray
from fastntk.request.options import Options
from fastntk.request.request import Request
from fastntk.spec import Spec

__all__ = ["Engine", "Evaluator", "GivenKernel"]


class Evaluator(Protocol):
    """Computes what a request asks for: one array for each kernel."""

    def gram(self, request: Request, out: Any = None) -> Sequence[Any]:
        """Return the whole matrices, written into ``out`` if that is given."""
        ...

    def diagonal(self, request: Request) -> Sequence[Any]:
        """Return the kernels of every row with itself."""
        ...

    def tiles(self, request: Request) -> Iterator[tuple[slice, slice, Any]]:
        """Return the matrix block by block; what is wrong is said at the call."""
        ...


@dataclasses.dataclass(frozen=True)
class GivenKernel:
    """Kernels of two sets of rows at some depth of a network.

    Attributes
    ----------
    nngp : ndarray of shape (n1, n2)
        Covariances.
    ntk : ndarray of shape (n1, n2) or None
        Tangent kernel; None if it is not wanted.
    cov1, cov2 : ndarray of shape (n1,), (n2,)
        Variances of both sides; ``cov2`` is None for a symmetric kernel.
    is_gaussian : bool
        Whether the features are independent Gaussian processes in the limit.
    width : float or None
        Number of features.
    """

    nngp: AnyArray
    ntk: AnyArray | None
    cov1: FloatArray
    cov2: FloatArray | None
    is_gaussian: bool = False
    width: float | None = None


class Engine(Protocol):
    """Runs a stretch of layers that lowers to one program."""

    def from_rows(self, request: Request) -> GivenKernel:
        """Return the kernels of rows after the layers, with variances."""
        ...

    def from_kernel(
        self, spec: Spec, start: GivenKernel, names: tuple[str, ...], options: Options
    ) -> GivenKernel:
        """Return what the layers make of a kernel that is given as numbers."""
        ...
