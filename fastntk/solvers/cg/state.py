"""The state of a solve between two iterations: all that a checkpoint holds."""

import dataclasses
from typing import Any

import numpy as np

from fastntk._typing import AnyArray, FloatArray
from fastntk.solvers.cg.krylov import Krylov

__all__ = ["CGState"]


@dataclasses.dataclass
class CGState:
    """Everything that a checkpoint holds."""

    x: FloatArray
    residual: FloatArray
    levels: FloatArray
    given_up: Any
    active: Any
    goals: FloatArray
    started: FloatArray
    krylov: Krylov | None = None
    iterations: int = 0
    cycle: int = 0
    in_cycle: int = 0
    best: float = np.inf
    since_best: int = 0
    failures: int = 0
    is_mixed: bool = False
    has_looked: bool = False
    reduction: float = 1e-4
    products: int = 0
    history: list[float] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)

    @classmethod
    def fresh(cls, b: FloatArray, is_mixed: bool, reduction: float) -> "CGState":
        """Return the state before the first cycle, for columns of norm 1 or 0."""
        none = np.zeros(0)
        return cls(
            np.zeros_like(b),
            b.copy(),
            np.linalg.norm(b, axis=0),
            np.zeros(b.shape[1], dtype=bool),
            np.arange(0),
            none,
            none,
            is_mixed=is_mixed,
            reduction=reduction,
        )

    def packed(self) -> tuple[dict[str, AnyArray], dict[str, Any]]:
        """Return arrays and plain values."""
        values = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        krylov = values.pop("krylov")
        arrays = {k: v for k, v in values.items() if isinstance(v, np.ndarray)}
        facts = {k: v for k, v in values.items() if not isinstance(v, np.ndarray)}
        if krylov is not None:
            arrays |= {f"krylov_{k}": v for k, v in vars(krylov).items()}
        return arrays, facts

    @classmethod
    def unpacked(cls, arrays: dict[str, AnyArray], facts: dict[str, Any]) -> "CGState":
        """Return the state that was packed."""
        names = {f.name for f in dataclasses.fields(cls)}
        krylov = {k[7:]: v for k, v in arrays.items() if k.startswith("krylov_")}
        state = cls(**{k: v for k, v in (facts | arrays).items() if k in names})
        if krylov:
            state.krylov = Krylov(**krylov)
        state.given_up[...] = False  # asked again: tried again
        return state
