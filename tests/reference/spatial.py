"""Sequences in multiple precision: every position of every sample is a row.

Layers that mix positions are linear maps within a sample, or, for Flatten, averages
over positions.  A sum of such maps is all there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from mpmath import mpf

from tests.reference.pairs import PairState

# what becomes of the positions of one sample: (new positions, old positions)
Map = np.ndarray


@dataclass
class Sequences:
    """A `PairState` of all pairs of rows, and how many rows make a sample."""

    state: PairState
    positions: int
    edges: np.ndarray | None  # (samples, positions, positions), for Aggregate

    @property
    def width(self) -> float:
        return self.state.width

    @width.setter
    def width(self, value: float) -> None:
        self.state.width = value

    def __getattr__(self, name: str) -> Any:
        """Apply a layer that does not mix positions to the rows."""
        if name.startswith("_"):
            raise AttributeError(name)
        layer = getattr(self.state, name)

        def apply(*args: Any) -> "Sequences":
            plain = (a.state if isinstance(a, Sequences) else a for a in args)
            return replace(self, state=layer(*plain))

        return apply

    @property
    def n_samples(self) -> int:
        return len(self.state.q) // self.positions

    def spatial(self, name: str, params: dict[str, Any]) -> "Sequences":
        size = self.positions
        if name == "DotGeneral" and not params.get("dimension_numbers"):
            return replace(self, state=self.state.spatial(name, params))
        if name == "Aggregate":
            return self if self.edges is None else self._linear(*self._transposed())
        if name == "Flatten":
            parts = [self._linear(np.eye(size)[[k]]) for k in range(size)]
            total = parts[0]
            for part in parts[1:]:
                total = total.add(part)
            flat: Sequences = total.scale(Fraction(1, size))
            flat.width = self.width * size
            return flat
        mapped = self._linear(_MAPS[name](size, params))
        if name == "GlobalAvgPool":
            averaged: Sequences = mapped.scale(Fraction(1, size**2))
            return averaged
        return mapped

    def _transposed(self) -> list[Map]:
        assert self.edges is not None
        return [edges.T for edges in self.edges]

    def _linear(self, *maps: Map) -> "Sequences":
        """Apply a map per sample, or the same one to all."""
        exact = [np.vectorize(mpf, otypes=[object])(m) for m in maps]
        each = exact if len(exact) > 1 else exact * self.n_samples
        new = len(each[0])
        pairs = [(i, j) for i in range(new * self.n_samples) for j in range(i + 1)]
        c = _mapped(self._full(self.state.c), each, self.positions)
        t = _mapped(self._full(self.state.t), each, self.positions)
        state = PairState(
            pairs,
            list(c.diagonal()),
            [c[p] for p in pairs],
            [t[p] for p in pairs],
            self.state.width,
            [i == j for i, j in pairs],
        )
        return Sequences(state, new, self.edges)

    def _full(self, values: Sequence[mpf]) -> np.ndarray:
        n = len(self.state.q)
        full = np.empty((n, n), dtype=object)
        for (i, j), value in zip(self.state.pairs, values, strict=True):
            full[i, j] = full[j, i] = value
        return full

    def kernels(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the NNGP and tangent kernels of samples that are one row each."""
        assert self.positions == 1
        c, t = self._full(self.state.c), self._full(self.state.t)
        return c.astype(np.float64), t.astype(np.float64)


def _mapped(full: np.ndarray, maps: list[Map], size: int) -> np.ndarray:
    starts = range(0, len(full), size)
    return np.block(
        [
            [
                left @ full[i : i + size, j : j + size] @ right.T
                for j, right in zip(starts, maps, strict=True)
            ]
            for i, left in zip(starts, maps, strict=True)
        ]
    )


def _index(size: int, params: dict[str, Any]) -> Map:
    """The entries of ``idx`` are those of the stored networks."""
    entry = params["idx"][1]
    picked = [entry] if isinstance(entry, int) else range(size)[slice(*entry)]
    return np.eye(size)[list(picked)]


def _dot_general(size: int, params: dict[str, Any]) -> Map:
    return np.array([params.get("rhs", params.get("lhs"))])


_MAPS: dict[str, Any] = {
    "GlobalAvgPool": lambda size, params: np.ones((1, size)),
    "GlobalSumPool": lambda size, params: np.ones((1, size)),
    "Index": _index,
    "DotGeneral": _dot_general,
}
