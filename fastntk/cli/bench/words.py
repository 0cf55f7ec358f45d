"""A benchmark's report as titles, tables and sentences, for terminals and pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastntk.cli.gram.job import size_in_words

__all__ = [
    "Table",
    "digits",
    "machine",
    "overhead",
    "ratio_in_words",
    "seconds_in_words",
    "size",
    "tables",
    "title",
]

Report = Mapping[str, Any]
Row = tuple[str, ...]
NONE = "-"


@dataclass(frozen=True)
class Table:
    """Cells as text; the first column is a name, the others are numbers."""

    title: str
    head: Row
    rows: Sequence[Row]
    notes: tuple[str, ...] = ()


def seconds_in_words(seconds: float | None) -> str:
    """Return a time to three digits.

    Examples
    --------
    >>> seconds_in_words(0.01234)
    '12.3 ms'
    """
    if seconds is None:
        return NONE
    if seconds >= 1.0:
        return f"{seconds:.3g} s"
    if seconds >= 1e-3:
        return f"{1e3 * seconds:.3g} ms"
    return f"{1e6 * seconds:.3g} us"


def digits(value: float) -> str:
    """Return a number to three digits, large ones whole.

    Examples
    --------
    >>> digits(0.01234), digits(98.76), digits(12345.6)
    ('0.0123', '98.8', '12,346')
    """
    return f"{value:,.0f}" if abs(value) >= 999.5 else f"{value:.3g}"


def size(n_bytes: float | None) -> str:
    """Return an amount of memory in words, and none below nothing."""
    if n_bytes is None:
        return NONE
    return size_in_words(int(max(n_bytes, 0)))


def ratio_in_words(ratio: float) -> tuple[str, str]:
    """Return how many times, and whether faster or slower.

    Examples
    --------
    >>> ratio_in_words(12.34), ratio_in_words(0.3)
    (('12.3x', 'faster'), ('3.33x', 'slower'))
    """
    if 0.0 < ratio < 1.0:
        return f"{digits(1.0 / ratio)}x", "slower"
    return f"{digits(ratio)}x", "faster"


def title(report: Report) -> str:
    """Return what was measured."""
    asked = report["settings"]
    return (
        f"{asked['get']} of {report['network']['text']}: {asked['n']:,} rows of "
        f"{asked['d']:,} features, {asked['dtype']}, {_threads(asked['threads'])}, "
        f"{asked['repeats']} repeats"
    )


def machine(report: Report) -> str:
    """Return on what it was measured."""
    about = report["machine"]
    memory = NONE if about["memory"] is None else size_in_words(about["memory"])
    names = ("fastntk", "numpy", "numba")
    versions = ", ".join(f"{name} {about['packages'][name]}" for name in names)
    widest = about["simd"][-1] if about["simd"] else "no known SIMD"
    return (
        f"{about['cpu']}, {about['cores']} cores, {widest}, {memory} of memory; "
        f"Python {about['python']}, {versions}; {report['date']}"
    )


def overhead(report: Report) -> str:
    """Return what the benchmark itself took."""
    own = report["overhead"]
    return (
        f"{own['total_s']:.0f} s in all, {own['measured_s']:.0f} s of them in what was "
        f"measured; the rest is preparation, pauses and waiting for other processes. A "
        f"stopwatch adds {1e6 * own['stopwatch_s']:.2f} us to a timing."
    )


def tables(report: Report) -> Iterator[Table]:
    """Yield every table there are numbers for."""
    yield _ceilings(report)
    yield _cases(report)
    if report["rivals"]:
        yield _rivals(report)
    for table in (_sizes(report), _depths(report), _scaling(report)):
        if table is not None:
            yield table
    yield _first_call(report)
    yield _memory(report)


def _ceilings(report: Report) -> Table:
    names = (
        ("matrix product (packed), GFLOP/s", "product"),
        ("matrix product (NumPy), GFLOP/s", "numpy_product"),
        ("polynomials in the L1 cache, GFLOP/s", "polynomial"),
        ("writes to fresh pages, GB/s", "write_fresh"),
        ("writes to reused pages, GB/s", "write_reused"),
    )
    found = report["ceilings"].values()
    rows = [(name, *(f"{c[key]:.3g}" for c in found)) for name, key in names]
    head = ("", *(_threads(c["threads"]) for c in found))
    return Table("Limits of this machine, measured", head, rows)


def _cases(report: Report) -> Table:
    rows = []
    for case in report["cases"]:
        if case["library"] != "fastntk":
            continue
        shape = " x ".join(f"{n:,}" for n in case["shape"])
        rows.append(
            (
                f"{case['case']}, {shape}",
                digits(case["ns_per_entry"]),
                _share(case["fraction"]),
                seconds_in_words(case["best_s"]),
                seconds_in_words(case["median_s"]),
                f"{case['spread']:.1%}",
                seconds_in_words(case["floor_s"]),
                NONE if case["gflops"] is None else digits(case["gflops"]),
            )
        )
    head = ("", "ns/entry", "reached", "best", "median", "spread", "limit", "GFLOP/s")
    flops = report["network"]["layer_flops"]
    notes = [
        "limit: products at the rate of the matrix product, then layers at that of "
        "polynomials; or all writing, if that is longer",
    ]
    if flops is not None:
        d = report["settings"]["d"]
        notes.append(
            f"an entry that is computed takes {2 * d:,} flops of product and {flops:,} "
            "of layers; half of a symmetric matrix is computed"
        )
    return Table("fastntk", head, rows, tuple(notes))


def _rivals(report: Report) -> Table:
    rows = []
    for case in report["cases"]:
        if case["library"] == "fastntk":
            continue
        ratio = " ".join(ratio_in_words(case["ratio"]))
        rows.append(
            (
                f"{case['library']}, {case['case']}",
                f"{ratio} \N{PLUS-MINUS SIGN} {case['ratio_spread']:.0%}",
                f"{case['deviation']:.1e}" + ("" if case["agrees"] else " DIFFERS"),
                digits(case["ns_per_entry"]),
                seconds_in_words(case["best_s"]),
                seconds_in_words(case["median_s"]),
                f"{case['spread']:.1%}",
            )
        )
    notes = []
    for rival in report["rivals"]:
        if rival["unable"]:
            notes.append(f"{rival['library']}: not measured: {rival['unable']}")
        if rival["own_function"]:
            notes.append(
                f"{rival['library']} computes a function of its own: fastntk was timed "
                "and compared on the same one"
            )
    notes.append(
        "fastntk is: the best of their times over the best of ours, and the spread of "
        "these ratios from round to round; both keep the memory they freed. "
        "difference: the largest, relative to "
        "sqrt(K(x, x) K(y, y)); more than 1e-6 (float32: 2e-3) is said to differ"
    )
    head = ("", "fastntk is", "difference", "ns/entry", "best", "median", "spread")
    return Table("Other libraries", head, rows, tuple(notes))


def _sizes(report: Report) -> Table | None:
    name = "Gram matrix against rows"
    return _series(report["sizes"], "n", name, "n = {:,}".format, True)


def _depths(report: Report) -> Table | None:
    if not report["depths"]:
        return None
    words = f"Gram matrix of {report['depths'][0]['n']:,} rows against hidden layers"
    return _series(report["depths"], "depth", words, "L = {}".format, False)


def _scaling(report: Report) -> Table | None:
    name = "Gram matrix, reused output, against threads"
    return _series(report["threads"], "threads", name, _threads, False)


def _series(
    series: list[dict[str, Any]],
    key: str,
    name: str,
    words: Callable[[Any], str],
    with_slope: bool,
) -> Table | None:
    """Return median times with a column per point and a row per library."""
    values = [point[key] for point in series[0]["points"]]
    if not values:
        return None
    rows = []
    for line in series:
        at = {point[key]: point["median_s"] for point in line["points"]}
        cells = [seconds_in_words(at.get(value)) for value in values]
        if with_slope:
            cells.append(_or_none(line["slope"], "{:.2f}"))
        rows.append((line["library"], *cells))
    head = ("", *map(words, values), *["slope"] * with_slope)
    return Table(name, head, rows)


def _first_call(report: Report) -> Table:
    first = report["first_call"]
    rows = [
        ("fastntk: start of Python to the rows", seconds_in_words(first["import_s"])),
        ("fastntk: first call, compiled before", seconds_in_words(first["first_s"])),
        ("fastntk: next call", seconds_in_words(first["second_s"])),
        (
            "fastntk: first call ever, compiling",
            seconds_in_words(first["compile_s"]),
        ),
    ]
    n = report["settings"]["n"]
    rows += [
        (
            f"{rival['library']}: first call, {n:,} rows",
            seconds_in_words(rival["first_s"]),
        )
        for rival in report["rivals"]
        if rival["first_s"] is not None
    ]
    return Table(
        f"First call in a new process, {first['rows']:,} rows", ("", "time"), rows
    )


def _memory(report: Report) -> Table:
    rows = [
        (library, *(size(found[key]) for key in ("peak", "result", "over")))
        for library, found in sorted(report["memory"].items())
    ]
    head = ("", "peak of the process", "result", "call, besides the result")
    return Table("Memory of a Gram matrix in a process of its own", head, rows)


def _threads(count: int) -> str:
    return f"{count} thread" + "s" * (count > 1)


def _share(fraction: float | None) -> str:
    return NONE if fraction is None else f"{digits(100.0 * fraction)}%"


def _or_none(value: float | None, form: str) -> str:
    return NONE if value is None else form.format(value)
