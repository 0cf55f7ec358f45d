"""Problems whose learning curves are told from few rows: made ones, and real sets."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import datasets

from fastntk import stax

__all__ = ["PROBLEMS", "Data", "Problem"]

N_TEST = 2000
FOLDS = 5


@dataclass(frozen=True)
class Data:
    """Rows and targets, and which are known, learned from, and tested on."""

    x: Any
    y: Any
    known: Any  # indices
    pairs: tuple[tuple[Any, Any], ...]  # (rows to learn from, rows to test on)


@dataclass(frozen=True)
class Problem:
    """A task with a network and a ridge.

    ``half`` is "first" for the problems that constants of the method were chosen on,
    and "second" for those that only checked them.
    """

    name: str
    half: str
    d: int
    noise: float | None  # variance, None where it is not known
    n: int
    net: Any
    diag_reg: float
    make: Callable[[Any, "Problem"], Data]


def _relu(depth: int) -> Any:
    hidden = stax.serial(stax.Dense(512, W_std=1.5, b_std=0.1), stax.Relu())
    return stax.serial(*depth * [hidden], stax.Dense(1, W_std=1.5, b_std=0.1))


def _erf(depth: int) -> Any:
    hidden = stax.serial(stax.Dense(512, W_std=1.5, b_std=0.5), stax.Erf())
    return stax.serial(*depth * [hidden], stax.Dense(1, W_std=1.5, b_std=0.1))


# --- made problems --------------------------------------------------------------------


def _gauss(rng: Any, n: int, d: int) -> Any:
    return rng.standard_normal((n, d))


def _sphere(rng: Any, n: int, d: int) -> Any:
    x = rng.standard_normal((n, d))
    return x * np.sqrt(d) / np.linalg.norm(x, axis=1, keepdims=True)


def _cube(rng: Any, n: int, d: int) -> Any:
    return rng.uniform(-1.7, 1.7, (n, d))


def _decaying(rng: Any, n: int, d: int) -> Any:
    return rng.standard_normal((n, d)) * np.arange(1, d + 1) ** -0.7


def _target(kind: str, rng: Any, d: int) -> Callable[[Any], Any]:
    """Return a function of rows."""
    u = rng.standard_normal(d)
    u /= np.linalg.norm(u)
    weights, signs = rng.standard_normal((d, 64)), rng.standard_normal(64)
    functions: dict[str, Callable[[Any], Any]] = {
        "linear": lambda x: x @ u,
        "sine": lambda x: np.sin(2.0 * x @ u),
        "square": lambda x: (x @ u) ** 2,
        "step": lambda x: np.sign(x @ u),
        "product": lambda x: x[:, 0] * x[:, 1] + x[:, 0],
        "kink": lambda x: np.abs(x[:, 0]) - x[:, 1],
        "waves": lambda x: np.sin(3.0 * x).sum(axis=1),
        "teacher": lambda x: np.maximum(x @ weights, 0.0) @ signs,
        "friedman": lambda x: np.sin(x[:, 0] * x[:, 1]) + 0.5 * x[:, 2] ** 2 + x[:, 3],
    }
    return functions[kind]


def _made(rows: Callable[..., Any], kind: str) -> Callable[[Any, Problem], Data]:
    def make(rng: Any, problem: Problem) -> Data:
        n = problem.n
        function = _target(kind, rng, problem.d)
        x = rows(rng, 4 * n + N_TEST, problem.d)
        y = function(x)
        y = (y - y.mean()) / y.std()
        y = y + np.sqrt(problem.noise or 0.0) * rng.standard_normal(len(y))
        pool, test = np.arange(4 * n), np.arange(4 * n, len(x))
        return Data(x, y[:, None], pool[:n], ((pool, test),))

    return make


# --- real sets ------------------------------------------------------------------------


def _real(
    load: Callable[[], tuple[Any, Any]],
) -> Callable[[Any, Problem], Data]:
    """Take a fifth as known; measure by learning from four fifths, all folds."""

    def make(rng: Any, problem: Problem) -> Data:
        x, y = load()
        order = rng.permutation(len(x))[: 5 * problem.n]
        x, y = x[order].astype(float), y[order].astype(float)
        spread = x.std(axis=0)
        x = (x - x.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
        y = (y - y.mean(axis=0)) / np.sqrt(y.var(axis=0).mean())
        blocks = np.array_split(np.arange(len(x)), FOLDS)
        pairs = []
        for fold, test in enumerate(blocks):
            others = [blocks[(fold + 1 + i) % FOLDS] for i in range(FOLDS - 1)]
            pairs.append((np.concatenate(others), test))
        return Data(x, y, np.sort(rng.permutation(len(x))[: problem.n]), tuple(pairs))

    return make


def _loaded(name: str) -> Callable[[], tuple[Any, Any]]:
    """Return features and targets of a set; classes one-hot."""

    def load() -> tuple[Any, Any]:
        found = getattr(datasets, f"load_{name}")()
        x, y = found.data, found.target
        if hasattr(found, "target_names") and y.dtype.kind == "i":
            y = np.eye(int(y.max()) + 1)[y]
        return x, y.reshape(len(x), -1)

    return load


def _column(name: str, column: int) -> Callable[[], tuple[Any, Any]]:
    """Return one feature as the target of the others."""

    def load() -> tuple[Any, Any]:
        x = getattr(datasets, f"load_{name}")().data
        return np.delete(x, column, axis=1), x[:, [column]]

    return load


def _digit() -> tuple[Any, Any]:
    found = datasets.load_digits()
    return found.data, found.target[:, None].astype(float)


_MADE = [  # half, rows, target, d, noise, n, network, ridge
    ("first", _gauss, "linear", 10, 1.0, 300, _relu(3), 1e-4),
    ("first", _gauss, "linear", 10, 0.0, 300, _relu(3), 1e-4),
    ("first", _sphere, "sine", 6, 0.01, 350, _relu(2), 1e-2),
    ("first", _cube, "waves", 2, 0.1, 250, _relu(2), 1e-3),
    ("first", _gauss, "teacher", 20, 0.3, 350, _relu(1), 1e-3),
    ("first", _cube, "step", 3, 0.0, 250, _relu(2), 1e-3),
    ("first", _decaying, "square", 10, 0.1, 300, _erf(1), 1e-2),
    ("first", _gauss, "product", 4, 0.0, 300, _erf(1), 1e-3),
    ("first", _sphere, "kink", 8, 0.5, 350, _relu(3), 1e-1),
    ("first", _cube, "sine", 2, 1.0, 200, _erf(2), 1e-3),
    ("first", _gauss, "friedman", 15, 0.03, 350, _relu(2), 1e-3),
    ("first", _gauss, "square", 20, 0.0, 350, _relu(2), 1e-3),
    ("first", _gauss, "sine", 5, 0.2, 300, _relu(2), 1e-3),
    ("first", _sphere, "linear", 20, 0.5, 350, _relu(1), 1e-2),
    ("first", _cube, "kink", 2, 0.0, 250, _relu(3), 1e-4),
    ("first", _gauss, "waves", 3, 0.01, 350, _erf(1), 1e-3),
    ("first", _decaying, "teacher", 20, 0.1, 300, _relu(2), 1e-2),
    ("first", _cube, "product", 6, 1.0, 350, _relu(2), 1e-2),
    ("first", _sphere, "square", 10, 0.03, 350, _relu(1), 1e-3),
    ("first", _gauss, "step", 10, 0.1, 300, _erf(2), 1e-2),
    ("first", _gauss, "teacher", 4, 0.0, 350, _relu(3), 1e-3),
    ("first", _decaying, "friedman", 8, 0.3, 250, _relu(1), 1e-1),
    ("first", _cube, "linear", 3, 0.7, 220, _relu(3), 1e-4),
    ("first", _sphere, "sine", 15, 0.0, 350, _relu(2), 1e-3),
    ("second", _gauss, "kink", 12, 0.2, 300, _relu(2), 1e-3),
    ("second", _cube, "teacher", 5, 0.05, 250, _relu(2), 1e-3),
    ("second", _gauss, "linear", 15, 0.4, 350, _relu(1), 1e-3),
    ("second", _decaying, "sine", 12, 0.02, 300, _relu(3), 1e-3),
    ("second", _sphere, "product", 5, 0.0, 250, _relu(2), 1e-2),
    ("second", _cube, "waves", 3, 0.5, 300, _erf(1), 1e-2),
    ("second", _gauss, "step", 4, 0.8, 250, _relu(1), 1e-2),
    ("second", _decaying, "linear", 20, 0.0, 350, _relu(2), 1e-3),
    ("second", _cube, "friedman", 7, 0.1, 350, _relu(3), 1e-2),
    ("second", _sphere, "kink", 18, 1.0, 350, _relu(2), 1e-1),
    ("second", _gauss, "square", 3, 0.05, 250, _erf(2), 1e-3),
    ("second", _gauss, "teacher", 8, 0.0, 300, _relu(1), 1e-3),
]
_REAL = [  # half, name, load, d, n, network, ridge
    ("first", "diabetes", _loaded("diabetes"), 10, 88, _relu(2), 1e-1),
    ("first", "iris, classes", _loaded("iris"), 4, 30, _relu(1), 1e-2),
    ("first", "digits as regression", _digit, 64, 350, _relu(2), 1e-3),
    ("first", "wine, alcohol", _column("wine", 0), 12, 35, _relu(1), 1e-1),
    ("first", "breast cancer, smoothness", _column("breast_cancer", 4), 29, 113,
     _relu(1), 1e-1),
    ("first", "wine, classes", _loaded("wine"), 13, 35, _relu(2), 1e-2),
    ("first", "breast cancer, classes", _loaded("breast_cancer"), 30, 113, _relu(2),
     1e-2),
    ("first", "digits, classes", _loaded("digits"), 64, 350, _relu(1), 1e-3),
    ("first", "iris, petal width", _column("iris", 3), 3, 30, _relu(1), 1e-2),
    ("first", "diabetes, body mass", _column("diabetes", 2), 9, 88, _relu(1), 1e-1),
    ("second", "linnerud", _loaded("linnerud"), 3, 4, _relu(1), 1e-1),
    ("second", "diabetes, blood pressure", _column("diabetes", 3), 9, 88, _relu(2),
     1e-1),
    ("second", "breast cancer, texture", _column("breast_cancer", 1), 29, 113,
     _relu(2), 1e-1),
    ("second", "breast cancer, symmetry", _column("breast_cancer", 8), 29, 113,
     _relu(1), 1e-2),
    ("second", "wine, colour", _column("wine", 9), 12, 35, _relu(2), 1e-2),
    ("second", "digits, a pixel", _column("digits", 28), 63, 350, _relu(2), 1e-2),
    ("second", "digits, another", _column("digits", 43), 63, 300, _relu(1), 1e-2),
    ("second", "iris, sepal length", _column("iris", 0), 3, 30, _relu(2), 1e-1),
]  # fmt: skip


def _kind(rows: Any) -> str:
    return str(rows.__name__).lstrip("_")


PROBLEMS = tuple(
    Problem(f"{kind}, {_kind(rows)}", half, d, noise, n, net, reg, _made(rows, kind))
    for half, rows, kind, d, noise, n, net, reg in _MADE
) + tuple(
    Problem(name, half, d, None, n, net, reg, _real(load))
    for half, name, load, d, n, net, reg in _REAL
)
