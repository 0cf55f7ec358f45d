"""`HostDual`: what a host op calls, Python functions on whole tiles."""

import dataclasses
from collections.abc import Callable
from typing import Any

from fastntk._warnings import warn
from fastntk.duals.user.checked import Checked, DualFunction
from fastntk.duals.user.price import differentiate

__all__ = ["DualFunction", "HostDual", "host_dual"]

NOTABLE = 1e-9  # errors above draw a warning


@dataclasses.dataclass(frozen=True)
class HostDual:
    """The dual of an activation and of its derivative, as functions of arrays.

    Parameters
    ----------
    nngp_fn : callable
        ``(cov12, var1, var2) -> E[f(u) f(v)]``.
    d_nngp_fn : callable
        ``(cov12, var1, var2) -> E[f'(u) f'(v)]``.
    description : str
        Where the latter comes from, and how far it may be off.
    error : float, default=0.0
        How far, relative to the diagonal.
    """

    nngp_fn: DualFunction
    d_nngp_fn: DualFunction
    description: str
    error: float = 0.0


def host_dual(
    nngp_fn: Callable[..., Any],
    d_nngp_fn: Callable[..., Any] | None,
    label: str,
    *,
    is_quiet: bool = False,
) -> HostDual:
    """Return the functions of a layer, checked, with a derivative if there is none.

    Parameters
    ----------
    nngp_fn : callable
        The user's dual.
    d_nngp_fn : callable or None
        That of the derivative; None: `differentiate` finds it.
    label : str
        The layer as shown in messages.
    is_quiet : bool, default=False
        Draw no warning if the derivative found may be off by more than 1e-9: nobody
        asked for it.

    Returns
    -------
    HostDual

    Raises
    ------
    NetworkError
        If a function is not as `fastntk.duals.user.checked.Checked` expects.

    Warns
    -----
    UserWarning
        If the derivative had to be found, and may be off by more than 1e-9.
    """
    dual = Checked(nngp_fn, "nngp_fn", label)
    if d_nngp_fn is not None:
        slope = Checked(d_nngp_fn, "d_nngp_fn", label)
        return HostDual(dual, slope, "d_nngp_fn as given")
    found = differentiate(dual)
    if found.error > NOTABLE and not is_quiet:
        warn(f"{label}: {found.description}. Pass d_nngp_fn for an exact derivative")
    return HostDual(dual, found.function, found.description, found.error)
