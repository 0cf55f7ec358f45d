"""What commands check before they work, and how they say that they failed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer

from fastntk._errors import FastntkError
from fastntk.cli import EXIT_FAILED, EXIT_MISSING, EXIT_STOPPED, missing_message

__all__ = ["PICTURES", "check_picture", "failures_in_words", "require", "write_fault"]

PICTURES = (".png", ".pdf", ".svg")


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


@contextmanager
def failures_in_words() -> Iterator[None]:
    """Turn the library's errors and Ctrl-C into one line and an exit code."""
    try:
        yield
    except (FastntkError, OSError) as error:
        typer.echo(f"fastntk: {error}", err=True)
        raise typer.Exit(EXIT_FAILED) from error
    except KeyboardInterrupt as error:
        typer.echo("fastntk: stopped", err=True)
        raise typer.Exit(EXIT_STOPPED) from error
