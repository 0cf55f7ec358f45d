"""Whether a network is too deep for its initialisation."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from fastntk._errors import InputError, RangeError
from fastntk._warnings import warn
from fastntk.spec import Dense, Serial, Spec, as_spec
from fastntk.theory.phase.diagram import PhasePoint, phase_point
from fastntk.theory.phase.moments import as_moments

__all__ = ["DepthWarning", "check_depth"]

_HUGE = 1e8  # growth of the variance over all layers that is warned of
_LIMIT = 1e60  # of the variance; some activations have no moments beyond


class DepthWarning(UserWarning):
    """A network deeper than signals reach: its kernel can tell few inputs apart."""


def check_depth(net: Any, *, start: float = 1.0) -> PhasePoint:
    """Find a deep network's phase, and warn if it is deeper than signals reach.

    Parameters
    ----------
    net : Network or Spec
        ``serial`` of hidden layers, each a Dense and an activation, and perhaps a last
        Dense. Hidden layers after the first have the same ``W_std``, ``b_std`` and
        activation.
    start : float, default=1.0
        Variance of the first pre-activation, > 0.

    Returns
    -------
    PhasePoint
        Of the hidden layers.

    Raises
    ------
    InputError
        If the network is not of this form.

    Warns
    -----
    DepthWarning
        If there are more hidden layers than ``3 xi_c`` [1]_; the message gives both,
        and the critical ``W_std`` to look for. Also if the variance has no fixed point
        and grows 1e8-fold over the layers.

    References
    ----------
    .. [1] S. S. Schoenholz et al., "Deep information propagation", ICLR 2017: the
       depth to which networks train is a small multiple of xi_c.

    Examples
    --------
    >>> from fastntk import stax, theory
    >>> hidden = [stax.Dense(512, W_std=1.1, b_std=0.2), stax.Erf()]
    >>> net = stax.serial(*5 * hidden, stax.Dense(1))
    >>> round(theory.check_depth(net).greatest_depth, 1)
    81.5
    """
    blocks = list(_hidden_layers(_flat(as_spec(net))))
    if not blocks:
        raise InputError(
            "net: found no Dense layer with an activation after it; expected a network "
            "such as serial(Dense(512), Erf(), Dense(1))"
        )
    kinds = {(d.W_std, d.b_std or 0.0, a) for d, a in blocks[1:] or blocks}
    if len(kinds) > 1:
        raise InputError(
            f"net: found {len(kinds)} kinds of hidden layers; expected the same W_std, "
            "b_std and activation in all. Ask theory.phase_point for each kind"
        )
    ((w_std, b_std, activation),) = kinds
    point = phase_point(activation, w_std, b_std, start=start)
    if len(blocks) > point.greatest_depth:
        warn(_message(point, len(blocks)), DepthWarning)
    if point.phase == "unbounded":
        reached = _variance_after(len(blocks), activation, point, start)
        if not reached < _HUGE * start:
            warn(
                f"{len(blocks)} hidden layers without a bound on the variance: found "
                f"{reached:.2g} after them, from {start:.2g} in the first. Take fewer "
                "layers, or W_std from fastntk.theory.critical_line",
                DepthWarning,
            )
    return point


def _variance_after(
    n_layers: int, activation: Spec, point: PhasePoint, q: float
) -> float:
    """Return the variance of the last pre-activation, infinite where it overflows."""
    source = as_moments(activation)
    for _ in range(n_layers):
        if not q < _LIMIT:
            return math.inf
        try:
            found = source.moments(np.array([q])).variance[0]
        except RangeError:
            return math.inf
        q = point.W_std**2 * float(found) + point.b_std**2
    return q


def _message(point: PhasePoint, depth: int) -> str:
    return (
        f"{depth} hidden layers, but correlations decay over xi_c = {point.xi_c:.3g} "
        f"layers ({point.phase} phase, chi_1 = {point.chi_1:.3g}): beyond "
        f"{point.greatest_depth:.3g} layers the kernel hardly depends on its inputs. "
        "Take fewer layers, or W_std from fastntk.theory.critical_line"
    )


def _flat(spec: Spec) -> Iterator[Spec]:
    if isinstance(spec, Serial):
        for part in spec.layers:
            yield from _flat(part)
    elif type(spec).__name__ not in ("Identity", "Tap"):
        yield spec


def _hidden_layers(layers: Iterator[Spec]) -> Iterator[tuple[Dense, Spec]]:
    """Yield every Dense with the activation that follows it."""
    dense = None
    for layer in layers:
        if isinstance(layer, Dense):
            if dense is not None:
                raise InputError(
                    "net: found two Dense layers in a row; expected an activation "
                    "between them"
                )
            dense = layer
        elif dense is None:
            raise InputError(
                f"net: found {layer!r} without a Dense layer right before it; expected "
                "serial(Dense, activation, Dense, activation, ..., Dense)"
            )
        else:
            yield dense, layer
            dense = None
