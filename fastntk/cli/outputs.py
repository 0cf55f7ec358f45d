"""Files that a command writes: refused early, written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from fastntk._errors import FastntkError
from fastntk._files import written_beside
from fastntk.cli.checks import write_fault

__all__ = ["folder_fault", "write_all"]


def folder_fault(folder: Path, names: Sequence[str], force: bool) -> str | None:
    """Return why files can't be written into a folder, and what to do, or None.

    Parameters
    ----------
    folder : Path
        It need not be there yet.
    names : sequence of str
        Names of the files.
    force : bool
        Whether files that are there may be replaced.
    """
    if folder.exists() and not folder.is_dir():
        return f"{folder} is a file; name a folder"
    there = [name for name in names if (folder / name).exists()]
    if there and not force:
        return (
            f"{folder} has {', '.join(there)} already; name another folder, or give "
            "--force to replace"
        )
    above = next(part for part in (folder, *folder.absolute().parents) if part.exists())
    return write_fault(above / names[0])


def write_all(folder: Path, contents: Mapping[str, bytes], force: bool) -> list[Path]:
    """Write files, each of them whole: first beside their place, then into it.

    Parameters
    ----------
    folder : Path
        Made if it isn't there.
    contents : mapping of str to bytes
        Contents by name, written in this order.
    force : bool
        Whether files that are there may be replaced.

    Returns
    -------
    list of Path

    Raises
    ------
    FastntkError
        If a file appeared in the meantime, and ``force`` is False.
    OSError
        If a file can't be written; none of them is then changed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in contents]
    with written_beside(*paths) as waiting:
        for part, data in zip(waiting, contents.values(), strict=True):
            part.write_bytes(data)
        there = [path.name for path in paths if path.exists()]
        if there and not force:
            raise FastntkError(
                f"{', '.join(there)} appeared in {folder} in the meantime; nothing "
                "was replaced. Give --force to replace"
            )
    return paths
