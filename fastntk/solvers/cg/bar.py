"""A bar for iterations: how many decades of the residual are done."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from fastntk._errors import NotSupportedError
from fastntk._validation import check_flag
from fastntk._validation.arguments import check_function
from fastntk.solvers.cg.settings import CGStep

__all__ = ["IterationBar"]


class IterationBar:
    """A callback of an iteration that may draw a bar, and calls the user's callback.

    Raises
    ------
    NotSupportedError
        If a bar is asked for and tqdm is not installed.
    """

    def __init__(
        self,
        wanted: bool,
        rtol: float,
        callback: Callable[[CGStep], Any] | None,
    ) -> None:
        check_function(callback, "callback", "of a CGStep", is_optional=True)
        self._callback = callback
        self._bar: Any = None
        if not check_flag(wanted, "progress"):
            return
        try:
            from tqdm.auto import tqdm
        except ImportError:
            raise NotSupportedError(
                "progress=True needs tqdm; install fastntk[cli], or pass callback="
            ) from None
        self._bar = tqdm(desc="cg", unit=" decades", total=round(-np.log10(rtol), 2))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def __call__(self, step: CGStep) -> Any:
        """Show a step, and pass it on."""
        if self._bar is not None:
            worst = max(float(step.residuals.max()), 1e-300)
            done = min(max(-np.log10(worst), 0.0), self._bar.total)
            self._bar.n = round(float(done), 2)
            self._bar.set_postfix(iteration=step.iteration, residual=f"{worst:.1e}")
        return self._callback(step) if self._callback is not None else None
