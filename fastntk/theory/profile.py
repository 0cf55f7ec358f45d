"""A network's kernel on a sphere, as a function of the angle between two points."""

import math
from typing import Any

import numpy as np

from fastntk._errors import InputError
from fastntk._shown import shown
from fastntk._typing import FloatArray
from fastntk._validation import check_get
from fastntk._validation.arguments import as_index_or_none
from fastntk.calls import gram
from fastntk.theory._checks import as_numbers, not_empty, positive

__all__ = ["as_dimension", "kernel_profile"]

_MOST_ENTRIES = 1 << 24  # of the rows made at a time: 128 MiB


_LARGEST = 2**31


def as_dimension(d: Any) -> int:
    """Return the dimension of the space around a sphere: an integer >= 2."""
    found = as_index_or_none(d)
    if found is None or not 2 <= found <= _LARGEST:
        raise InputError(
            f"d: found {shown(d)}; expected an integer from 2 to {_LARGEST:,}, the "
            "number of features"
        )
    return found


def kernel_profile(
    net: Any, theta: Any, d: int, *, get: str = "ntk", radius: float | None = None
) -> FloatArray:
    """Evaluate a network's kernel between two points of a sphere at given angles.

    Parameters
    ----------
    net : Network, Spec or callable
        The network, or a function of ``cos(theta)`` that gives the kernel.
    theta : array-like of shape (m,)
        Angles from 0 to pi, in radians.
    d : int
        Number of features; the sphere is ``S^(d-1)``.
    get : {"nngp", "ntk"}, default="ntk"
        Which kernel.
    radius : float, optional
        Norm of the points; ``sqrt(d)`` by default, so that features have mean square 1.

    Returns
    -------
    ndarray of shape (m,)
        In squared output units.

    Raises
    ------
    InputError
        If an argument is not as described, or the function returns another shape.

    Notes
    -----
    The points are ``radius (1, 0, ...)`` and ``radius (cos theta, sin theta, 0, ...)``.

    Examples
    --------
    >>> from fastntk import stax, theory
    >>> net = stax.serial(stax.Dense(1, W_std=2**0.5), stax.Relu(), stax.Dense(1))
    >>> theory.kernel_profile(net, [0.0, 3.141592653589793], d=3, get="nngp").round(9)
    array([1., 0.])
    """
    angles = not_empty(np.atleast_1d(as_numbers(theta, "theta", 0.0)), "theta")
    if angles.ndim != 1 or (angles > math.pi * (1 + 1e-15)).any():
        raise InputError(
            "theta: found numbers above pi, or more than one axis; expected angles "
            "from 0 to pi in one array"
        )
    n_features = as_dimension(d)
    norm = math.sqrt(n_features) if radius is None else positive(radius, "radius")
    names, is_tuple = check_get(get)
    if is_tuple:
        raise InputError(f"get: found {shown(get)}; expected 'nngp' or 'ntk'")
    if callable(net) and not hasattr(net, "spec"):
        return _call_profile(net, angles)
    pole = np.zeros((1, n_features))
    pole[0, 0] = norm
    size = max(1, _MOST_ENTRIES // n_features)
    parts = []
    for start in range(0, len(angles), size):
        part = angles[start : start + size]
        rows = np.zeros((len(part), n_features))
        rows[:, 0], rows[:, 1] = norm * np.cos(part), norm * np.sin(part)
        parts.append(gram(net, pole, rows, names[0])[0])
    values: FloatArray = np.concatenate(parts)
    return values


def _call_profile(function: Any, angles: FloatArray) -> FloatArray:
    values = as_numbers(function(np.cos(angles)), "net(cosines)")
    if values.shape != angles.shape:
        raise InputError(
            f"net: the function returned shape {values.shape} for {angles.shape} "
            "cosines; expected one number for each"
        )
    return as_numbers(values, "net(cosines)")
