"""Lowering of activations whose duals are computed to a tolerance.

The op says which activation: how many terms its series needs follows from the rows, and
`fastntk.backends.cpu.numerical` finds it out.
"""

import dataclasses

from fastntk.duals import host_dual, numerical_dual
from fastntk.program.lowering.checks import require_gaussian
from fastntk.program.lowering.walk import Builder, State, Stream, lowers
from fastntk.spec import Elementwise, ElementwiseNumerical, Numerical, Spec

__all__: list[str] = []


@lowers(Numerical, ElementwiseNumerical)
def _numerical(spec: Spec, builder: Builder, state: Stream, label: str) -> State:
    require_gaussian(state, label)
    dual = numerical_dual(spec, label)
    if state.needs_mask:
        builder.emit("mask", label, state)
    builder.emit("numerical", label, state, payload=dual)
    return dataclasses.replace(state, is_gaussian=False, is_nonnegative=False)


@lowers(Elementwise)
def _elementwise(
    spec: Elementwise, builder: Builder, state: Stream, label: str
) -> State:
    if spec.nngp_fn is None:
        result: State = _numerical(spec, builder, state, label)
        return result
    require_gaussian(state, label)
    is_quiet = not builder.has_tangent
    dual = host_dual(spec.nngp_fn, spec.d_nngp_fn, label, is_quiet=is_quiet)
    builder.emit("host", label, state, payload=dual)
    return dataclasses.replace(state, is_gaussian=False, is_nonnegative=False)
