"""Whatever a public name makes can be pickled, and does the same afterwards."""

import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import predict, solvers, stax
from tests.test_docs.public import public_names
from tests.test_public.calls import BOTH, NET, X2, K, X, Y, calls, classes

# Names that make nothing which could be pickled, each with the reason.
NOTHING = {
    "fastntk.benchmark.RIVALS": "a tuple of strings",
    "fastntk.benchmark.run_benchmark": "returns JSON, of minutes of work",
    "fastntk.predict.Loss": "a protocol",
    "fastntk.predict.Solver": "a union of types",
    "fastntk.solvers.KernelOperator": "a protocol",
    "fastntk.stax.Slice": "what stands between brackets; Index is pickled",
    "fastntk.plotting.new_figure": "a figure of matplotlib",
}
CROSS = fastntk.gram(NET, X2, X, ("nngp", "ntk"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return an object, or the result of a call, for every public name."""
    table = {**calls(tmp_path_factory.mktemp("files")), **classes()}
    found = {
        name: call()
        for name, call in table.items()
        if name not in NOTHING and not name.startswith("fastntk.plotting.")
    }
    objects = [*found.values(), *_parts()]
    by_type = {type(value): value for value in objects}
    for name in public_names():
        if inspect.isclass(name.value) and name.value in by_type:
            found.setdefault(name.full, by_type[name.value])
    return found


def _parts() -> list[Any]:
    """Return objects that are parts of results, or given to callbacks, or raised."""
    step: list[Any] = []
    direct = fastntk.solve(NET, X, Y, ridge=0.1)
    solvers.block_cg(K, Y, 0.1, callback=step.append)
    kernels = [
        solvers.CholeskyFactor.of(K.copy(), 0.1),
        solvers.EighFactor.of(K.copy()),
    ]
    raised = [
        error("found this; expected that")
        for error in (getattr(fastntk, name) for name in fastntk.__all__)
        if inspect.isclass(error) and issubclass(error, Exception)
    ]
    return [
        *kernels,
        *raised,
        fastntk.ConvergenceError("no", direct),
        solvers.SolveInterrupted("stopped", direct),
        direct.status,
        step[0],
        predict.Posterior(NET, X, Y).report,
        predict.Gaussian(Y, K),
        fastntk.theory.DepthWarning("deep"),
        stax.AggregateImplementation.SPARSE,
    ]


@pytest.mark.parametrize("name", [name.full for name in public_names()])
def test_every_public_name_is_pickled_or_listed(
    name: str, made: dict[str, Any]
) -> None:
    if name in NOTHING or name.startswith("fastntk.plotting."):
        assert name not in made
        return
    assert name in made, f"{name}: make one in calls.py, or say here why not"
    value = made[name]
    again = pickle.loads(pickle.dumps(value))
    assert type(again) is type(value)
    if isinstance(value, np.ndarray):
        assert np.array_equal(again, value)


USES: dict[str, Callable[[Any], Any]] = {
    "fastntk.operator": lambda K: K @ np.ones(K.shape[1]),
    "fastntk.fit": lambda model: model.predict(X2),
    "fastntk.batch": lambda function: function(X, None, "ntk"),
    "fastntk.open_store": lambda store: store[2:5],
    "fastntk.solvers.identity": lambda p: p.solve(np.ones((4, 1))),
    "fastntk.predict.gp_inference": lambda p: p("ntk", CROSS, BOTH.nngp[:4, :4]),
    "fastntk.predict.gradient_descent": lambda p: p(1.5, 0.0, 0.0, CROSS.ntk),
    "fastntk.predict.gradient_descent_mse": lambda p: p([1.5], 0.0, 0.0, CROSS.ntk),
    "fastntk.predict.gradient_descent_mse_ensemble": lambda p: p(
        1.0, X2, "ntk", compute_cov=True
    ),
    "fastntk.predict.kernel_gradient_descent": lambda r: r.predict(CROSS.ntk),
    "fastntk.predict.Posterior": lambda p: (p.mean(X2), p.covariance(X2)),
    "fastntk.predict.GradientFlow": lambda f: f.at([1.0, 9.0]).variance(X2),
    "fastntk.operators.ShiftedOperator": lambda K: K @ np.ones(12),
}


@pytest.mark.parametrize("name", USES)
def test_what_is_pickled_does_the_same(name: str, made: dict[str, Any]) -> None:
    use, value = USES[name], made[name]
    fresh = pickle.loads(pickle.dumps(value))  # before anything was computed
    want = use(value)
    used = pickle.loads(pickle.dumps(value))  # with what was computed
    for other in (fresh, used):
        for found, expected in zip(_arrays(use(other)), _arrays(want), strict=True):
            assert np.array_equal(found, expected)


def _arrays(value: Any) -> list[Any]:
    if isinstance(value, tuple):
        return [array for item in value for array in _arrays(item)]
    return [value]


@pytest.mark.parametrize("get", [None, ("nngp", "cov1"), ("shape1", "ntk"), "ntk"])
def test_what_kernel_fn_returns(get: Any) -> None:
    found = NET.kernel_fn(X, X2, get)
    again = pickle.loads(pickle.dumps(found))
    assert type(again) is type(found)
    if isinstance(get, tuple):
        assert again._fields == get
        assert all(map(np.array_equal, again, found))


def test_functions_of_networks() -> None:
    again = pickle.loads(pickle.dumps(tuple(NET)))
    assert stax.serial(again) == stax.serial(NET)
    kernel_fn = pickle.loads(pickle.dumps(NET[2]))
    assert np.array_equal(kernel_fn(X2, X, "ntk"), CROSS.ntk)


def test_what_was_reached_travels_with_an_interrupt() -> None:
    result = fastntk.solve(NET, X, Y, ridge=0.1)
    for error in (solvers.SolveInterrupted, fastntk.ConvergenceError):
        again = pickle.loads(pickle.dumps(error("stopped", result)))
        assert str(again) == "stopped"
        assert np.array_equal(again.result.x, result.x)


def test_one_of_many_ridges_and_times() -> None:
    flow = predict.GradientFlow(NET, X, Y).with_ridge(0.5).at([1.0, 2.0])
    want = flow.mean(X2)
    assert np.array_equal(pickle.loads(pickle.dumps(flow)).mean(X2), want)
    inverse = predict.Posterior(NET, X, Y, ridge=0.1, method="operator")
    again = pickle.loads(pickle.dumps(inverse))
    np.testing.assert_allclose(again.mean(X2), inverse.mean(X2), rtol=1e-10)


def test_a_copy_of_an_ensemble_is_its_own() -> None:
    ensemble = predict.gradient_descent_mse_ensemble(NET, X, Y)
    other = copy.deepcopy(ensemble)
    assert np.array_equal(other(1.0, X2, "ntk"), ensemble(1.0, X2, "ntk"))
