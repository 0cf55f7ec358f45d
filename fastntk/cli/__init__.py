"""The ``fastntk`` command.

Typer and Rich come with the ``cli`` extra and are imported only when the command
runs, so this package imports without them and says in words what is missing.

Exit codes: 0 success; 1 the work failed; 2 wrong usage, a ``--out`` that can't be
written included; 3 an optional package is missing; 130 stopped by Ctrl-C.
"""

from fastntk.cli.entry import main
from fastntk.cli.exits import EXIT_FAILED, EXIT_MISSING, EXIT_STOPPED, missing_message

__all__ = [
    "EXIT_FAILED",
    "EXIT_MISSING",
    "EXIT_STOPPED",
    "main",
    "missing_message",
]
