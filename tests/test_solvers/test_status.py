"""Advice that fits the method."""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import ConvergenceError, stax
from fastntk.solvers import Status

NET = stax.serial(stax.Dense(8, 1.5, 0.1), stax.Relu(), stax.Dense(1, 1.5, 0.1))


@pytest.mark.parametrize("method", ["cholesky", "eigh", "pinv", "falkon", "askotch"])
@pytest.mark.parametrize("status", Status)
def test_no_preconditioner_where_there_is_none(method: str, status: Status) -> None:
    words = status.advice(method)
    assert words.startswith(str(status))
    assert "preconditioner" not in words
    assert f"method='{method}'" not in words
    assert status.is_success == (words == str(status)) or status in (
        Status.STOPPED,
        Status.INTERRUPTED,
    )


def test_an_error_says_what_to_do() -> None:
    x = np.random.default_rng(0).standard_normal((40, 3))
    how: dict[str, Any] = {"ridge": 1e-6, "rtol": 1e-12, "max_iter": 1}
    with pytest.raises(ConvergenceError, match=r"^cg: .*rank of the preconditioner"):
        fastntk.solve(NET, x, x[:, 0], method="cg", rank=0, **how)
    with pytest.raises(ConvergenceError, match=r"^falkon: .*; raise max_iter or the r"):
        fastntk.solve(NET, x, x[:, 0], method="falkon", centers=20, **how)
