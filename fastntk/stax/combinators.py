"""Combinators and branches in neural-tangents' vocabulary."""

from collections.abc import Callable
from typing import Any, TypeAlias

from fastntk import spec
from fastntk.stax.network import Network

__all__ = ["FanInSum", "FanOut", "Layer", "parallel", "repeat", "serial"]

Layer: TypeAlias = Network | spec.Spec | tuple[Callable[..., Any], ...]
"""What the combinators accept: a network, its spec, or its triple."""


def serial(*layers: Layer) -> Network:
    """Return layers one after the other.

    Parameters
    ----------
    *layers : Network
        At least one, from input to output.

    Returns
    -------
    Network
        Nested ``serial`` calls are kept as they are written: two networks are
        equal if they were put together in the same way.

    Raises
    ------
    NetworkError
        If there is no layer, or an argument is no layer.

    Notes
    -----
    The kernel map is the composition of the layers' kernel maps.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.serial(stax.Dense(512), stax.Relu(), stax.Dense(1))
    serial(Dense(512), Relu(), Dense(1))
    """
    return Network(spec.Serial(tuple(map(_as_spec, layers))))


def parallel(*layers: Layer) -> Network:
    """Return layers side by side, each on a branch of its own.

    Parameters
    ----------
    *layers : Network
        One for each branch that `FanOut` made; at least one.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If there is no layer, or an argument is no layer.

    Notes
    -----
    ``K_i' = F_i(K_i)`` and ``T_i' = G_i(K_i, T_i)`` on every branch ``i``, where
    ``F_i, G_i`` are the kernel maps of the i-th layer.  Branches have independent
    parameters.

    Examples
    --------
    A residual block:

    >>> from fastntk import stax
    >>> branch = stax.serial(stax.Relu(), stax.Dense(512))
    >>> stax.serial(
    ...     stax.FanOut(2), stax.parallel(branch, stax.Identity()), stax.FanInSum()
    ... )
    serial(FanOut(2), parallel(serial(Relu(), Dense(512)), Identity()), FanInSum())
    """
    return Network(spec.Parallel(tuple(map(_as_spec, layers))))


def repeat(layer: Layer, n: int) -> Network:
    """Return a layer ``n`` times in a row, with parameters of its own each time.

    Parameters
    ----------
    layer : Network
        The layer.
    n : int
        Number of copies, >= 1.

    Returns
    -------
    Network
        The same as ``serial(layer, layer, ...)``.

    Raises
    ------
    NetworkError
        If ``n`` is not an integer >= 1, or ``layer`` is no layer.

    Notes
    -----
    The kernel map is the n-th iterate of the layer's.

    Examples
    --------
    >>> from fastntk import stax
    >>> hidden = stax.serial(stax.Dense(512), stax.Relu())
    >>> stax.serial(stax.repeat(hidden, 2), stax.Dense(1))
    serial(serial(serial(Dense(512), Relu()), serial(Dense(512), Relu())), Dense(1))
    """
    return Network(spec.repeat(_as_spec(layer), n))


def FanOut(num: int) -> Network:
    """Return the layer that hands its input to ``num`` branches.

    Parameters
    ----------
    num : int
        Number of branches, >= 1.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If ``num`` is not an integer >= 1.

    Notes
    -----
    ``K_i' = K`` and ``T_i' = T`` for every branch ``i``.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.FanOut(2)
    FanOut(2)
    """
    return Network(spec.FanOut(num))


def FanInSum() -> Network:
    """Return the layer that adds the branches before it.

    Returns
    -------
    Network

    Notes
    -----
    ``K' = sum_i K_i`` and ``T' = sum_i T_i``.  This holds for branches whose
    outputs are Gaussian with mean zero, so several branches must each end in a
    linear layer (`Dense`, or `Identity` after one); else a kernel of the network
    raises `NetworkError`.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.FanInSum()
    FanInSum()
    """
    return Network(spec.FanInSum())


def _as_spec(layer: Layer) -> spec.Spec:
    """Return the spec of a layer given as a network, a spec or a triple.

    Anything else comes back unchanged: the spec that is to hold it refuses it,
    with a message that gives its place.
    """
    found: Any = layer
    if isinstance(found, tuple) and len(found) == 3:
        owner = getattr(found[-1], "__self__", None)
        if isinstance(owner, Network) and tuple(owner) == found:
            found = owner
    result: spec.Spec = found.spec if isinstance(found, Network) else found
    return result
