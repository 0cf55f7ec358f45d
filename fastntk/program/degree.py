"""How a program depends on the norms of rows: the degree of homogeneity.

A program whose kernels are ``(q1 q2)^(p/2) F(theta)``, with the mean squares ``q`` of
two rows and the angle between them, has degree ``p``: 1 for two-slope activations, ``p
d`` after a power of degree ``d``, the sum of both after FanInProd, and 0 after Sign and
LayerNorm: from there on any activation, and any bias, keeps it.
"""

import dataclasses

from fastntk.program.ops import Op, Program

__all__ = ["Degree", "degree_of"]

LINEAR_OPS = {"abrelu", "affine", "add", "copy", "mask", "floor", "scale", "dropout"}


@dataclasses.dataclass(frozen=True)
class Degree:
    """Degree of the kernels, and whether the tangent has a constant beside them.

    Attributes
    ----------
    power : float
        ``p``.
    has_constant : bool
        The NTK is ``(q1 q2)^(p/2) F(theta) + G(theta)``: a bias that is in the tangent
        alone.
    eps : float
        Largest eps of a LayerNorm: the degree holds for variances far above it.
    """

    power: float
    has_constant: bool = False
    eps: float = 0.0


def degree_of(program: Program) -> Degree | None:
    """Return the degree of a program's kernels.

    Parameters
    ----------
    program : Program
        The steps.

    Returns
    -------
    Degree or None
        None if the kernels are not homogeneous.
    """
    states: dict[int, Degree] = {0: Degree(1.0)}
    for op in program.ops:
        state = _after(op, states)
        if state is None:
            return None
        if op.name == "copy":
            states[op.other] = state
        states[op.stream] = state
    return states[program.stream]


def _after(op: Op, states: dict[int, Degree]) -> Degree | None:
    """Return the degree after an op, None if there is none."""
    state = states[op.stream]
    if op.name == "affine":
        return _after_affine(op, state)
    if op.name in ("add", "multiply"):
        return _joined(op.name, state, states[op.other])
    if op.name in LINEAR_OPS:
        return state
    if op.name == "sign":  # which has no tangent
        return Degree(0.0, eps=state.eps)
    if op.name == "layernorm" and not state.has_constant:
        return Degree(0.0, eps=max(state.eps, op.row_coefs[0]))
    power = _power_of(op)
    if power is not None and not state.has_constant:
        return dataclasses.replace(state, power=power * state.power)
    return state if state.power == 0.0 else None


def _after_affine(op: Op, state: Degree) -> Degree | None:
    """Return the degree after ``S' = W^2 S + b^2, T' = W^2 T + f S + b_T``."""
    if state.power == 0.0:
        return state
    if op.row_coefs[1] > 0.0:
        return None
    has_constant = state.has_constant or op.row_coefs[3] > 0.0
    return dataclasses.replace(state, has_constant=has_constant)


def _joined(name: str, state: Degree, other: Degree) -> Degree | None:
    """Return the degree of a sum or a product of branches."""
    has_constant = state.has_constant or other.has_constant
    eps = max(state.eps, other.eps)
    if name == "multiply":
        power = state.power + other.power
        return Degree(power, eps=eps) if power == 0.0 or not has_constant else None
    if state.power != other.power:
        return None
    return Degree(state.power, has_constant, eps)


def _power_of(op: Op) -> float | None:
    """Return the degree of a power: RectifiedMonomial, Monomial, Hermite."""
    if op.name == "rectified":
        return op.row_coefs[0]
    if op.name != "mehler":
        return None
    n, m = int(op.row_coefs[0]), int(op.row_coefs[1])
    entries = op.row_coefs[2:]
    degrees = {k + 2 * j for k in range(n) for j in range(m) if entries[k * m + j]}
    return float(degrees.pop()) if len(degrees) == 1 else None
