"""How a command ends: exit codes, and what to install where a package is missing."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.util import find_spec

__all__ = ["EXIT_FAILED", "EXIT_MISSING", "EXIT_STOPPED", "missing_message"]

EXIT_FAILED = 1
EXIT_MISSING = 3
EXIT_STOPPED = 130

_PACKAGE_OF_MODULE = {"sklearn": "scikit-learn"}


def missing_message(modules: Iterable[str], extras: str) -> str | None:
    """Return what to install when one of `modules` isn't there, else None.

    Parameters
    ----------
    modules : iterable of str
        Names of top-level modules.
    extras : str
        The extras of fastntk that bring them, separated by commas.

    Examples
    --------
    >>> missing_message(["math"], "cli") is None
    True
    >>> print(missing_message(["no_such_module"], "cli"))
    fastntk: this command needs no_such_module, which is not installed.
    Install it with: pip install "fastntk[cli]"
    """
    missing = [
        _PACKAGE_OF_MODULE.get(name, name) for name in modules if not find_spec(name)
    ]
    if not missing:
        return None
    them = "it" if len(missing) == 1 else "them"
    are = "is" if len(missing) == 1 else "are"
    return (
        f"fastntk: this command needs {', '.join(missing)}, "
        f"which {are} not installed.\n"
        f'Install {them} with: pip install "fastntk[{extras}]"'
    )
