"""The package keeps the rules of the house."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.test_house.rules import (
    alike_modules,
    crowded_folders,
    folder_circles,
    module_circles,
)

PACKAGE = Path(__file__).parents[2] / "fastntk"
RULES = [module_circles, folder_circles, crowded_folders, alike_modules]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_there_are_none(rule: Callable[[Path], list[str]]) -> None:
    assert (PACKAGE / "__init__.py").is_file()
    faults = rule(PACKAGE)
    assert not faults, "\n" + "\n".join(faults)
