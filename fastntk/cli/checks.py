"""What commands check before they work, and how they say that they failed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from fastntk._errors import FastntkError, MemoryBudgetError
from fastntk.cli.exits import EXIT_FAILED, EXIT_MISSING, EXIT_STOPPED, missing_message

__all__ = [
    "PICTURES",
    "check_picture",
    "failures_in_words",
    "in_options",
    "require",
    "write_fault",
]

PICTURES = (".png", ".pdf", ".svg")
_OPTIONS = {  # arguments of Python, and what a command has in their place
    "pass overwrite=True": "give --force",
    "layout='lower'": "--layout lower",
    "with shard=(i, k)": "by --shard I/K",
    "Raise max_memory, pass out= (for instance a numpy.memmap), or stream blocks with "
    "fastntk.tiles": "Raise --max-memory",
    "Raise max_memory, or begin a store with smaller tiles by chunk=": "Raise "
    "--max-memory, or give --force to begin a store with smaller tiles",
    "Raise max_memory": "Raise --max-memory",
    "max_memory is": "--max-memory is",
    "run the same call again": "run the same command again",
    "call fastntk.gram_to_store again": "run `fastntk gram` again",
    "fastntk.gram_to_store": "`fastntk gram`",
}


def require(modules: list[str], extras: str) -> None:
    """Exit with a worded message when an optional package is missing."""
    message = missing_message(modules, extras)
    if message is not None:
        typer.echo(message, err=True)
        raise typer.Exit(EXIT_MISSING)


def check_picture(path: Path) -> None:
    """Refuse a picture that couldn't be written, before anything is computed."""
    fault = _picture_fault(path)
    if fault is not None:
        raise typer.BadParameter(fault, param_hint="--out")


def _picture_fault(path: Path) -> str | None:
    """Return why the picture can't be written there, and what to do, or None."""
    if path.is_dir():
        return f"{path} is a folder; name a file, such as demo.png"
    if path.suffix.lower() not in PICTURES:
        return f"{path} must end in {', '.join(PICTURES)}"
    if not path.parent.is_dir():
        return f"the folder {path.parent} does not exist; make it"
    return write_fault(path)


def write_fault(path: Path) -> str | None:
    """Return why a file can't be written, or None; leave nothing behind."""
    try:
        if path.exists():
            path.open("ab").close()
        else:
            tempfile.TemporaryFile(dir=path.parent).close()
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        return f"can't write {path}: {reason}"
    return None


def in_options(message: str) -> str:
    """Return a message of the library with the command's options for its arguments.

    Examples
    --------
    >>> in_options("Name another path, or pass overwrite=True to begin anew")
    'Name another path, or give --force to begin anew'
    """
    for argument, option in _OPTIONS.items():
        message = message.replace(argument, option)
    return message


@contextmanager
def failures_in_words(*, has_budget: bool = False) -> Iterator[None]:
    """Turn the library's errors and Ctrl-C into one line and an exit code.

    ``has_budget``: too little memory is a fault of ``--max-memory``.
    """
    try:
        yield
    except (FastntkError, OSError) as error:
        message = in_options(str(error))
        if has_budget and isinstance(error, MemoryBudgetError):
            raise typer.BadParameter(message, param_hint="--max-memory") from error
        typer.echo(f"fastntk: {message}", err=True)
        raise typer.Exit(EXIT_FAILED) from error
    except KeyboardInterrupt as error:
        typer.echo("fastntk: stopped", err=True)
        raise typer.Exit(EXIT_STOPPED) from error
