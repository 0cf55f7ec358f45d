"""From the words of ``fastntk gram`` to values: every fault is named by its option."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from fastntk._errors import FastntkError, InputError, NotSupportedError
from fastntk.cli.checks import require
from fastntk.cli.exits import EXIT_MISSING

if TYPE_CHECKING:
    from fastntk.cli.data.file import Rows
    from fastntk.stax import Network

__all__ = [
    "Layout",
    "budget_of",
    "check_axes",
    "check_out",
    "kernels_of",
    "read_other",
    "read_side",
    "store_options",
]


class Layout(StrEnum):
    """What is kept of a symmetric matrix."""

    full = "full"
    lower_half = "lower"


def kernels_of(get: str) -> tuple[str, ...]:
    """Return the names in ``--get``."""
    from fastntk._validation import check_get

    try:
        return check_get(tuple(name.strip() for name in get.split(",")))[0]
    except InputError:
        raise typer.BadParameter(
            f"found {get!r}; expected ntk, nngp, or nngp,ntk", param_hint="--get"
        ) from None


def budget_of(max_memory: str | None) -> int | None:
    """Return the bytes in ``--max-memory``."""
    from fastntk._validation import check_max_memory

    try:
        return check_max_memory(max_memory)
    except InputError:
        raise typer.BadParameter(
            f"found {max_memory!r}; expected an amount such as 512MiB, 2GB or "
            "3000000000",
            param_hint="--max-memory",
        ) from None


def store_options(
    paths: tuple[Path, ...],
    resume: bool,
    shard: str | None,
    layout: Layout | None,
    compress: str | None,
    *,
    has_two_sides: bool = False,
) -> dict[str, Any] | None:
    """Return the options of a store, or None for a plain file."""
    if layout is Layout.lower_half and has_two_sides:
        raise typer.BadParameter(
            "only a symmetric matrix has a half; leave --x2 or --layout out",
            param_hint="--layout",
        )
    is_zarr = paths[0].suffix.lower() == ".zarr"
    if not (is_zarr or resume or shard or layout or compress):
        return None
    if is_zarr:
        require(["zarr"], "cli,store")
    from fastntk.cli.gram.stores import parse_compression, parse_shard

    try:
        part = parse_shard(shard)
    except InputError as error:
        raise typer.BadParameter(str(error), param_hint="--shard") from None
    compression = parse_compression(compress)
    is_level = isinstance(compression, int) and 1 <= compression <= 22
    if compression not in (None, "zstd") and not is_level:
        message = f"found {compress!r}; expected zstd, or a level from 1 to 22"
        raise typer.BadParameter(message, param_hint="--compress")
    if compression is not None and not is_zarr:
        message = "an .npy file holds plain numbers; give --out a name in .zarr"
        raise typer.BadParameter(message, param_hint="--compress")
    kept = layout or Layout.full
    return {"shard": part, "layout": kept.value, "compression": compression}


def check_out(
    paths: tuple[Path, ...], force: bool, inputs: list[Path], *, is_store: bool = False
) -> None:
    """Refuse files that can't or must not be written."""
    from fastntk.cli.matrix_file import matrix_fault

    for path in paths:
        fault = matrix_fault(path, force, (".npy", ".zarr"), is_store=is_store)
        if fault is None and any(
            path.exists() and source.exists() and path.samefile(source)
            for source in inputs
        ):
            fault = f"{path} is the input; name another file"
        if fault is not None:
            raise typer.BadParameter(fault, param_hint="--out")


def read_side(path: Path, hint: str, **options: Any) -> Rows:
    """Read one side; every fault is a wrong parameter, named by its option."""
    from fastntk.cli.data.file import read_rows

    try:
        return read_rows(path, **options)
    except InputError as error:
        message = str(error)
        named = [o for o in ("--columns", "--exclude", "--array") if o in message]
        if hint == "DATA" and named and "found a column" not in message:
            hint = named[0]
        raise typer.BadParameter(message, param_hint=hint) from None
    except NotSupportedError as error:
        typer.echo(f"fastntk: {error}", err=True)
        raise typer.Exit(EXIT_MISSING) from None
    except OSError as error:
        message = f"can't read {path}: {error.strerror or error}"
        raise typer.BadParameter(message, param_hint=hint) from None


def read_other(
    path: Path,
    first: Rows,
    columns: list[str],
    exclude: list[str],
    array: str | None,
) -> Rows:
    """Read the rows of ``--x2``: the same columns, by name where both have names."""
    from fastntk.cli.data.file import column_names

    options: dict[str, Any] = {"columns": columns, "exclude": exclude}
    if first.names is not None and _named(path, column_names):
        options = {"columns": first.names}
    second = read_side(path, "--x2", array=array, **options)
    if first.values.shape[1:] != second.values.shape[1:]:
        found = [values.shape[1:] for values in (first.values, second.values)]
        sizes = " and ".join(" x ".join(map(str, size)) for size in found)
        raise typer.BadParameter(
            f"{path.name}: found {sizes} features in DATA and --x2; expected as many "
            "in both",
            param_hint="--x2",
        )
    return second


def check_axes(network: Network, values: Any, file: str) -> None:
    """Refuse samples with positions where the network does not end at rows."""
    if values.ndim != 3:
        return
    try:
        kernel: Any = network.kernel_fn(values[:1], None, "nngp")
        if kernel.ndim == 2:
            return
        message = f"{file}: found shape {values.shape}"
    except FastntkError as error:
        message = f"{file}: found shape {values.shape}: {error}"
    raise typer.BadParameter(
        f"{message}; expected (rows, columns). Samples of (positions, channels) need "
        "--net with a network that ends at rows, by Flatten or GlobalAvgPool",
        param_hint="DATA",
    )


def _named(path: Path, column_names: Any) -> bool:
    """Say whether a file has names of columns; faults are found when it is read."""
    try:
        return column_names(path) is not None
    except (InputError, NotSupportedError, OSError):
        return False
