"""A valid call of every public function, by name; arguments are tiny."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import fastntk
from fastntk import benchmark, operators, plotting, predict, solvers, stax, theory
from tests.test_docs.public import public_names

__all__ = ["NET", "Call", "calls", "classes"]

R = np.random.default_rng(2)
NET = stax.serial(stax.Dense(8), stax.Relu(), stax.Dense(1, b_std=0.1))
X, Y = R.standard_normal((12, 3)), R.standard_normal((12, 1))
X2 = R.standard_normal((4, 3))
LABELS = np.arange(12) % 2
K = fastntk.gram(NET, X)
BOTH = fastntk.gram(NET, X, get=("nngp", "ntk"))
K.flags.writeable = False  # overwrite=True shall not change it
SPECTRUM = theory.decompose(K, Y)
CURVE = {"x": np.linspace(0, 1, 5), "mean": np.zeros(5), "variance": np.ones(5)}
TIMES = np.array([1.0, 2.0, 4.0])
SIZES, ERRORS = np.array([2, 4, 8]), np.array([1.0, 0.5, 0.25])
GRID: dict[str, Any] = {"W_std": np.array([1.0, 1.5]), "b_std": np.array([0.1, 0.2])}


class Call(NamedTuple):
    """A public function, and valid arguments by name."""

    function: Any
    arguments: Mapping[str, Any]

    def __call__(self, **changes: Any) -> Any:
        """Call it, with some arguments changed; results that are lazy are used."""
        given = {**self.arguments, **changes}
        names = list(inspect.signature(self.function).parameters)
        star = [name for name in names if name.startswith("layers")]
        positional = given.pop(star[0]) if star else ()
        found = self.function(*positional, **given)
        return list(found) if inspect.isgenerator(found) else found


def calls(folder: Path) -> dict[str, Call]:
    """Return the calls by full name; stores and models are in a folder."""
    found = {**_kernels(folder), **_solvers(folder), **_predict(), **_theory()}
    found |= {**_layers(), **_plotting()}
    by_function = {id(call.function): call for call in found.values()}
    for name in public_names():  # the same function under another name
        if id(name.value) in by_function:
            found[name.full] = by_function[id(name.value)]
    return found


def _named(module: Any, table: Mapping[str, Mapping[str, Any]]) -> dict[str, Call]:
    return {
        f"{module.__name__}.{name}": Call(getattr(module, name), arguments)
        for name, arguments in table.items()
    }


def _kernels(folder: Path) -> dict[str, Call]:
    rows = {"net": NET, "x1": X, "x2": X2}
    store = folder / "k.npy"
    fastntk.gram_to_store(NET, X, path=store)
    table: dict[str, dict[str, Any]] = {
        "batch": {"kernel_fn": NET, "batch_size": 2},
        "diagonal": {"net": NET, "x": X},
        "dual_activation": {"layer": stax.Erf(), "q11": 1.0, "q12": 0.5, "q22": 1.0},
        "gram": rows,
        "gram_to_store": {**rows, "path": folder / "new.npy", "overwrite": True},
        "open_store": {"path": store},
        "operator": rows,
        "tiles": rows,
        "verify_store": {"path": store, "x1": X, "net": NET},
    }
    return _named(fastntk, table)


def _solvers(folder: Path) -> dict[str, Call]:
    system: dict[str, Any] = {"net": NET, "x": X, "y": Y, "ridge": 0.1}
    model = folder / "model.npz"
    fastntk.fit(**system).save(model)
    inverted = {"operator": K, "ridge": 0.1, "probes": 4}
    iterative = {"operator": K, "b": Y, "ridge": 0.1}
    direct = {"matrix": K, "b": Y, "ridge": 0.1}
    table: dict[str, dict[str, Any]] = {
        "apply_function": {"operator": K, "f": np.sqrt, "b": Y},
        "askotch": {**iterative, "rtol": 1e-2},
        "block_cg": iterative,
        "cholesky": direct,
        "eigh": direct,
        "falkon": {**iterative, "centers": 4},
        "fit": system,
        "identity": {"n": 4},
        "load_model": {"path": model},
        "log_determinant": inverted,
        "nystrom": {"operator": K, "ridge": 0.1, "rank": 4},
        "pinv": direct,
        "rpcholesky": {"operator": K, "ridge": 0.1, "rank": 4},
        "solve": system,
        "trace_inverse": inverted,
    }
    return _named(solvers, table)


def _predict() -> dict[str, Call]:
    given = {"k_train_train": K, "y_train": Y}
    table: dict[str, dict[str, Any]] = {
        "gp_inference": {"k_train_train": BOTH, "y_train": Y, "diag_reg": 0.1},
        "gradient_descent": {"loss": "huber", **given},
        "gradient_descent_mse": given,
        "gradient_descent_mse_ensemble": {
            "kernel_fn": NET,
            "x_train": X,
            "y_train": Y,
        },
        "kernel_gradient_descent": {**given, "n_steps": 3},
        "max_learning_rate": {"ntk_train_train": K, "y_train_size": 12},
    }
    return _named(predict, table)


def _theory() -> dict[str, Call]:
    regularised = {"spectrum": SPECTRUM, "ridge": 0.1}
    table: dict[str, dict[str, Any]] = {
        "certify_positive_definite": {"kernel": K},
        "check_depth": {"net": NET},
        "convergence": {"kernel": K},
        "critical_line": {"activation": stax.Erf(), "b_std": 0.1},
        "decompose": {"kernel": K, "y": Y},
        "design_activation": {"wanted": np.array([0.1, 1.0, 0.5])},
        "eigenlearning": {
            "eigenvalues": np.array([1.0, 0.5]),
            "power": np.array([1.0, 0.2]),
            "n_samples": 4,
        },
        "extreme_eigenvalues": {"kernel": K},
        "finite_width": {"net": NET},
        "generalisation_bound": regularised,
        "kare": regularised,
        "kernel_profile": {"net": NET, "theta": 0.5, "d": 3},
        "learning_curve": {**regularised, "n_samples": [4, 8]},
        "leave_one_out": regularised,
        "phase_diagram": {"activation": stax.Erf(), **GRID},
        "phase_point": {"activation": stax.Erf(), "W_std": 1.5, "b_std": 0.1},
        "rkhs_norm": regularised,
        "sphere_multiplicity": {"d": 3, "degree": 2},
        "sphere_spectrum": {"net": NET, "d": 3, "n_degrees": 4},
        "steps_to_loss": {"spectrum": SPECTRUM, "loss": 0.1, "learning_rate": 0.1},
        "time_to_loss": {"spectrum": SPECTRUM, "loss": 0.1},
    }
    return _named(theory, table)


def _layers() -> dict[str, Call]:
    required: dict[str, dict[str, Any]] = {
        "ABRelu": {"a": 0.1, "b": 1.0},
        "Dense": {"out_dim": 8},
        "Dropout": {"rate": 0.5},
        "Elementwise": {"fn": np.tanh},
        "ElementwiseNumerical": {"fn": np.tanh, "deg": 8},
        "FanOut": {"num": 2},
        "Hermite": {"degree": 2},
        "Index": {"idx": (slice(None), 0)},
        "LeakyRelu": {"alpha": 0.1},
        "Monomial": {"degree": 2},
        "Polynomial": {"coef": [1.0, 0.5]},
        "RectifiedMonomial": {"degree": 2},
        "Tap": {"name": "block 1"},
        "from_json": {"text": NET.to_json()},
        "parallel": {"layers": (stax.Dense(8), NET)},
        "repeat": {"layer": NET, "n": 2},
        "serial": {"layers": (stax.Dense(8), stax.Relu())},
    }
    names = [n for n in stax.__all__ if inspect.isfunction(getattr(stax, n))]
    return _named(stax, {name: required.get(name, {}) for name in names})


def _plotting() -> dict[str, Call]:
    losses = {"train": ERRORS, "test": ERRORS}
    curves = {"times": TIMES, "mean": np.ones((3, 2)), "variance": np.ones((3, 2))}
    table: dict[str, dict[str, Any]] = {
        "accuracy_curve": {"sizes": SIZES, "accuracies": 1 - ERRORS},
        "dynamics_figure": {
            **curves,
            "losses": losses,
            "targets": np.ones(2),
            "names": ["a", "b"],
        },
        "kernel_matrix": {"kernel": K, "labels": LABELS},
        "learning_curve": {"sizes": SIZES, "errors": ERRORS},
        "loss_curves": {"times": TIMES, "losses": losses},
        "new_figure": {},
        "phase_diagram": {"diagram": theory.phase_diagram(stax.Erf(), **GRID)},
        "predictive_bands": CURVE,
        "ridge_curve": {"kare": theory.kare(SPECTRUM, np.array([0.1, 1.0]))},
        "spectrum": {"eigenvalues": SPECTRUM.eigenvalues},
        "summary_figure": {
            "kernel": K,
            "labels": LABELS,
            "eigenvalues": SPECTRUM.eigenvalues,
            "sizes": SIZES,
            "accuracies": 1 - ERRORS,
        },
        "training_curves": curves,
    }
    return _named(plotting, table)


def classes() -> dict[str, Call]:
    """Return the public classes that are called, not returned by a function."""
    given = {"kernel_fn": NET, "x_train": X, "y_train": Y}
    stated = {"nngp": BOTH.nngp, "ntk": BOTH.ntk, "cov1": BOTH.nngp.diagonal()}
    return {
        **_named(benchmark, {"Settings": {"net": NET}}),
        **_named(fastntk, {"Kernel": stated}),
        **_named(
            operators,
            {"ShiftedOperator": {"operator": fastntk.operator(NET, X), "ridge": 0.1}},
        ),
        **_named(
            predict,
            {
                "CrossEntropy": {},
                "GradientFlow": given,
                "Huber": {"delta": 0.5},
                "Logistic": {},
                "MeanSquared": {},
                "ODEState": {"fx_train": Y},
                "Posterior": given,
            },
        ),
        **_named(solvers, {"DenseOperator": {"matrix": K}}),
        **_named(stax, {"Network": {"spec": NET.spec}}),
    }
