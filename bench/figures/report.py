"""Write the figures as JSON and as a Markdown table."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures.record import Row

BUSY = 0.05  # share of the machine that other processes took while it was timed
HEAD = (
    "| what | asked | measured | verdict | ours | other | results agree to |",
    "|---|---|---|---|---|---|---|",
)


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} us"


def _number(value: float, unit: str) -> str:
    if value != value:
        return "-"
    return f"{value:.3g} {unit}"


def markdown_row(row: Row) -> str:
    """Return one line of the table."""
    asked = "" if row.asked is None else f"{row.sense} {_number(row.asked, row.unit)}"
    verdict = f"**{row.verdict}**" if row.verdict == "FAIL" else row.verdict
    if row.details.get("others_share", 0.0) > BUSY:
        verdict += " (busy machine)"
    agree = "" if row.agree is None else f"{row.agree:.1e}"
    cells = (
        f"{row.case}: {row.against}",
        asked,
        _number(row.measured, row.unit),
        verdict,
        _time(row.ours),
        _time(row.theirs),
        agree,
    )
    return "| " + " | ".join(cells) + " |"


def _conditions(
    machine: dict[str, Any], rivals: dict[str, Any], measured: str
) -> Iterator[str]:
    versions = {"Python": machine["python"], **machine["packages"]}
    blas = machine["blas"][0] if machine["blas"] else {}
    yield f"- {machine['date']}, fastntk {measured} (+: with uncommitted changes)"
    yield (
        f"- {machine['cpu']}, {machine['cores']} cores, {', '.join(machine['simd'])}, "
        f"{machine['memory_GiB']} GiB, huge pages: {machine['huge_pages']}, "
        f"{machine['system']}"
    )
    yield "- " + ", ".join(f"{name} {version}" for name, version in versions.items())
    if blas:
        yield "- BLAS: {internal_api} {version} ({architecture})".format(**blas)
    if rivals:
        listed = ", ".join(f"{name} {version}" for name, version in rivals.items())
        yield f"- rivals' environment: {listed}"
    yield (
        f"- {machine['threads']} threads for every library; runs take turns; the best "
        f"of {machine['repeats']} (rivals: of {machine['rival_repeats']}) is judged; "
        "rows are Gaussian with norms spread 4x, b_std=0.1"
    )
    yield (
        '- ratios of times are of the same run; "agree" is the largest deviation '
        "relative to sqrt(K(x,x) K(y,y)), the rivals' own rounding included"
    )


def markdown(rows: list[Row], machine: dict[str, Any], rivals: dict[str, Any]) -> str:
    """Return the whole report."""
    judged = [row for row in rows if row.asked is not None]
    held = sum(row.verdict == "ok" for row in judged)
    failing = [row for row in rows if row.verdict in ("FAIL", "not measured")]
    parts = [
        "# Figures asked for, and measured",
        "",
        f"{held} of {len(judged)} hold.",
        "",
        *_conditions(machine, rivals, ", ".join(sorted({row.version for row in rows}))),
        "",
        *HEAD,
        *map(markdown_row, rows),
    ]
    if failing:
        parts += ["", "## Not held", "", *HEAD, *map(markdown_row, failing)]
    return "\n".join(parts) + "\n"


def merge(path: Path, rows: list[Row], order: list[str]) -> list[Row]:
    """Replace the figures just measured in an earlier file of the same folder."""
    measured = {row.figure for row in rows}
    if path.exists():
        earlier = [Row.from_dict(row) for row in json.loads(path.read_text())["rows"]]
        rows = rows + [r for r in earlier if r.figure not in measured]
    return sorted(rows, key=lambda row: order.index(row.figure))


def write(
    folder: Path, rows: list[Row], machine: dict[str, Any], rivals: dict[str, Any]
) -> None:
    """Write figures.json and figures.md into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    document = {
        "machine": machine,
        "rivals": rivals,
        "rows": [row.as_dict() for row in rows],
    }
    (folder / "figures.json").write_text(json.dumps(document, indent=1) + "\n")
    (folder / "figures.md").write_text(markdown(rows, machine, rivals))
