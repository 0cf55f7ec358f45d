"""Graph layers in neural-tangents' vocabulary.

The nodes of a graph are the positions of `fastntk.stax.spatial`, ``K[p, p']`` and
``T[p, p']`` the kernels between node ``p`` of one sample and ``p'`` of the other.
"""

import enum
from collections.abc import Callable, Sequence
from typing import Any

from fastntk import spec
from fastntk._errors import NetworkError
from fastntk.stax.network import Network

__all__ = ["Aggregate", "AggregateImplementation"]


class AggregateImplementation(enum.Enum):
    """The two forms of ``pattern``: for ``implementation`` of `Aggregate`.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.Aggregate(implementation=stax.AggregateImplementation.SPARSE)
    Aggregate(implementation='SPARSE')
    """

    DENSE = "DENSE"
    SPARSE = "SPARSE"


def _unchanged(pattern: Any) -> Any:
    """Return the adjacency matrices as they are: the default ``to_dense``."""
    return pattern


def Aggregate(
    aggregate_axis: int | Sequence[int] | None = None,
    batch_axis: int = 0,
    channel_axis: int = -1,
    to_dense: Callable[[Any], Any] | None = _unchanged,
    implementation: str | AggregateImplementation = "DENSE",
) -> Network:
    """Return the sum over neighbours in a graph, the layer of graph networks.

    Parameters
    ----------
    aggregate_axis : int, tuple of int or None, default=None
        The axes that hold the nodes; None for all positions.
    batch_axis : int, default=0
        Samples come first: 0, or the same axis counted from the end.
    channel_axis : int, default=-1
        Channels come last: -1, or the same axis counted from the front, 2.
    to_dense : callable or None, optional
        Only the identity: layers hold no functions, so ``pattern`` has to be dense
        when it is given (ignored with ``implementation="SPARSE"``).
    implementation : {"DENSE", "SPARSE"} or AggregateImplementation, default="DENSE"
        The form of ``pattern``, which is given with the data, ``kernel_fn(x1, x2,
        pattern=(A1, A2))``: adjacency matrices, or lists of pairs of nodes.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If a parameter is not as described.

    Notes
    -----
    ``K' = A1^T K A2`` and ``T' = A1^T T A2`` over the nodes, for adjacency matrices
    ``A[i, j]`` of edges from ``i`` to ``j`` [1]_.

    References
    ----------
    .. [1] S. S. Du, K. Hou, B. Poczos, R. Salakhutdinov, R. Wang and K. Xu, "Graph
       neural tangent kernel: fusing graph neural networks with graph kernels",
       NeurIPS 2019, arXiv:1905.13192.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.serial(stax.Aggregate(), stax.Dense(512), stax.Relu())
    serial(Aggregate(), Dense(512), Relu())
    """
    if isinstance(implementation, AggregateImplementation):
        implementation = implementation.value
    axis: Any = aggregate_axis  # an int or a sequence; the spec makes a tuple of it
    layer = spec.Aggregate(axis, implementation, batch_axis, channel_axis)
    if layer.implementation == "DENSE" and not _is_identity(to_dense):
        raise NetworkError(
            "Aggregate: to_dense is a function that changes the pattern; expected the "
            "identity, since a layer holds no functions. Apply it to the pattern first"
        )
    return Network(layer)


def _is_identity(function: Callable[[Any], Any] | None) -> bool:
    """Say whether a function returns its argument itself, whatever that is."""
    if function is None:
        return True
    probe = object()
    try:
        return function(probe) is probe
    except Exception:  # of any kind: it looked into the argument
        return False
