"""Checks and figures of the CUDA backend: one table, one JSON file."""

import argparse
import datetime
import importlib.metadata
import json
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from fastntk.backends.cuda_info import describe_cuda, why_unusable

RESULTS = Path(__file__).resolve().parents[1] / "results"
PRODUCT_ERROR = 1e-5  # of float32 tiles, relative to the largest product
PACKAGES = (
    "fastntk",
    "numba",
    "numba-cuda",
    "numpy",
    "scipy",
    "torch",
    "jax",
    "cupy-cuda13x",
)


def main(arguments: list[str]) -> int:
    """Run everything that time allows; 1 if something is wrong or does not hold."""
    options = _options(arguments)
    problem = why_unusable()
    if problem is not None:
        print(f"no GPU can be used here: {problem}")
        return 2
    start = time.monotonic()
    record: dict[str, Any] = {"date": str(datetime.date.today()), "machine": _machine()}
    for what, value in record["machine"].items():
        print(f"{what}: {value}")
    left = lambda: options.seconds - (time.monotonic() - start)  # noqa: E731
    if not options.only:
        record["checks"] = _try(_checks, options.seconds)
    record["ceilings"] = ceilings = _try(_ceilings)
    record["figures"] = _figures(options, ceilings, left)
    folder = Path(options.results) if options.results else RESULTS / _folder(record)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cuda.json").write_text(json.dumps(record, indent=1, default=str) + "\n")
    table = _table(record)
    (folder / "cuda.md").write_text(table)
    print(table)
    print(f"written to {folder}, in {time.monotonic() - start:.0f} s")
    return int(not _is_good(record))


def _options(arguments: list[str]) -> Any:
    parser = argparse.ArgumentParser("bench/cuda/run.sh", description=__doc__)
    parser.add_argument("--results", help="folder for cuda.json and cuda.md")
    parser.add_argument("--seconds", type=float, default=560.0, help="time in all")
    parser.add_argument("--million", action="store_true", help="also n = 1,000,000")
    parser.add_argument("--only", nargs="+", default=[], help="some figures")
    return parser.parse_args(arguments)


def _try(work: Any, *args: Any) -> Any:
    """Return what work returns; an error becomes part of the record."""
    try:
        return work(*args)
    except Exception as error:
        traceback.print_exc()
        return {"error": f"{type(error).__name__}: {error}"}


def _machine() -> dict[str, str]:
    found = dict(describe_cuda())
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
    networks = check_networks(seed=int(time.time()), seconds=seconds / 5)
    worst = max(networks, key=lambda row: row["share_of_promise"])
    compared = f"{len(networks)} of {2 * len(NETS)}"
    found: dict[str, Any] = {"worst": worst, "compared": compared}
    found["streaming"] = streaming
    found["networks"] = networks
    return found | {"sanitizer": sanitized(seconds / 16)}


def _ceilings() -> dict[str, float]:
    from bench.cuda.clock import ceilings
    from fastntk.backends.cuda_products import cupy_module

    return ceilings(cupy_module())


def _figures(options: Any, ceilings: Any, left: Any) -> dict[str, Any]:
    from bench.cuda.figures import FIGURES

    found: dict[str, Any] = {}
    for name, (figure, needed) in FIGURES.items():
        is_wanted = name in options.only if options.only else name != "solve-million"
        if not is_wanted and not (options.million and name == "solve-million"):
            continue
        if left() < needed and not options.million:
            found[name] = {"error": "no time left"}
            continue
        found[name] = _try(figure, ceilings) | {"what": figure.__doc__}
        print(f"{name}: {found[name].get('seconds', found[name].get('error'))}")
    return found


def _folder(record: dict[str, Any]) -> str:
    card = record["machine"].get("cuda device 0", "card").split(",")[0]
    return f"{record['date']}-{card.lower().replace(' ', '-')}"


def _table(record: dict[str, Any]) -> str:
    lines = [
        "| figure | asked | seconds | of the ceiling | holds |",
        "|---|---|---|---|---|",
    ]
    for name, row in record["figures"].items():
        if "error" in row:
            lines.append(f"| {name} | | {row['error']} | | |")
            continue
        share = row.get("share")
        text = "" if share is None else f"{share:.2f}"
        holds = {True: "yes", False: "no"}.get(row.get("holds"), "")
        cells = (row["what"], row["asked"], f"{row['seconds']:.4g}", text, holds)
        lines.append("| " + " | ".join(cells) + " |")
    for name, value in record["ceilings"].items():
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        lines.append(f"| measured ceiling: {name} | | {text} | | |")
    checks = record.get("checks")
    if checks is not None:
        worst = checks.get("worst", checks)
        compared = f" ({checks['compared']} compared)" if "compared" in checks else ""
        lines.append(f"| worst difference from the CPU{compared} | | {worst} | | |")
        lines.append(f"| compute-sanitizer | | {checks.get('sanitizer')} | | |")
    return "\n".join(lines) + "\n"


def _is_good(record: dict[str, Any]) -> bool:
    rows = record["figures"].values()
    is_fast = all(row.get("holds", "error" not in row) for row in rows)
    return is_fast and ("checks" not in record or _is_right(record["checks"]))


def _is_right(checks: dict[str, Any]) -> bool:
    """Return whether all that was checked is as it should be."""
    if "error" in checks:
        return False
    streaming, sanitizer = checks["streaming"], checks["sanitizer"].values()
    shares = checks["worst"]["share_of_promise"], streaming["share_of_promise"]
    is_near = max(shares) <= 1.0 and streaming["product_error"] <= PRODUCT_ERROR
    is_clean = not any(words.startswith("FAILED") for words in sanitizer)
    return is_near and streaming["is_symmetric"] and is_clean


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
