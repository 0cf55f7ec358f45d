"""Lowering of layers that a user wrote in Python."""

from fastntk._errors import NetworkError
from fastntk.program.lowering.walk import Builder, State, Stream, lowers
from fastntk.spec import Custom

__all__: list[str] = []


@lowers(Custom)
def _custom(spec: Custom, builder: Builder, state: Stream, label: str) -> State:
    raise NetworkError(
        f"{label}: a layer of your own has no program, since its kernel is a function "
        "of whole matrices; expected layers of fastntk.stax. Call kernel_fn(x1, x2, "
        "get) of the network instead"
    )
