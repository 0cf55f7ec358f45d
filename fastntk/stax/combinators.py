"""Combinators and branches in neural-tangents' vocabulary."""

import sys
from collections.abc import Callable
from typing import Any, TypeAlias

from fastntk import spec
from fastntk.stax.network import Network

__all__ = [
    "FanInConcat",
    "FanInProd",
    "FanInSum",
    "FanOut",
    "Layer",
    "parallel",
    "repeat",
    "serial",
]

Layer: TypeAlias = Network | spec.Spec | tuple[Callable[..., Any], ...]
"""What the combinators accept: a network, its spec, or a triple of functions."""

_HOMES = ("fastntk.stax.", "fastntk._kernel")  # modules of what `fastntk.stax` offers


def serial(*layers: Layer) -> Network:
    """Return layers one after the other.

    Parameters
    ----------
    *layers : Network or tuple
        At least one, from input to output.  A tuple ``(init_fn, apply_fn, kernel_fn)``
        is the triple of a network, or a layer of your own.

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
    The kernel map is the composition of the layers' kernel maps.  That of a layer of
    your own is the third function of its triple, called with the kernel of the layers
    before it; such a network makes no JSON.

    Examples
    --------
    >>> from fastntk import stax
    >>> stax.serial(stax.Dense(512), stax.Relu(), stax.Dense(1))
    serial(Dense(512), Relu(), Dense(1))

    A layer of your own, which doubles its inputs:

    >>> def double(kernel, **kwargs):
    ...     return kernel.replace(
    ...         nngp=4 * kernel.nngp,
    ...         ntk=None if kernel.ntk is None else 4 * kernel.ntk,
    ...         cov1=4 * kernel.cov1,
    ...         cov2=None if kernel.cov2 is None else 4 * kernel.cov2,
    ...     )
    >>> def init_fn(rng, input_shape):
    ...     return input_shape, ()
    >>> def apply_fn(params, inputs, **kwargs):
    ...     return 2 * inputs
    >>> stax.serial(stax.Dense(512), (init_fn, apply_fn, double))
    serial(Dense(512), Custom(double))
    """
    return Network(spec.Serial(tuple(map(_as_spec, layers))))


def parallel(*layers: Layer) -> Network:
    """Return layers side by side, each on a branch of its own.

    Parameters
    ----------
    *layers : Network or tuple
        One for each branch that `FanOut` made; at least one.  Tuples as in `serial`.

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
    layer : Network or tuple
        The layer; a tuple as in `serial`.
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


def FanInProd() -> Network:
    """Return the layer that multiplies the branches before it, feature by feature.

    Returns
    -------
    Network

    Notes
    -----
    ``K' = prod_i K_i`` and ``T' = sum_i T_i prod_(j != i) K_j``.  This holds for
    independent branches: each should have a `Dense` of its own, which is not checked.
    The branches have equal widths, else a kernel of the network raises
    `NetworkError`.  The outputs are not Gaussian: a `Dense` has to follow before an
    activation.

    Examples
    --------
    >>> from fastntk import stax
    >>> gate = stax.serial(stax.Dense(512), stax.Sigmoid_like())
    >>> net = stax.serial(
    ...     stax.FanOut(2), stax.parallel(stax.Dense(512), gate), stax.FanInProd()
    ... )
    """
    return Network(spec.FanInProd())


def FanInConcat(axis: int = -1) -> Network:
    """Return the layer that puts the features of the branches before it side by side.

    Parameters
    ----------
    axis : int, default=-1
        The features: -1, or the same axis counted from the front, 1 for rows.

    Returns
    -------
    Network

    Raises
    ------
    NetworkError
        If ``axis`` is another one.

    Notes
    -----
    ``K' = sum_i n_i K_i / sum_i n_i`` and the same for ``T'``, with the widths ``n_i``
    of the branches; a kernel of the network raises `NetworkError` if it does not know
    them.  The outputs are not Gaussian: a `Dense` has to follow before an activation.

    Examples
    --------
    >>> from fastntk import stax
    >>> net = stax.serial(
    ...     stax.FanOut(2),
    ...     stax.parallel(stax.Dense(512), stax.Dense(256)),
    ...     stax.FanInConcat(),
    ... )
    """
    return Network(spec.FanInConcat(axis))


def _as_spec(layer: Layer) -> spec.Spec:
    """Return the spec of a layer given as a network, a spec or a triple.

    Anything else comes back unchanged: the spec that is to hold it refuses it,
    with a message that gives its place.
    """
    found: Any = layer
    if (
        isinstance(found, tuple | list)
        and len(found) == 3
        and all(map(callable, found))
    ):
        owner = getattr(found[-1], "__self__", None)
        if isinstance(owner, Network) and tuple(owner) == tuple(found):
            found = owner
        elif not any(map(_makes_networks, found)):
            found = spec.Custom(found[-1])
    result: spec.Spec = found.spec if isinstance(found, Network) else found
    return result


def _makes_networks(function: Callable[..., Any]) -> bool:
    """Say whether a function is one of `fastntk.stax`, not yet called."""
    home = getattr(function, "__module__", None) or ""
    if not home.startswith(_HOMES):
        return False
    found = getattr(sys.modules.get(home), getattr(function, "__name__", ""), None)
    return function is found
