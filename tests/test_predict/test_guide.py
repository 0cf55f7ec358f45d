"""The examples of the guide run."""

import doctest
from pathlib import Path

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "prediction.md"


def test_examples_of_the_guide() -> None:
    outcome = doctest.testfile(str(GUIDE), module_relative=False)
    assert outcome.attempted > 20
    assert outcome.failed == 0
