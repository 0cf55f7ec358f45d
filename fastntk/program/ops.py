"""`Op` and `Program`: the plan of one kernel computation, as plain data."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from fastntk.kernels.abi import SERIES_TERMS
from fastntk.spec import END

__all__ = [
    "N_OUTPUT_TABLES",
    "OP_COSTS",
    "ROW_OPS_ONLY",
    "SERIES_OPS",
    "ZERO_ROW_OPS",
    "Op",
    "OpCost",
    "Program",
    "output_name",
    "padded",
    "split_output",
]

N_OUTPUT_TABLES = 2  # sqrt(q) and the tangent's row scale, after the last op


def output_name(kernel: str, place: str) -> str:
    """Return the name of a kernel at a place: that of the kernel alone at the end."""
    return kernel if place == END else f"{kernel}@{place}"


def split_output(name: str) -> tuple[str, str]:
    """Return kernel and place of an output.

    Examples
    --------
    >>> split_output("ntk"), split_output(output_name("nngp", "block 1"))
    (('ntk', 'output'), ('nngp', 'block 1'))
    """
    kernel, _, place = name.partition("@")
    return kernel, place or END


def padded(n_terms: int) -> int:
    """Return the number of terms that a Hermite series is filled up to."""
    return -(-n_terms // SERIES_TERMS) * SERIES_TERMS


@dataclasses.dataclass(frozen=True)
class OpCost:
    """Row tables that an op fills, and its flops per entry (counted in the source)."""

    tables: int
    nngp: int
    tangent: int


OP_COSTS = {
    "abrelu": OpCost(tables=0, nngp=73, tangent=3),
    "rectified": OpCost(tables=0, nngp=121, tangent=79),
    "sign": OpCost(tables=0, nngp=44, tangent=0),
    "erf": OpCost(tables=5, nngp=57, tangent=3),
    "gelu": OpCost(tables=6, nngp=75, tangent=21),
    "exp": OpCost(tables=1, nngp=46, tangent=2),
    "sin": OpCost(tables=4, nngp=93, tangent=4),
    "cos": OpCost(tables=5, nngp=93, tangent=6),
    "gaussian": OpCost(tables=3, nngp=20, tangent=4),
    "gabor": OpCost(tables=5, nngp=205, tangent=34),
    "mehler": OpCost(tables=0, nngp=8, tangent=1),
    "expansion": OpCost(tables=0, nngp=8, tangent=1),
    "numerical": OpCost(tables=0, nngp=0, tangent=0),
    "affine": OpCost(tables=5, nngp=17, tangent=6),
    "scale": OpCost(tables=0, nngp=0, tangent=0),
    "layernorm": OpCost(tables=0, nngp=0, tangent=0),
    "dropout": OpCost(tables=0, nngp=2, tangent=1),
    "multiply": OpCost(tables=2, nngp=3, tangent=9),
    "host": OpCost(tables=3, nngp=0, tangent=0),
    "floor": OpCost(tables=2, nngp=3, tangent=0),
    "mask": OpCost(tables=1, nngp=1, tangent=0),
    "angle": OpCost(tables=1, nngp=43, tangent=0),
    "series": OpCost(tables=0, nngp=4, tangent=0),
    "copy": OpCost(tables=0, nngp=0, tangent=0),
    "add": OpCost(tables=4, nngp=26, tangent=5),
}
"""Cost of every op; ``tangent`` is what ``ntk`` adds to ``nngp``."""

SERIES_OPS = {"mehler", "expansion"}
"""Hermite series: a row table per term, and one more."""

ZERO_ROW_OPS = {"mask", "floor"}
"""Ops that matter only if some row has no variance."""

ROW_OPS_ONLY = {"scale", "layernorm"}
"""Ops that change the rows' scales alone: pairs pass them unchanged."""


@dataclasses.dataclass(frozen=True)
class Op:
    """One step of a program.

    Attributes
    ----------
    name : str
        Key of the op's bodies in the backends' tables.
    layer : str
        The layer it came from, as shown to people.
    stream, other : int
        Branch it works on in place, and second operand (-1: none).
    coefs : tuple of float
        Coefficients of the pair body (compute dtype).
    row_coefs : tuple of float
        Coefficients of the row body (float64).
    flags : int
        Variants of the pair body.
    table : int
        Its first row table.
    payload : object
        What a host op calls (`fastntk.duals.HostDual`); None for compiled ops.
    """

    name: str
    layer: str
    stream: int
    other: int = -1
    coefs: tuple[float, ...] = ()
    row_coefs: tuple[float, ...] = ()
    flags: int = 0
    table: int = 0
    payload: Any = None

    @property
    def cost(self) -> OpCost:
        """Tables and flops of this op."""
        return OP_COSTS[self.name]

    @property
    def n_tables(self) -> int:
        """Row tables that this op fills; a series has one per term, and one more."""
        if self.name in SERIES_OPS:
            return padded(int(self.row_coefs[0])) + 1
        return self.cost.tables


