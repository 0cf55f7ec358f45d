"""From a spec to a `Program`: streams, slots, and which function lowers which layer.

The functions themselves are in the modules beside it, which `layers` lists.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, TypeAlias

from fastntk._errors import NetworkError
from fastntk.kernels.abi import NON_NEGATIVE
from fastntk.program.ops import N_OUTPUT_TABLES, Op, Program, split_output
from fastntk.spec import (
    END,
    FanInConcat,
    FanInProd,
    FanInSum,
    Parallel,
    Serial,
    Spec,
)

__all__ = ["Builder", "State", "Stream", "lower", "lower_layer", "lowers"]


@dataclasses.dataclass(frozen=True)
class Stream:
    """One branch: which slots it has, and what lowering knows of it.

    ``width`` is the number of features (None: not known yet); ``is_gaussian`` says that
    the features are independent Gaussian processes in the limit; ``is_nonnegative``
    that no correlation can be negative (after Relu, say), which saves arithmetic;
    ``needs_mask`` that a row of zeros can have a tangent, so that its angle to other
    rows (pi/2 at every layer) matters; ``is_input`` that no Dense came before.
    """

    id: int
    width: float | None
    is_gaussian: bool = False
    is_nonnegative: bool = False
    needs_mask: bool = False
    is_input: bool = False

    @property
    def flags(self) -> int:
        """Flags of an op that works on this stream."""
        return NON_NEGATIVE if self.is_nonnegative else 0


TAKES_BRANCHES = (Serial, Parallel, FanInSum, FanInProd, FanInConcat)

State: TypeAlias = Stream | tuple["State", ...]
Lowering: TypeAlias = Callable[[Any, "Builder", Any, str], Any]
_LOWERINGS: dict[type[Spec], Lowering] = {}


def lowers(*layers: type[Spec]) -> Callable[[Lowering], Lowering]:
    """Register a lowering function for layer classes."""

    def register(function: Lowering) -> Lowering:
        for layer in layers:
            _LOWERINGS[layer] = function
        return function

    return register


class Builder:
    """Collects ops, and hands out streams: the lowest free one first."""

    def __init__(
        self, *, has_tangent: bool = True, wanted: frozenset[str] = frozenset()
    ) -> None:
        self.has_tangent = has_tangent
        self.wanted = wanted  # taps whose kernels are asked for
        self.taps: dict[str, int] = {}
        self.ops: list[Op] = []
        self.n_tables = 0
        self.n_streams = 0
        self._alive: set[int] = set()

    def open_stream(self, width: float | None) -> Stream:
        """Return a stream whose slots nobody uses."""
        stream = next(k for k in range(len(self._alive) + 1) if k not in self._alive)
        self._alive.add(stream)
        self.n_streams = max(self.n_streams, stream + 1)
        return Stream(stream, width)

    def close_stream(self, stream: Stream) -> None:
        """Give the stream's slots back."""
        self._alive.discard(stream.id)

    def emit(self, name: str, layer: str, stream: Stream, **fields: Any) -> None:
        """Append an op, with the next free row tables."""
        op = Op(name, layer, stream.id, table=self.n_tables, **fields)
        self.n_tables += op.n_tables
        self.ops.append(op)


def lower(
    spec: Spec,
    get: tuple[str, ...],
    n_features: float | None = None,
    *,
    is_gaussian: bool = False,
    needs_mask: bool = False,
    is_input: bool | None = None,
) -> Program:
    """Return the program that computes a network's kernels.

    Parameters
    ----------
    spec : Spec
        The network.
    get : tuple of {"nngp", "ntk"}
        The kernels to compute; "ntk@name" is that at a tap.
    n_features : float, optional
        Width of what comes in; the first Dense in "standard" parameterization needs
        it.
    is_gaussian : bool, default=False
        Whether what comes in are Gaussian processes, as after a Dense, not rows.
    needs_mask : bool, default=False
        Whether rows of zeros come in with a tangent.
    is_input : bool, optional
        Whether rows come in, and not the kernels of other layers. By default that is
        taken from the two before.

    Returns
    -------
    Program

    Raises
    ------
    NetworkError
        If the network has no infinite-width limit (an activation before any Dense, a
        sum of branches that are not Gaussian), or its branches do not fit together.
        The message starts with the layer.
    """
    outputs = [split_output(name) for name in get]
    builder = Builder(
        has_tangent=any(kernel == "ntk" for kernel, _ in outputs),
        wanted=frozenset(place for _, place in outputs if place != END),
    )
    start = dataclasses.replace(
        builder.open_stream(n_features),
        is_gaussian=is_gaussian,
        needs_mask=needs_mask,
        is_input=not (is_gaussian or needs_mask) if is_input is None else is_input,
    )
    state = lower_layer(spec, builder, start, "")
    if not isinstance(state, Stream):
        raise NetworkError(
            f"{_short(spec)}: the network ends with {len(state)} branches; expected "
            "one. Join them, e.g. by FanInSum()"
        )
    return Program(
        ops=tuple(builder.ops),
        get=get,
        n_streams=builder.n_streams,
        n_tables=builder.n_tables + N_OUTPUT_TABLES * (1 + len(builder.taps)),
        stream=state.id,
        n_features=None if n_features is None else int(n_features),
        is_gaussian=state.is_gaussian,
        width=state.width,
        taps=tuple(builder.taps.items()),
    )


def lower_layer(spec: Spec, builder: Builder, state: State, where: str) -> State:
    """Lower one layer at a position such as "3" or "2.1"."""
    function = next(
        (_LOWERINGS[c] for c in type(spec).__mro__ if c in _LOWERINGS), None
    )
    if function is None:
        raise NetworkError(
            f"{_short(spec)}: this layer has no infinite-width kernel yet"
        )
    label = _short(spec) + (f" at layer {where}" if where else "")
    if not isinstance(spec, TAKES_BRANCHES) and not isinstance(state, Stream):
        raise NetworkError(
            f"{label}: found {len(state)} branches at its input; expected one. Put "
            "layers for branches into parallel(...), or join them by FanInSum()"
        )
    inner = where if isinstance(spec, Serial | Parallel) else label
    result: State = function(spec, builder, state, inner)
    return result


def _short(spec: Spec) -> str:
    """Return the layer as shown in messages."""
    text = repr(spec)
    return text if len(text) <= 60 else text[:57] + "..."
