"""Lowering of what a user wrote in Python."""

import dataclasses

from fastntk._errors import NetworkError
from fastntk.duals import host_dual
from fastntk.program.lower_checks import require_gaussian
from fastntk.program.lowering import Builder, State, Stream, lowers
from fastntk.spec import Custom, Elementwise

__all__: list[str] = []


@lowers(Elementwise)
def _elementwise(
    spec: Elementwise, builder: Builder, state: Stream, label: str
) -> State:
    require_gaussian(state, label)
    if spec.nngp_fn is None:
        raise NetworkError(
            f"{label}: found no nngp_fn, so the layer has no kernel; expected the "
            "function (cov12, var1, var2) -> E[fn(u) fn(v)] beside fn"
        )
    is_quiet = not builder.has_tangent
    dual = host_dual(spec.nngp_fn, spec.d_nngp_fn, label, is_quiet=is_quiet)
    builder.emit("host", label, state, payload=dual)
    return dataclasses.replace(state, is_gaussian=False, is_nonnegative=False)


@lowers(Custom)
def _custom(spec: Custom, builder: Builder, state: Stream, label: str) -> State:
    raise NetworkError(
        f"{label}: a layer of your own has no program, since its kernel is a function "
        "of whole matrices; expected layers of fastntk.stax. Call kernel_fn(x1, x2, "
        "get) of the network instead"
    )