@dataclasses.dataclass(frozen=True)
class Program:
    """The steps that turn one tile of similarities into kernel values.

    Attributes
    ----------
    ops : tuple of Op
        In the order they run.
    get : tuple of str
        Kernels asked for, in order; "ntk@name" is that at a tap.
    n_streams : int
        Most branches alive at once; each takes one slot, two with the NTK.
    n_tables : int
        Row tables of all ops and of the outputs: two for each tap, then two of the end.
    stream : int
        Branch that holds the result.
    n_features : int or None
        Width of the input, None if it was not given.
    is_gaussian : bool
        Whether the outputs are independent Gaussian processes in the limit.
    width : float or None
        Number of output features, None if unknown.
    taps : tuple of (str, int)
        Places whose kernels are asked for, and the branches that hold them.
    """

    ops: tuple[Op, ...]
    get: tuple[str, ...]
    n_streams: int
    n_tables: int
    stream: int
    n_features: int | None = None
    is_gaussian: bool = False
    width: float | None = None
    taps: tuple[tuple[str, int], ...] = ()

    @property
    def n_output_tables(self) -> int:
        """Row tables of all outputs."""
        return N_OUTPUT_TABLES * (1 + len(self.taps))

    @property
    def has_dropout(self) -> bool:
        """Whether equal rows and a row with itself differ (Dropout in training)."""
        return any(op.name == "dropout" for op in self.ops)

    @property
    def has_host_ops(self) -> bool:
        """Whether a Python function runs on every tile."""
        return any(op.name == "host" for op in self.ops)

    @property
    def has_numerical_ops(self) -> bool:
        """Whether the terms of a series depend on the rows, and are not known yet."""
        return any(op.name == "numerical" for op in self.ops)

    @property
    def has_tangent(self) -> bool:
        """Whether the NTK is carried beside the NNGP kernel."""
        return any(split_output(name)[0] == "ntk" for name in self.get)

    @property
    def slots_per_stream(self) -> int:
        """One for the correlation, one more for the tangent."""
        return 2 if self.has_tangent else 1

    @property
    def n_slots(self) -> int:
        """Strips of the compute dtype that a panel holds."""
        return self.n_streams * self.slots_per_stream

    @property
    def flops(self) -> int:
        """Flops per entry of all ops."""
        return sum(self.op_flops(op) for op in self.ops)

    def op_flops(self, op: Op) -> int:
        """Flops per entry of one op."""
        cost = op.cost.nngp + (op.cost.tangent if self.has_tangent else 0)
        if op.name == "series":
            return cost + 3 * (len(op.coefs) - 1)
        if op.name in SERIES_OPS:
            return cost + op.n_tables * (13 if self.has_tangent else 10)
        return cost

    def ints_of(self, op: Op) -> tuple[int, ...]:
        """Return the slots, table and flags of an op, see `fastntk.kernels.abi`."""
        return (*self.slots_of(op.stream), *self.slots_of(op.other), op.table, op.flags)

    def output_of(self, name: str) -> tuple[int, int, int]:
        """Return slot, scale table and kind (0 nngp, 1 ntk) of an output."""
        kernel, place = split_output(name)
        rho, tau = self.slots_of(self.stream_of(place))
        table = self.output_table(place)
        return (rho, table, 0) if kernel == "nngp" else (tau, table + 1, 1)

    def stream_of(self, place: str) -> int:
        """Return the branch that holds the kernels at a tap, or at the end."""
        return dict(self.taps).get(place, self.stream)

    def output_table(self, place: str) -> int:
        """Return the first of the two row tables of an output."""
        places = [name for name, _ in self.taps]
        behind = len(places) - places.index(place) if place in places else 0
        return self.n_tables - N_OUTPUT_TABLES * (1 + behind)

    def slots_of(self, stream: int) -> tuple[int, int]:
        """Return the correlation and tangent slots of a branch (-1: no tangent)."""
        if stream < 0:
            return -1, -1
        first = stream * self.slots_per_stream
        return first, first + 1 if self.has_tangent else -1

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        d = "?" if self.n_features is None else str(self.n_features)
        yield f"Program for {', '.join(self.get)} of rows with {d} features"
        width = max([len(op.layer) for op in self.ops] + [5])
        yield f"  {'op':<9} {'layer':<{width}} {'slots':<12} {'tables':>6} {'flops':>6}"
        flops = "" if self.n_features is None else str(2 * self.n_features)
        yield f"  {'product':<9} {'x1 @ x2.T':<{width}} {'0':<12} {0:>6} {flops:>6}"
        for op in self.ops:
            slots = ",".join(str(s) for s in self.slots_of(op.stream) if s >= 0)
            if op.other >= 0:
                link = "->" if op.name == "copy" else "<-"
                slots += link + ",".join(
                    str(s) for s in self.slots_of(op.other) if s >= 0
                )
            yield (
                f"  {op.name:<9} {op.layer:<{width}} {slots:<12} "
                f"{op.n_tables:>6} {self.op_flops(op):>6}" + _note(op)
            )
        yield (
            f"  {self.n_slots} slots ({8 * self.n_slots} bytes per entry of a panel in "
            f"float64, {4 * self.n_slots} in float32), {self.n_tables} row tables "
            f"({8 * self.n_tables} bytes per row), {self.flops} flops per entry after "
            "the product"
        )


def _note(op: Op) -> str:
    """Return what `Program` prints behind an op."""
    if op.name == "host":
        cost = getattr(op.payload, "cost", "slow: a Python function, ")
        return f"  {cost}{op.payload.description}"
    if op.name == "numerical":
        return f"  {op.payload.description}"
    if op.name == "expansion":
        error = max(op.payload.bound, op.payload.bound_dot)
        return (
            f"  {int(op.row_coefs[0])} terms, error <= {error:.1e} ({op.payload.kind})"
        )
    return ""
