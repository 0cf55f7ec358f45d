"""What importing the package loads, and what it leaves alone."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = (
    *("numba", "scipy", "sklearn", "matplotlib"),
    *("filelock", "psutil", "threadpoolctl"),
)


def modules_after(code: str) -> set[str]:
    """Return the top-level modules that a new process has loaded after ``code``."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
    )
    return {name.partition(".")[0] for name in json.loads(run.stdout)}


@pytest.mark.parametrize(
    "code",
    [
        "import fastntk",
        "from fastntk import stax",
        "import fastntk; fastntk.InputError, fastntk.__version__, dir(fastntk)",
        "from fastntk import stax; stax.serial(stax.Dense(3), stax.Relu()).to_json()",
        "import fastntk._validation",
    ],
)
def test_heavy_packages_are_not_loaded(code: str) -> None:
    loaded = modules_after(code)
    assert "fastntk" in loaded
    assert not loaded & set(HEAVY)


def test_public_names_are_listed_and_exist() -> None:
    import fastntk

    names = set(fastntk.__all__)
    assert {"gram", "diagonal", "tiles", "stax"} <= names
    assert names <= set(dir(fastntk))
    assert all(getattr(fastntk, name) is not None for name in names)


def test_an_unknown_name_is_an_attribute_error() -> None:
    import fastntk

    with pytest.raises(AttributeError, match="no_such_name"):
        _ = fastntk.no_such_name


def test_errors_derive_from_the_expected_builtins() -> None:
    import fastntk

    pairs = {
        "InputError": ValueError,
        "NetworkError": ValueError,
        "RangeError": ArithmeticError,
        "MemoryBudgetError": MemoryError,
        "NotSupportedError": NotImplementedError,
    }
    for name, builtin in pairs.items():
        error = getattr(fastntk, name)
        assert issubclass(error, builtin)
        assert issubclass(error, fastntk.FastntkError)
