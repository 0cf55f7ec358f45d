"""The record of a run: its file, its table, and whether all of it is right."""

import json
from pathlib import Path
from typing import Any

from fastntk._files import write_whole

__all__ = ["folder_of", "is_good", "table", "write"]

PRODUCT_ERROR = 1e-5  # of float32 tiles, relative to the largest product
HOLDS = {True: "yes", False: "no", None: "not known"}


def write(record: dict[str, Any], folder: Path) -> None:
    """Write the record as JSON and as a table; each is whole at every instant."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(record, indent=1, default=_plain) + "\n"
    for name, content in (("cuda.json", text), ("cuda.md", table(record))):
        write_whole(folder / name, content.encode())


def _plain(value: Any) -> Any:
    """Return a NumPy number as one of Python, anything else as text."""
    return value.item() if hasattr(value, "item") else str(value)


def folder_of(record: dict[str, Any]) -> str:
    """Return a name for the results: the date and the card."""
    card = record["machine"].get("cuda device 0", "card").split(",")[0]
    return f"{record['date']}-{card.lower().replace(' ', '-')}"


def table(record: dict[str, Any]) -> str:
    """Return the table in Markdown."""
    lines = [
        "| figure | asked | seconds | of the ceiling | holds | |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in record.get("figures", {}).items():
        lines.append(_figure(name, row))
    for name, value in record.get("ceilings", {}).items():
        text = f"{value:.4g}" if isinstance(value, float) else str(value)
        lines.append(_line(f"measured ceiling: {name}", "", text))
    checks = record.get("checks")
    if checks is not None:
        worst = checks.get("worst", checks)
        compared = f" ({checks['compared']} compared)" if "compared" in checks else ""
        lines.append(_line(f"worst difference from the CPU{compared}", "", worst))
        lines.append(_line("compute-sanitizer", "", checks.get("sanitizer")))
    return "\n".join(lines) + "\n"


def _figure(name: str, row: dict[str, Any]) -> str:
    """Return the line of a figure."""
    what = f"{name}: {row['what']}" if "what" in row else name
    if "error" in row:
        return _line(what, "", "", "", "no", row["error"])
    share, seconds = row.get("share"), row.get("seconds")
    return _line(
        what,
        row["asked"],
        "" if seconds is None else f"{seconds:.4g}",
        "" if share is None else f"{share:.2f}",
        HOLDS[row["holds"]] if "holds" in row else "",
        row.get("note", ""),
    )


def _line(*cells: Any) -> str:
    texts = [str(cell).replace("|", "/").replace("\n", " ") for cell in cells]
    return "| " + " | ".join(texts + [""] * (6 - len(texts))) + " |"


def is_good(record: dict[str, Any]) -> bool:
    """Return whether everything that was run is right and holds."""
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
