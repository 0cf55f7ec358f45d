"""A benchmark's report as one page that needs nothing else: no network, no script."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from fastntk.cli.bench import words

__all__ = ["page"]

Report = Mapping[str, Any]
CAPTIONS = {
    "sizes": "Median time of a Gram matrix. A slope of 2 is time per entry that does "
    "not depend on size.",
    "depths": "Median time of a Gram matrix with more hidden layers.",
    "threads": "Median times of a Gram matrix with a reused output.",
    "roofline": "What was reached, under what the machine allows. Up to the sloping "
    "lines it is memory that limits, beyond them arithmetic.",
}
STYLE = """
:root { color-scheme: light dark; --page: #fdfdfc; --card: #fff; --ink: #1c1c1e;
  --muted: #5c5c66; --grid: #e3e3e6; --blue: #0072b2; --shade: #0004;
  --warn: #8a4b00; --warn-back: #fff4e0; }
@media (prefers-color-scheme: dark) { :root { --page: #16171a; --card: #1f2024;
  --ink: #ececf0; --muted: #a0a0ac; --grid: #3a3b42; --blue: #4da6e8; --shade: #fff5;
  --warn: #ffc46b; --warn-back: #33270f; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.2rem 1rem 3rem;
  background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0.4rem 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 0.6rem; }
p { margin: 0.4rem 0; overflow-wrap: anywhere; }
.muted, figcaption { color: var(--muted); font-size: 0.875rem; }
.numbers { display: grid; gap: 0.8rem; margin: 1.2rem 0;
  grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); }
.numbers div { background: var(--card); border: 1px solid var(--grid);
  border-radius: 8px; padding: 0.6rem 0.8rem; }
.numbers b { display: block; font-size: 1.4rem; line-height: 1.3; }
.plots { display: grid; gap: 1rem; align-items: start;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); }
figure { margin: 0; padding: 0.6rem; background: var(--card);
  border: 1px solid var(--grid); border-radius: 8px; }
svg.plot { display: block; width: 100%; height: auto; color: var(--ink); }
.scroll { overflow-x: auto; border: 1px solid var(--grid); border-radius: 8px;
  background: linear-gradient(to left, var(--card) 50%, transparent) right / 3rem 100%
    no-repeat local, linear-gradient(to left, var(--shade), transparent) right /
    1.2rem 100% no-repeat scroll, var(--card); } /* a shade where columns go on */
table { border-collapse: collapse; width: 100%; font-size: 0.875rem;
  font-variant-numeric: tabular-nums; }
th, td { padding: 0.35rem 0.7rem; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; white-space: normal;
  min-width: 8rem; position: sticky; left: 0; background: var(--card); }
thead th { color: var(--muted); font-weight: 600;
  border-bottom: 1px solid var(--grid); }
tbody tr + tr td { border-top: 1px solid var(--grid); }
.warning { background: var(--warn-back); color: var(--warn); border-radius: 8px;
  padding: 0.6rem 0.8rem; }
details { margin-top: 1rem; } summary { cursor: pointer; }
pre { overflow-x: auto; font-size: 0.8rem; background: var(--card);
  border: 1px solid var(--grid); border-radius: 8px; padding: 0.8rem; }
"""


def page(report: Report) -> str:
    """Return the page as HTML text.

    Parameters
    ----------
    report : mapping
        What `fastntk.benchmark.run_benchmark` returned.

    Returns
    -------
    str
        Its plots are inline SVG; it follows the light or dark setting of the browser,
        and is readable from 320 pixels.
    """
    body = "\n".join(_body(report))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>fastntk bench, {escape(report['date'])}</title>\n"
        f"<style>{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _body(report: Report) -> Iterator[str]:
    from fastntk.plotting.benchmark_page import benchmark_svgs

    yield "<h1>fastntk bench</h1>"
    yield f"<p>{escape(words.title(report))}</p>"
    yield f'<p class="muted">{escape(words.machine(report))}</p>'
    for warning in report["warnings"]:
        yield f'<p class="warning">Warning: {escape(warning)}</p>'
    yield from _numbers(report)
    yield '<div class="plots">'
    for name, svg in benchmark_svgs(report).items():
        caption = CAPTIONS[name]
        labelled = svg.replace("<svg ", f'<svg aria-label="{escape(caption)}" ', 1)
        yield f"<figure>{labelled}<figcaption>{escape(caption)}</figcaption></figure>"
    yield "</div>"
    for table in words.tables(report):
        yield from _table(table)
    yield f'<p class="muted">{escape(words.overhead(report))}</p>'
    yield from _details(report)


def _numbers(report: Report) -> Iterator[str]:
    """Yield the few numbers to see first."""
    cases = [c for c in report["cases"] if c["library"] == "fastntk"]
    per_entry = words.digits(cases[0]["ns_per_entry"])
    shown = [(f"{per_entry} ns", "per entry of the Gram matrix")]
    if cases[0]["fraction"] is not None:
        share = words.digits(100.0 * cases[0]["fraction"])
        shown.append((f"{share}%", "of what the machine allows"))
    for case in report["cases"]:
        if case["library"] != "fastntk" and case["case"] == cases[0]["case"]:
            times, faster = words.ratio_in_words(case["ratio"])
            shown.append((times, f"{faster} than {case['library']}"))
    over = report["memory"]["fastntk"]["over"]
    if over is not None:
        shown.append((words.size(over), "besides the result"))
    yield '<div class="numbers">'
    for number, what in shown:
        yield f"<div><b>{escape(number)}</b>{escape(what)}</div>"
    yield "</div>"


def _table(table: words.Table) -> Iterator[str]:
    yield f"<h2>{escape(table.title)}</h2>"
    yield '<div class="scroll"><table>'
    yield "<thead><tr>"
    yield "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.head)
    yield "</tr></thead><tbody>"
    for row in table.rows:
        cells = "".join(f"<td>{escape(cell)}</td>" for cell in row)
        yield f"<tr>{cells}</tr>"
    yield "</tbody></table></div>"
    for note in table.notes:
        yield f'<p class="muted">{escape(note)}</p>'


def _details(report: Report) -> Iterator[str]:
    """Yield what few will read: the program, and all numbers."""
    program = report["network"]["program"]
    if program is not None:
        yield _folded("The network's program", program)
    yield _folded("All numbers (JSON)", json.dumps(report, indent=1, allow_nan=False))


def _folded(summary: str, text: str) -> str:
    return (
        f"<details><summary>{escape(summary)}</summary>"
        f"<pre>{escape(text)}</pre></details>"
    )
