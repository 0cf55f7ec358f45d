"""Programs to be killed: a store being written, a solver that saves its state."""

import hashlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

import fastntk
from bench.torture.counters import Counters
from fastntk import stax
from fastntk.store.files import FileLayer
from fastntk.store.journal import read_journals
from fastntk.store.manifest import meta_folder


class Target(Protocol):
    """A program that can be started again after it was killed."""

    name: str

    def watch(self, counters: Counters) -> None:
        """Count its file operations from now on."""
        ...

    def run(self, folder: Path) -> None:
        """Do the work, or go on with it."""
        ...

    def finished(self, folder: Path) -> int:
        """Return how many parts are finished."""
        ...

    def finish(self, folder: Path) -> tuple[int, int]:
        """Go on to the end; return parts found, and parts computed."""
        ...

    def digest(self, folder: Path) -> str:
        """Return a hash of the result."""
        ...


def network() -> Any:
    layers = [stax.Dense(512, W_std=1.5, b_std=0.1), stax.Relu()]
    return stax.serial(*layers * 3, stax.Dense(1, W_std=1.5, b_std=0.1))


@dataclass
class StoreTarget:
    """`fastntk.gram_to_store` in one format."""

    suffix: str
    layout: str = "full"
    n: int = 1600
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kind = ", whole rows" if self.options.get("chunk", 0) is None else ""
        self.name = f"gram_to_store {self.suffix} {self.layout}{kind}"
        self.net = network()
        self.x = np.random.default_rng(0).standard_normal((self.n, 8))

    def watch(self, counters: Counters) -> None:
        for method, name in (
            ("write", "write"),
            ("write_at", "write"),
            ("rename", "rename"),
            ("sync", "sync"),
        ):
            counters.watch(FileLayer, method, name)

    def run(self, folder: Path) -> None:
        self._call(folder)

    def finished(self, folder: Path) -> int:
        meta = meta_folder(folder / f"K{self.suffix}")
        return len(read_journals(meta)) if meta.is_dir() else 0

    def finish(self, folder: Path) -> tuple[int, int]:
        report = self._call(folder)
        assert report.is_complete
        return report.found, report.computed

    def digest(self, folder: Path) -> str:
        with fastntk.open_store(folder / f"K{self.suffix}") as K:
            return hashlib.sha256(np.asarray(K).tobytes()).hexdigest()

    def _call(self, folder: Path) -> Any:
        path = folder / f"K{self.suffix}"
        options: dict[str, Any] = {"chunk": 64, "threads": 2, **self.options}
        return fastntk.gram_to_store(
            self.net, self.x, path=path, layout=self.layout, **options
        )


@dataclass
class SolverTarget:
    """Conjugate gradients that write a checkpoint after every iteration."""

    n: int = 500
    name: str = "solve(method='cg', checkpoint=...)"

    def __post_init__(self) -> None:
        rng = np.random.default_rng(1)
        self.net = network()
        self.x = rng.standard_normal((self.n, 6))
        self.y = rng.standard_normal((self.n, 2))

    def watch(self, counters: Counters) -> None:
        import os

        counters.watch(np, "savez", "write")
        counters.watch(os, "fsync", "sync")
        counters.watch(Path, "replace", "rename")

    def run(self, folder: Path) -> None:
        result = fastntk.solve(
            self.net,
            self.x,
            self.y,
            ridge=1e-4,
            method="cg",
            rtol=1e-9,
            checkpoint=folder / "state.npz",
            checkpoint_seconds=0.0,
        )
        np.save(folder / "waiting.npy", np.asarray(result.x))
        shutil.move(folder / "waiting.npy", folder / "x.npy")

    def finished(self, folder: Path) -> int:
        return int((folder / "state.npz").exists())

    def finish(self, folder: Path) -> tuple[int, int]:
        before = self.finished(folder)
        self.run(folder)
        return before, 1 - before

    def digest(self, folder: Path) -> str:
        return hashlib.sha256(np.load(folder / "x.npy").tobytes()).hexdigest()
