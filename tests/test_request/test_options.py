"""Options: checked once, where they are made; frozen from then on."""

import dataclasses
import pickle
from typing import Any

import numpy as np
import pytest

from fastntk import InputError
from fastntk.request.options import DEFAULTS, Options

REFUSED: dict[str, tuple[Any, str]] = {
    "dtype": ("int32", r"dtype: found 'int32'; expected float32, float64"),
    "backend": ("tpu", r"backend is 'tpu'; expected 'auto', 'cpu' or 'cuda'"),
    "threads": (0, r"threads: found 0; expected an integer >= 1"),
    "max_memory": ("lots", r"max_memory: found 'lots'; expected a number of bytes"),
    "progress": ("yes", r"progress is 'yes'; expected True, False or a callable"),
    "collapse": (1, r"collapse: found 1; expected True or False"),
    "tol": (-1e-3, r"tol: found -0.001; expected a positive number"),
}


def test_there_is_a_bad_value_of_every_option() -> None:
    assert list(REFUSED) == [field.name for field in dataclasses.fields(Options)]


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_value_is_refused_where_options_are_made(name: str) -> None:
    value, message = REFUSED[name]
    with pytest.raises(InputError, match=message):
        Options(**{name: value})
    with pytest.raises(InputError, match=message):
        DEFAULTS.replace(**{name: value})


@pytest.mark.parametrize("backend", [None, 3, ["cpu"], np.eye(2)])
def test_a_backend_is_a_name(backend: Any) -> None:
    with pytest.raises(InputError, match=r"^backend is "):
        Options(backend=backend)


def test_values_are_kept_in_one_form() -> None:
    given: Any = {"threads": np.int64(3), "max_memory": "2KiB", "progress": None}
    options = Options(dtype="float32", tol=1, **given)
    assert options.dtype == np.dtype(np.float32)
    assert type(options.threads) is int
    assert (options.n_threads, options.budget) == (3, 2048)
    assert options.progress is False
    assert type(options.tol) is float


def test_threads_of_the_process_are_asked_when_they_are_needed() -> None:
    assert DEFAULTS.threads is None
    assert DEFAULTS.n_threads >= 1
    assert pickle.loads(pickle.dumps(DEFAULTS)).threads is None


def test_options_are_frozen_and_equal_by_value() -> None:
    options = Options(max_memory="1MB")
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.threads = 2  # type: ignore[misc]
    assert options == Options(max_memory=10**6)
    assert options.replace(max_memory=None) == DEFAULTS


def test_the_dtype_follows_the_inputs_where_none_was_asked_for() -> None:
    half, double = np.zeros((1, 1), np.float16), np.zeros((1, 1))
    assert DEFAULTS.dtype_of(half) == np.float32
    assert DEFAULTS.dtype_of(half, double) == np.float64
    assert Options(dtype=np.float32).dtype_of(double) == np.float32
