"""Checks and figures of the CUDA backend: one table, one JSON file."""

import argparse
import datetime
import importlib.metadata
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.cuda.report import folder_of, is_good, table, write
from fastntk.backends.cuda.info import describe_cuda, why_unusable

RESULTS = Path(__file__).resolve().parents[1] / "results"
SECONDS = 540.0  # in all: a minute below the ten that it may take
UNFINISHED = "the program ended while this was measured"
PACKAGES = (
    *("fastntk", "numba", "numba-cuda", "numpy", "scipy", "torch", "jax", "jaxlib"),
    *("triton", "cupy-cuda12x", "cupy-cuda13x", "nvidia-nvjitlink", "nvidia-cublas"),
)


def main(arguments: list[str]) -> int:
    """Run everything that time allows; 1 if something is wrong or does not hold."""
    start = time.monotonic()
    options = _options(arguments)
    problem = why_unusable()
    if problem is not None:
        print(f"no GPU can be used here: {problem}")
        return 2
    unknown = _unknown(options.only)
    if unknown:
        print(unknown)
        return 2
    record: dict[str, Any] = {"date": str(datetime.date.today()), "machine": _machine()}
    for what, value in record["machine"].items():
        print(f"{what}: {value}")
    folder = Path(options.results) if options.results else RESULTS / folder_of(record)

    def left() -> float:
        return float(options.seconds - (time.monotonic() - start))

    def save() -> None:
        record["seconds_in_all"] = time.monotonic() - start
        write(record, folder)

    record["figures"] = {}
    if not options.only:
        record["checks"] = _try(_checks, options.seconds)
        save()
    record["ceilings"] = _try(_ceilings)
    save()
    _measure(options.only, record, left, save)
    save()
    print(table(record))
    print(f"written to {folder}, in {time.monotonic() - start:.0f} s")
    return int(not is_good(record))


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("bench/cuda/run.sh", description=__doc__)
    parser.add_argument("--results", help="folder for cuda.json and cuda.md")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="time in all")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="FIGURE", help="these, no checks"
    )
    return parser.parse_args(arguments)


def _unknown(names: list[str]) -> str | None:
    """Return what is wrong with the names of figures."""
    from bench.cuda.figures import FIGURES

    wrong = ", ".join(name for name in names if name not in FIGURES)
    return (
        f"no figure {wrong}; expected some of {', '.join(FIGURES)}" if wrong else None
    )


def _try(work: Callable[..., Any], *args: Any) -> Any:
    """Return what work returns; an error becomes part of the record."""
    try:
        return work(*args)
    except Exception as error:
        traceback.print_exc()
        lines = str(error).strip().splitlines() or [""]
        return {"error": f"{type(error).__name__}: {lines[0]}"}


def _host() -> dict[str, Any]:
    """Describe the host: by git and threadpoolctl, which may not be there."""
    from bench.machine import describe

    return describe()


def _machine() -> dict[str, str]:
    here = _try(_host)
    found = dict(describe_cuda())
    found |= {name: str(here[name]) for name in ("cpu", "cores") if name in here}
    found["commit"] = here.get("fastntk", "unknown")
    found["python"] = sys.version.split()[0]
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _checks(seconds: float) -> dict[str, Any]:
    from bench.cuda.checks import check_networks, check_streaming, sanitized
    from tests.test_cuda.nets import NETS

    streaming = check_streaming()
    networks = check_networks(seed=int(time.time()), seconds=seconds / 8)
    worst = max(networks, key=lambda row: row["share_of_promise"])
    compared = f"{len(networks)} of {2 * len(NETS)}"
    found: dict[str, Any] = {"worst": worst, "compared": compared}
    found["streaming"] = streaming
    found["networks"] = networks
    return found | {"sanitizer": sanitized(seconds / 16)}


def _ceilings() -> dict[str, float]:
    from bench.cuda.clock import ceilings
    from fastntk.backends.cuda.products import cupy_module

    return ceilings(cupy_module())


def _measure(
    only: list[str],
    record: dict[str, Any],
    left: Callable[[], float],
    save: Callable[[], None],
) -> None:
    """Measure the figures; the record is written before and after each of them."""
    from bench.cuda.clock import tidy
    from bench.cuda.figures import FIGURES, Run

    figures: dict[str, Any] = record["figures"]
    run = Run(record["ceilings"], left)
    for name, figure in FIGURES.items():
        if only and name not in only:
            continue
        what = {"what": figure.measure.__doc__}
        if left() < figure.seconds:
            figures[name] = what | {"error": f"no time left: {left():.0f} s"}
            continue
        figures[name] = what | {"error": UNFINISHED}
        save()
        figures[name] = what | _try(figure.measure, run)
        save()
        _try(tidy)
        row = figures[name]
        print(f"{name}: {row.get('seconds', row.get('error', row.get('note')))}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
