"""The entry point: it imports nothing but the standard library until a command runs."""

from __future__ import annotations

import sys

from fastntk.cli.exits import EXIT_MISSING, missing_message

__all__ = ["main"]


def main() -> None:
    """Run the command line; the entry point of the ``fastntk`` script."""
    message = missing_message(("typer", "rich"), "cli")
    if message is not None:
        sys.stderr.write(message + "\n")
        sys.exit(EXIT_MISSING)
    from fastntk.cli.app import app

    app(prog_name="fastntk")
