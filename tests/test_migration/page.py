"""The guide for users of neural-tangents: its lines, and the tests of them."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fastntk import stax

PATH = Path(__file__).parents[2] / "docs" / "guide" / "coming_from_neural_tangents.md"
STATEMENTS: dict[str, Callable[..., Any]] = {}
RNG = np.random.default_rng(11)
X1, X2 = RNG.standard_normal((6, 3)), RNG.standard_normal((4, 3))
S1, S2 = RNG.standard_normal((3, 4, 2)), RNG.standard_normal((2, 4, 2))


def net() -> stax.Network:
    """Return a network for the lines that hold for any."""
    return stax.serial(stax.Dense(8, 1.4, 0.2), stax.Relu(), stax.Dense(1, 1.1, 0.1))


def lines() -> list[str]:
    """Return the first cells of all tables."""
    text = PATH.read_text(encoding="utf-8")
    cells = re.findall(r"^\| (.+?) \| .+ \|$", text, re.MULTILINE)
    return [cell for cell in cells if cell != "of neural-tangents"]


def says(line: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark the test of a line."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        assert line not in STATEMENTS, line
        STATEMENTS[line] = function
        return function

    return register


def doctests() -> str:
    """Return the page with its code blocks as doctests: without the fences."""
    text = PATH.read_text(encoding="utf-8")
    return re.sub(r"^```.*$", "", text, flags=re.MULTILINE)
