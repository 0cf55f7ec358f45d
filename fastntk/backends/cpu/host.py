"""Ops that are Python functions of the user: duals of an activation on whole arrays."""

from typing import Any

import numpy as np

from fastntk._errors import NetworkError
from fastntk._typing import AnyArray, FloatArray
from fastntk.program import Op

__all__ = ["host_pairs", "host_rows"]

# row tables: q, 1/sqrt(E[phi^2]), 1/sqrt(E[phi'^2])


def host_rows(
    op: Op,
    q: FloatArray,
    t: FloatArray,
    s: FloatArray,
    tables: FloatArray,
    *,
    has_tangent: bool,
) -> None:
    """Update the variances, tangents and scales of rows in place; fill the tables."""
    size = _call(op, op.payload.nngp_fn, q, q, q)
    steep = np.ones_like(q)
    if has_tangent:
        steep = _call(op, op.payload.d_nngp_fn, q, q, q)
    if (size < 0).any() or (steep < 0).any():
        raise NetworkError(
            f"{op.layer}: nngp_fn(q, q, q) or its derivative is negative "
            f"({min(size.min(), steep.min()):.3g}); expected E[fn(u)**2] >= 0. Check "
            "the order of its arguments: (cov12, var1, var2)"
        )
    tables[0] = q
    tables[1], tables[2] = _inverse_root(size), _inverse_root(steep)
    q[:] = size
    t *= steep
    s *= np.sqrt(steep)


def host_pairs(
    op: Op, x: AnyArray, tau: AnyArray | None, rows: FloatArray, cols: FloatArray
) -> None:
    """Update complements and tangents of a tile in place.

    ``rows`` and ``cols`` are the op's three row tables of either side. The function
    returns a covariance, so that the angle of nearly parallel rows is only as good as
    its difference from 1.
    """
    rows, cols = rows.astype(np.float64), cols.astype(np.float64)
    q1, q2 = rows[0][:, None], cols[0][None, :]
    pairs = getattr(op.payload, "pairs", None)
    if pairs is not None:  # from complements, which keep the angle
        new, slope = pairs(x.astype(np.float64), q1, q2)
    else:
        rho = np.copysign(1.0 - np.abs(x.astype(np.float64)), x)
        c = rho * (np.sqrt(q1) * np.sqrt(q2))
        if tau is not None:
            slope = _call(op, op.payload.d_nngp_fn, c, q1, q2)
        new = _call(op, op.payload.nngp_fn, c, q1, q2)
    if tau is not None:
        tau *= (slope * (rows[2][:, None] * cols[2][None, :])).astype(tau.dtype)
    new = np.clip(new * (rows[1][:, None] * cols[1][None, :]), -1.0, 1.0)
    x[...] = np.copysign(1.0 - np.abs(new), new)


def _call(op: Op, function: Any, c: AnyArray, q1: AnyArray, q2: AnyArray) -> FloatArray:
    """Call the user's function, and check what it returns."""
    value = np.asarray(function(c, q1, q2), dtype=np.float64)
    if value.shape != c.shape:
        try:
            value = np.broadcast_to(value, c.shape).copy()
        except ValueError:
            raise NetworkError(
                f"{op.layer}: nngp_fn returned shape {value.shape} for arrays of shape "
                f"{c.shape}; expected the same shape. Write it with NumPy functions"
            ) from None
    if not np.isfinite(value).all():
        raise NetworkError(
            f"{op.layer}: nngp_fn returned NaN or infinity; expected finite numbers "
            "for all |cov12| <= sqrt(var1 var2), also where a variance is 0"
        )
    return value


def _inverse_root(values: FloatArray) -> FloatArray:
    """Return ``1/sqrt``, 0 where there is nothing."""
    roots = np.sqrt(values)
    return np.divide(1.0, roots, out=np.zeros_like(roots), where=roots > 0)
