"""Layers over positions in neural-tangents' vocabulary.

Positions are the axes of the inputs between the samples and the channels: the steps of
a sequence, the nodes of a graph.  ``K[p, p']`` and ``T[p, p']`` in the notes are the
NNGP and the NTK between position ``p`` of one sample and ``p'`` of the other.
"""

from collections.abc import Sequence
from typing import Any

from fastntk import spec
from fastntk._errors import NetworkError
from fastntk.spec._axes import as_axis
from fastntk.stax.network import Network

__all__ = [
    "DotGeneral",
    "Flatten",
    "GlobalAvgPool",
    "GlobalSumPool",
    "Index",
    "Slice",
]

_DimensionNumbers = Sequence[Sequence[Sequence[int]]]


class _Slice:
    """Returns what stands between its brackets: ``Slice[1, :, 2:8]``."""

    def __getitem__(self, idx: Any) -> Any:
        return idx

    def __repr__(self) -> str:
        return "Slice"


Slice = _Slice()
"""Writes the ``idx`` of `Index`: ``Slice[:, 0, ...]``."""


def Flatten(batch_axis: int = 0, batch_axis_out: int = 0) -> Network:
    """Return the layer that makes one feature axis of all positions and channels.

    Parameters
    ----------
    batch_axis, batch_axis_out : int, default=0
        Samples come first: 0, or the same axis counted from the end.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If an axis is another one.

    Notes
    -----
    ``K' = mean_p K[p, p]`` and ``T' = mean_p T[p, p]``: with rows of features alone,
    ``K`` and ``T`` as they are.  A `Dense` has to follow before an activation.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.serial(stax.Dense(512), stax.Relu(), stax.Flatten(), stax.Dense(1))
    serial(Dense(512), Relu(), Flatten(), Dense(1))
    """
    layer = spec.Flatten(batch_axis)
    if as_axis(batch_axis_out, "batch_axis_out", 0, "Flatten()") not in (0, -2):
        raise NetworkError(
            f"Flatten(): batch_axis_out is {batch_axis_out}; expected 0 or -2, the "
            "first axis of rows"
        )
    return Network(layer)


def GlobalAvgPool(batch_axis: int = 0, channel_axis: int = -1) -> Network:
    """Return the average over all positions.

    Parameters
    ----------
    batch_axis : int, default=0
        Samples come first: 0, or the same axis counted from the end.
    channel_axis : int, default=-1
        Channels come last: -1, or the same axis counted from the front, 2 for inputs
        of three axes.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If an axis is another one.

    Notes
    -----
    ``K' = mean_pp' K[p, p']`` and ``T' = mean_pp' T[p, p']``.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.serial(stax.Dense(512), stax.Relu(), stax.GlobalAvgPool(), stax.Dense(1))
    serial(Dense(512), Relu(), GlobalAvgPool(), Dense(1))
    """
    return Network(spec.GlobalAvgPool(batch_axis, channel_axis))


def GlobalSumPool(batch_axis: int = 0, channel_axis: int = -1) -> Network:
    """Return the sum over all positions.

    Parameters
    ----------
    batch_axis : int, default=0
        Samples come first: 0, or the same axis counted from the end.
    channel_axis : int, default=-1
        Channels come last: -1, or the same axis counted from the front, 2 for inputs
        of three axes.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If an axis is another one.

    Notes
    -----
    ``K' = sum_pp' K[p, p']`` and ``T' = sum_pp' T[p, p']``.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.serial(stax.Dense(512), stax.Relu(), stax.GlobalSumPool(), stax.Dense(1))
    serial(Dense(512), Relu(), GlobalSumPool(), Dense(1))
    """
    return Network(spec.GlobalSumPool(batch_axis, channel_axis))


def Index(idx: Any, batch_axis: int = 0, channel_axis: int = -1) -> Network:
    """Return the layer ``x[idx]``.

    Parameters
    ----------
    idx : int, slice, Ellipsis, or a tuple of these
        What stands between the brackets; `Slice` writes it.  Samples and channels can
        only be taken whole.
    batch_axis : int, default=0
        Samples come first: 0, or the same axis counted from the end.
    channel_axis : int, default=-1
        Channels come last: -1, or the same axis counted from the front, 2 for inputs
        of three axes.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If ``idx`` has anything else, or an axis is another one.

    Notes
    -----
    ``K' = K[idx, idx]`` and ``T' = T[idx, idx]`` over the positions.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.Index(stax.Slice[:, ::2])
    Index(Slice[:, ::2])
    """
    return Network(spec.Index(idx, batch_axis, channel_axis))


def DotGeneral(
    *,
    lhs: Any = None,
    rhs: Any = None,
    dimension_numbers: _DimensionNumbers = (((), ()), ((), ())),
    precision: Any = None,
    batch_axis: int = 0,
    channel_axis: int = -1,
) -> Network:
    """Return the product of the inputs with a constant number or array.

    Parameters
    ----------
    lhs, rhs : float or array-like, default=None
        The constant, left or right of the inputs; at most one of them.  Without any
        the layer is the identity.
    dimension_numbers : tuple, default=(((), ()), ((), ()))
        ``((contracted axes of left, of right), (batch axes of left, of right))``, as in
        ``jax.lax.dot_general``; the channels can't be among them.
    precision : object, default=None
        Accepted for neural-tangents' sake and ignored: products are float64.
    batch_axis : int, default=0
        Samples come first: 0, or the same axis counted from the end.
    channel_axis : int, default=-1
        Channels come last: -1, or the same axis counted from the front, 2 for inputs
        of three axes.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If both constants are given, or a parameter is not as described.

    Notes
    -----
    A number ``a`` gives ``K' = a**2 K`` and ``T' = a**2 T``.  An array ``A`` contracted
    over positions gives ``K' = A K A^T`` and ``T' = A T A^T``; it needs inputs that
    have positions.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.DotGeneral(rhs=2)
    DotGeneral(rhs=2.0)
    >>> stax.DotGeneral(rhs=[1, -1], dimension_numbers=(((1,), (0,)), ((), ())))
    DotGeneral(rhs=(1.0, -1.0), dimension_numbers=(((1,), (0,)), ((), ())))
    """
    # sequences, as in neural-tangents; the spec makes tuples of them
    dims: Any = dimension_numbers
    return Network(spec.DotGeneral(lhs, rhs, dims, batch_axis, channel_axis))
