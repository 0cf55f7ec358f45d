"""Warnings that point at the user's line, however deep the code that found it."""

import sys
import warnings

__all__ = ["warn"]


def warn(message: str, category: type[Warning] = UserWarning) -> None:
    """Issue a warning on behalf of the first caller outside the package.

    Parameters
    ----------
    message : str
        What was found, and what to do.
    category : type, default=UserWarning
        Class of the warning.
    """
    level, frame = 2, sys._getframe(1)  # 2: who called this function
    while frame.f_back is not None and _is_ours(frame.f_globals.get("__name__", "")):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def _is_ours(module: str) -> bool:
    """Return whether a module is ours, or Numba's, which calls our cache back."""
    return module.partition(".")[0] in ("fastntk", "numba")
