"""Scripts that run under neural-tangents with other import lines, and agree."""

from typing import Any

import numpy as np
import pytest

from tests.test_migration import rival

TOLERANCE = 1e-7  # of the largest entry: the noise of neural-tangents' ReLU NTK is 1e-8


def assert_agree(found: dict[str, np.ndarray], expected: dict[str, Any]) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        reference = np.asarray(value, dtype=np.float64)
        assert found[name].shape == reference.shape, name
        error = np.abs(found[name].astype(np.float64) - reference).max()
        assert error <= TOLERANCE * np.abs(reference).max(), name


@pytest.mark.parametrize("name", rival.SCRIPTS)
def test_scripts_agree_with_the_record(name: str) -> None:
    record = rival.recorded(name)
    assert record["versions"]["neural-tangents"] == "0.6.5"
    assert_agree(rival.run_here(name), record["results"])


@pytest.mark.parametrize("name", rival.SCRIPTS)
def test_only_import_lines_change(name: str) -> None:
    changed = rival.changed_lines(name)
    assert {line[2:] for line in changed} == {*rival.IMPORTS, *rival.IMPORTS.values()}
    assert len(changed) == 2 * len(rival.IMPORTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", rival.SCRIPTS)
def test_scripts_agree_with_neural_tangents_itself(name: str) -> None:
    interpreter = rival.python()
    if interpreter is None:
        pytest.skip("no neural-tangents: FASTNTK_RIVALS names no environment with it")
    there = rival.run_there(name, interpreter)
    assert_agree(rival.run_here(name), there["results"])
