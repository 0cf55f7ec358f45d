"""How far a kernel may be off: the errors of its activations, through all layers.

With ``e`` the error of a correlation and ``d`` that of ``T / sqrt(T11 T22)``, both over
all pairs of rows: an activation multiplies ``e`` by at most the largest ``g = q
E[phi'^2] / E[phi^2]`` of a row (Cauchy-Schwarz on the Hermite series), and adds its own
bound; ``d`` grows by the bound of the derivative's dual, and by ``h e`` with ``h = q
E[phi''^2] / E[phi'^2]`` in the same way. A sum of branches, and a bias, take means of
both. What an activation without a series does to ``d`` is bounded by ``g e`` and by the
relative error of the angle ``r``; this is an estimate.
"""

import dataclasses

import numpy as np

from fastntk._typing import FloatArray
from fastntk.backends.cpu.host import host_rows
from fastntk.backends.cpu.numerical import is_numerical, variance_grid
from fastntk.kernels.rows.ops import ROW_OPS
from fastntk.program import Op, Program

__all__ = ["KernelBound", "kernel_bound", "rounding"]

# of the recursion itself, relative to sqrt(K(x, x) K(y, y)), at any depth to 100, and
# per op in units of the last place
PROMISED = {
    ("float64", "nngp"): 2e-12,
    ("float64", "ntk"): 2e-12,
    ("float32", "nngp"): 3e-6,
    ("float32", "ntk"): 1e-5,
}
ULPS = 64.0
SMOOTH_ROWS = {"affine", "add", "copy", "scale", "layernorm", "mask", "floor"}


@dataclasses.dataclass(frozen=True)
class KernelBound:
    """Bound on the error of a kernel, relative to ``sqrt(K(x, x) K(y, y))``.

    Attributes
    ----------
    error : float
        The bound: activations and rounding together.
    kind : {"proven", "estimated"}
        Whether mathematics or the agreement of two rules stands behind it.
    layer : str
        The activation with the largest part in it; "" if all have closed forms.
    """

    error: float
    kind: str
    layer: str


@dataclasses.dataclass
class _Errors:
    """Largest errors of a stream: see the module's docstring."""

    e: float = 0.0
    d: float = 0.0
    r: float = 0.0


def kernel_bound(
    program: Program, variances: tuple[FloatArray, ...], dtype: np.dtype[np.floating]
) -> dict[str, KernelBound]:
    """Return a bound for every kernel of a program.

    Parameters
    ----------
    program : Program
        The steps, with known numbers of terms (`specialise`).
    variances : tuple of ndarray
        Mean squares of the rows of both sides.
    dtype : numpy dtype
        Compute dtype.

    Returns
    -------
    dict of str to KernelBound
    """
    q = variance_grid(variances, dtype)
    state = np.ones((program.n_streams, 3, q.size))
    state[0, 0] = q
    streams = [_Errors() for _ in range(program.n_streams)]
    kind, layer, largest = "proven", "", 0.0
    with np.errstate(all="ignore"):
        for op in program.ops:
            kind = _weaker(kind, op, streams)
            own = _pass(op, program, state, streams)
            if own > largest:
                largest, layer = own, op.layer
    last = streams[program.stream]
    found = {"nngp": last.e, "ntk": last.d}
    return {
        name: KernelBound(found[name] + rounding(program, name, dtype), kind, layer)
        for name in program.get
    }


def rounding(program: Program, name: str, dtype: np.dtype[np.floating]) -> float:
    """Return what the rounding of the recursion adds to a kernel's error."""
    by_depth = ULPS * float(np.finfo(dtype).eps) * len(program.ops)
    return min(PROMISED[dtype.name, name], by_depth)


def _weaker(kind: str, op: Op, streams: list[_Errors]) -> str:
    """Return "estimated" if an op makes the bound one."""
    if is_numerical(op):
        return kind if getattr(op.payload, "kind", "") == "proven" else "estimated"
    is_exact = streams[op.stream].e == 0.0 or op.name in SMOOTH_ROWS
    return kind if is_exact else "estimated"


def _pass(op: Op, program: Program, state: FloatArray, streams: list[_Errors]) -> float:
    """Pass the rows and the errors of one op; return its own part."""
    q, t, s = state[op.stream]
    q2, t2, s2 = state[max(op.other, 0)]
    old_q, old_t, old = q.copy(), t.copy(), streams[op.stream]
    other = streams[max(op.other, 0)]
    tables = np.empty((op.n_tables, q.size))
    if op.name == "host":
        host_rows(op, q, t, s, tables, has_tangent=program.has_tangent)
    else:
        coefs = np.array(op.row_coefs or (0.0,))
        ROW_OPS[op.name](q, t, s, q2, t2, s2, tables, coefs)
    if op.name == "copy":
        streams[op.other] = dataclasses.replace(old)
        return 0.0
    if op.name in ("add", "affine", "multiply"):
        _mix(op, old, other, (old_q / q, old_t / t, q))
        return 0.0
    if op.name in SMOOTH_ROWS | {"dropout"}:
        return 0.0
    gain = _largest(old_q * (t / old_t) / q)
    return _activate(op, old, gain, tables, old_q[old_q > 0])


def _mix(op: Op, old: _Errors, other: _Errors, shares: tuple[FloatArray, ...]) -> None:
    """Take the errors of a sum, of a bias, or of a product."""
    if op.name == "multiply":
        old.d += other.d + old.e + other.e
        old.e += other.e
        old.r = max(old.r, other.r)
        return
    q_share, t_share, _ = shares
    if op.name == "affine":  # T' = W^2 T + f S + b
        w2, _, f = op.row_coefs[:3]
        kept = _largest(np.minimum(1.0, w2 * t_share))
        added = 1.0 if f else 0.0
        old.d = kept * old.d + added * old.e
        old.e *= _largest(np.minimum(1.0, w2 * q_share))
        return
    old.e = max(old.e, other.e)
    old.d = max(old.d, other.d)
    old.r = max(old.r, other.r)


def _activate(
    op: Op, old: _Errors, gain: float, tables: FloatArray, q: FloatArray
) -> float:
    """Take the errors through an activation; return what it adds itself."""
    if op.name == "expansion":
        k = np.arange(len(tables) - 1)[:, None]
        slopes = k * tables[:-1] ** 2
        bend = _largest(((k - 1) * slopes).sum(axis=0) / slopes.sum(axis=0))
        own, own_dot = op.payload.bound, op.payload.bound_dot
        old.d += own_dot + bend * old.e
    elif is_numerical(op):
        own, own_dot = op.payload.bound(q.min(), q.max()) if q.size else (0.0, 0.0)
        old.d += own_dot + old.r + gain * old.e
    else:
        own = own_dot = 0.0
        old.d += old.r + gain * old.e
    old.r += own_dot
    old.e = max(old.e, old.r) if op.name == "sign" else gain * old.e + own
    return float(max(own, own_dot))


def _largest(values: FloatArray) -> float:
    """Return the largest finite value, 0 if there is none."""
    finite = values[np.isfinite(values)]
    return float(finite.max(initial=0.0))
