"""The examples of the guide run."""

import doctest
from pathlib import Path

import numpy as np
import pytest

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "prediction"
PAGES = sorted(GUIDE.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_of_the_guide(page: Path) -> None:
    with np.printoptions(legacy=False):
        outcome = doctest.testfile(str(page), module_relative=False)
    assert outcome.attempted > 8
    assert outcome.failed == 0


def test_one_page_per_noun() -> None:
    assert len(PAGES) >= 8
    for page in PAGES:
        text = page.read_text("utf-8")
        assert "\n![" in text and ">>> " in text  # a picture, an example
        assert "```text" in text or " M^-1 " in text  # an equation
