"""Networks that the engine cannot run in one piece, walked layer by layer.

The spec is cut into runs of layers that lower to a program, as long as can be, and
stages that do not: layers made by a user, layers that mix positions, and joins of
branches that contain these. Between them stand whole matrices.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from fastntk._errors import NetworkError
from fastntk._kernel import Kernel
from fastntk.layerwise.custom import run_custom
from fastntk.layerwise.joins import JOINS, join_branches
from fastntk.layerwise.positions import run_positional
from fastntk.layerwise.whole import Branch, Runs, n_positions, run_spec
from fastntk.program.one_run import is_one_run
from fastntk.spec import (
    END,
    Custom,
    Dropout,
    FanOut,
    Identity,
    Parallel,
    Section,
    Serial,
    Spec,
    Tap,
    tap_names,
)

__all__ = ["contains", "run_stages"]

State: TypeAlias = Branch | tuple["State", ...]
_Tree: TypeAlias = tuple["_Tree", ...] | None  # of branches; None is one of them
_Place: TypeAlias = tuple[str, Spec]  # a layer and where it stands, such as "2.1"


def contains(spec: Spec, *kinds: type[Spec]) -> bool:
    """Say whether a network has a layer of some kind (a Dropout that drops)."""
    if isinstance(spec, Serial | Parallel):
        return any(contains(layer, *kinds) for layer in spec.layers)
    if isinstance(spec, Dropout) and spec.mode != "train":
        return False
    return isinstance(spec, kinds)


def run_stages(
    spec: Spec, start: Branch, runs: Runs, keywords: Mapping[str, Any]
) -> dict[str, Kernel]:
    """Evaluate a network on whole matrices.

    Parameters
    ----------
    spec : Spec
        The network.
    start : Inputs or Kernel
        What it is applied to; symmetric if ``x2``, or ``cov2``, is None.
    runs : Runs
        For the runs of the engine, in float64.
    keywords : mapping
        Keyword arguments of ``kernel_fn`` for layers that take some.

    Returns
    -------
    dict of str to Kernel
        Those at the taps that are wanted, and at the end; symmetric (``cov2`` None) if
        the start is.

    Raises
    ------
    NetworkError, NotSupportedError, RangeError
        The message names the layer.
    """
    walk = _Walk(runs, keywords)
    end = walk.serial([("", spec)], start)
    if isinstance(end, tuple):
        raise NetworkError(
            f"{_short(spec)}: the network ends with {len(end)} branches; expected one. "
            "Join them, e.g. by FanInSum()"
        )
    kernel = end if isinstance(end, Kernel) else run_spec(Identity(), end, runs)
    return walk.taps | {END: kernel}


class _Walk:
    """One evaluation: what is the same at every layer, and a method per kind."""

    def __init__(self, runs: Runs, keywords: Mapping[str, Any]) -> None:
        self.runs = runs
        self.keywords = keywords
        self.taps: dict[str, Kernel] = {}

    def serial(self, layers: Sequence[_Place], state: State) -> State:
        """Apply layers in order: runs as long as can be, or single stages."""
        todo = [place for layer in layers for place in _flat(*layer)]
        k = 0
        while k < len(todo):
            stop = k
            if not isinstance(state, tuple):
                stop = self._end_of_run(todo, k, n_positions(state) is not None)
            if stop > k:
                state = self._run(todo[k:stop], state)
            else:
                state = self._stage(*todo[k], state)
            k = max(stop, k + 1)
        return state

    def _run(self, layers: Sequence[_Place], state: Any) -> Kernel:
        places, specs = zip(*layers, strict=True)
        return run_spec(Section(specs, places), state, self.runs)

    def _end_of_run(
        self, todo: Sequence[_Place], start: int, has_positions: bool
    ) -> int:
        """Return the end of the longest run from one branch to one branch."""
        tree: _Tree = None
        end = start
        for k in range(start, len(todo)):
            spec = todo[k][1]
            if not is_one_run(spec, has_positions=has_positions):
                break
            if not self.runs.wanted.isdisjoint(tap_names(spec)):
                break
            try:
                tree = _tree_after(spec, tree)
            except ValueError:
                return k + 1  # lowering says what is wrong
            if tree is None:
                end = k + 1
        return end

    def _stage(self, where: str, spec: Spec, state: State) -> State:
        label = _short(spec) + (f" at layer {where}" if where else "")
        if isinstance(spec, Parallel):
            return self._parallel(spec, state, where)
        if isinstance(state, tuple) and isinstance(spec, (*JOINS, Custom)):
            branches = [self._as_kernel(branch, label) for branch in state]
            if isinstance(spec, Custom):
                return run_custom(spec, branches, self.keywords, label)
            return join_branches(spec, branches, label)
        if isinstance(state, tuple):
            raise NetworkError(
                f"{label}: found {len(state)} branches at its input; expected one. Put "
                "layers for branches into parallel(...), or join them by FanInSum()"
            )
        if isinstance(spec, FanOut):
            return (state,) * spec.num
        kernel = self._as_kernel(state, label)
        if isinstance(spec, Tap):
            self.taps[spec.name] = kernel
            return kernel
        if isinstance(spec, Custom):
            return run_custom(spec, kernel, self.keywords, label)
        if isinstance(spec, JOINS):
            raise NetworkError(
                f"{label}: found one branch at its input; expected several. Put FanOut "
                "and parallel before it"
            )
        return run_positional(spec, kernel, self.keywords, label)

    def _parallel(self, spec: Parallel, state: State, where: str) -> State:
        found = len(state) if isinstance(state, tuple) else 1
        if not isinstance(state, tuple) or found != len(spec.layers):
            raise NetworkError(
                f"parallel(...) at layer {where}: found {found} branches at its input; "
                f"expected {len(spec.layers)}, one per layer. Put "
                f"FanOut({len(spec.layers)}) before it"
            )
        return tuple(
            self.serial([(f"{where}.{k}", layer)], branch)
            for k, (layer, branch) in enumerate(zip(spec.layers, state, strict=True))
        )

    def _as_kernel(self, state: State, label: str) -> Kernel:
        if isinstance(state, tuple):
            raise NetworkError(
                f"{label}: found branches within branches; join the inner ones first"
            )
        if isinstance(state, Kernel):
            return state
        return run_spec(Identity(), state, self.runs)


def _flat(where: str, spec: Spec) -> Iterator[_Place]:
    """Yield the layers of nested serials, each with its place."""
    if not isinstance(spec, Serial):
        yield where, spec
        return
    for k, layer in enumerate(spec.layers):
        yield from _flat(f"{where}.{k}" if where else str(k), layer)


def _tree_after(spec: Spec, tree: _Tree) -> _Tree:
    """Return the branches after a layer; ValueError if it does not fit them."""
    match spec:
        case Serial(layers=layers):
            for layer in layers:
                tree = _tree_after(layer, tree)
            return tree
        case Parallel(layers=layers):
            pairs = zip(layers, () if tree is None else tree, strict=True)
            return tuple(_tree_after(layer, branch) for layer, branch in pairs)
        case FanOut(num=num) if tree is None:
            return (None,) * num
        case _ if isinstance(spec, JOINS) == (tree is None):
            raise ValueError
        case _:
            return None


def _short(spec: Spec) -> str:
    text = repr(spec)
    return text if len(text) <= 60 else text[:57] + "..."
