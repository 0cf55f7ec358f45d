"""Arguments of a wrong kind are refused in words, or do what they say; nothing else.

Every argument of every public function is replaced by values of many kinds. What comes
out is a result, or one of our errors with a message that shows no arrays: never what
NumPy, SciPy or Numba raise, and none of their warnings.
"""

import inspect
import re
import warnings
from typing import Any

import numpy as np
import pytest

from fastntk._errors import FastntkError
from fastntk._shown import shown
from tests.test_docs.public import public_names
from tests.test_public.calls import Call, calls, classes
from tests.test_public.kinds import MARK, OnDevice, Tracer, wrong_kinds

# Names that are not called here, each with the reason.
NOT_CALLED = {
    "fastntk.benchmark.run_benchmark": "takes minutes",
    "fastntk.stax.Slice": "stands before brackets",
}
# Arguments that take any function: what it raises is the caller's.
FUNCTIONS = {
    "activation",
    "callback",
    "f",
    "fn",
    "net",
    "on_block",
    "progress",
    "wanted",
}
LONGEST = 700  # characters of a message


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Call]:
    return {**calls(tmp_path_factory.mktemp("files")), **classes()}


def test_every_public_function_is_called(table: dict[str, Call]) -> None:
    functions = {n.full for n in public_names() if inspect.isfunction(n.value)}
    assert functions <= {*table, *NOT_CALLED}
    assert not set(NOT_CALLED) & set(table)


FIRST_NAMES = {id(name.value): name.full for name in reversed(public_names())}
NAMES = sorted(
    set(FIRST_NAMES.values())
    & {n.full for n in public_names() if inspect.isfunction(n.value)} - set(NOT_CALLED)
    | {"fastntk.Kernel", "fastntk.operators.ShiftedOperator", "fastntk.stax.Network"}
    | {"fastntk.predict.Posterior", "fastntk.predict.GradientFlow"}
    | {"fastntk.predict.Huber", "fastntk.solvers.DenseOperator"}
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.filterwarnings("error")
def test_wrong_kinds_are_refused_in_words(name: str, table: dict[str, Call]) -> None:
    pytest.importorskip("pandas")
    if "plotting" in name:
        pytest.importorskip("matplotlib")
    call, faults = table[name], []
    for parameter in inspect.signature(call.function).parameters.values():
        if parameter.kind is parameter.VAR_KEYWORD:
            continue
        for kind, value in wrong_kinds():
            if value is None and parameter.default is None:
                continue
            if callable(value) and parameter.name in FUNCTIONS:
                continue
            fault = _fault(call, parameter, value)
            if fault:
                faults.append(f"{parameter.name}, {kind}: {fault}")
    assert not faults, "\n".join(faults)


def _fault(call: Call, parameter: inspect.Parameter, value: Any) -> str | None:
    """Return what is wrong with how a value is answered, None if nothing is."""
    is_many = parameter.kind is parameter.VAR_POSITIONAL
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("default", module="matplotlib|tqdm")
            call(**{parameter.name: (value,) if is_many else value})
    except FastntkError as error:
        return _fault_of_message(str(error), call, parameter, value)
    except FileNotFoundError as error:
        return None if parameter.name == "path" else repr(error)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:200]}"
    return None


def _fault_of_message(
    message: str, call: Call, parameter: inspect.Parameter, value: Any
) -> str | None:
    if (
        re.search(r"\barray\(\[|tensor\(\[|\n", message)
        or message.count(str(MARK)) > 3
        or len(message) > LONGEST
    ):
        return f"shows too much: {message[:300]}"
    if " at 0x" in message:
        return f"shows an address: {message[:300]}"
    takes_array = isinstance(call.arguments.get(parameter.name), np.ndarray)
    if takes_array and isinstance(value, Tracer) and "leave jax.jit" not in message:
        return f"does not say to leave jit out: {message[:300]}"
    return None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (np.ones((2, 3)), "an ndarray of shape (2, 3) and dtype float64"),
        (np.float32(0.5), "0.5"),
        (np.array("ntk"), "'ntk'"),
        ((np.ones(2), "ntk"), "(an ndarray of shape (2,) and dtype float64, 'ntk')"),
        ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "a list of 2 lists"),
        ({"a": np.ones(2)}, "a dict with the keys ['a']"),
        (print, "the function print"),
        (dict, "the class dict"),
        (OnDevice(), "an OnDevice of shape (12, 3) and dtype torch.float32"),
        ("x" * 99, "'" + "x" * 56 + "..."),
        (10**5000, "<int>"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_how_messages_show_values(value: Any, text: str) -> None:
    assert shown(value) == text


def test_how_messages_show_what_jax_traces() -> None:
    assert shown(Tracer()).startswith("a DynamicJaxprTracer of shape (12, 3) and dtype")
    assert "leave jax.jit, grad and vmap out" in shown(Tracer())
    assert "jax" not in shown(OnDevice())
