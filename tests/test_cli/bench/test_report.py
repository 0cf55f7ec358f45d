"""What a benchmark reports: numbers, tables, pictures, page."""

import json
import math
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("typer")

from fastntk.benchmark.cases import CASES

Report = dict[str, Any]
Run = Callable[..., Any]


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float):
        yield float(value)


def test_a_report_is_json_with_finite_numbers(report: Report) -> None:
    again = json.loads(json.dumps(report, allow_nan=False))
    assert again == report
    found = list(numbers(report))
    assert len(found) > 150 and all(map(math.isfinite, found))


def test_every_case_has_its_figures(report: Report) -> None:
    ours = [case for case in report["cases"] if case["library"] == "fastntk"]
    assert [case["case"] for case in ours] == list(CASES)
    for case in ours:
        entries = case["shape"][0] * case["shape"][1]
        assert len(case["seconds"]) == 2
        assert case["best_s"] == min(case["seconds"]) <= case["median_s"]
        assert case["ns_per_entry"] == pytest.approx(1e9 * case["best_s"] / entries)
        assert case["gflops"] == pytest.approx(case["flops"] / case["best_s"] / 1e9)
        assert case["fraction"] == pytest.approx(case["floor_s"] / case["best_s"])


def test_rivals_are_compared_or_said_to_be_unable(report: Report) -> None:
    rows = [case for case in report["cases"] if case["library"] == "numpy"]
    assert [row["case"] for row in rows] == [CASES[0], CASES[2], CASES[3]]
    assert all(row["agrees"] and row["deviation"] < 1e-6 for row in rows)
    for row in rows:
        best = min(row["seconds"]) / min(row["our_seconds"])
        assert row["ratio"] == pytest.approx(best)
        assert len(row["ratios"]) >= 2 and min(row["ratios"]) > 0.0
    numpy, scikit = report["rivals"]
    assert numpy["unable"] is None and numpy["first_s"] > 0.0
    assert "numpy" in numpy["versions"]["packages"]
    assert "nothing else" in scikit["unable"] and scikit["first_s"] is None


def test_series_of_every_library(report: Report) -> None:
    for name, key, values in (
        ("sizes", "n", [12, 24, 48, 96]),
        ("depths", "depth", [1, 2]),
        ("threads", "threads", [1, 2]),
    ):
        assert [line["library"] for line in report[name]] == ["fastntk", "numpy"]
        for line in report[name]:
            assert [point[key] for point in line["points"]] == values


def test_memory_and_first_call(report: Report) -> None:
    for library in ("fastntk", "numpy"):
        memory = report["memory"][library]
        assert memory["result"] == 96 * 96 * 8
        assert memory["peak"] is None or memory["peak"] > 10 << 20
    first = report["first_call"]
    assert first["rows"] == 96 and first["compile_s"] is None
    assert min(first["import_s"], first["first_s"], first["second_s"]) > 0.0


def test_the_overhead_is_stated(report: Report) -> None:
    own = report["overhead"]
    assert 0.0 < own["measured_s"] < own["total_s"]
    assert own["share"] == pytest.approx(1.0 - own["measured_s"] / own["total_s"])
    assert 0.0 < own["stopwatch_s"] < 1e-4


# --- words ----------------------------------------------------------------------------


def test_the_report_is_printed(report: Report, capsys: Any) -> None:
    from fastntk.cli.bench.report import print_report

    print_report(report | {"warnings": ["a worded warning"]})
    text = capsys.readouterr().out
    for words in (
        "nngp of serial(Dense(512, W_std=1.5",
        "Limits of this machine, measured",
        "gram, reused output, 96 x 96",
        "streamed product, 96 x 96",
        "rectangular, 96 x 48",
        "numpy, gram",
        "scikit-ntk: not measured: scikit-ntk computes the NTK of ReLU",
        "n = 12  ",
        "L = 2",
        "2 threads",
        "First call in a new process, 96 rows",
        "besides the result",
        "s in all,",
        "A stopwatch adds",
        "warning: a worded warning",
    ):
        assert words in text, words
    assert not re.search(r"\bNone\b|nan", text)


def test_numbers_that_are_not_there_are_dashes(report: Report) -> None:
    from fastntk.cli.bench import words as bench_words

    ours = [dict(case) for case in report["cases"] if case["library"] == "fastntk"]
    for case in ours:
        case.update(flops=None, gflops=None, floor_s=None, fraction=None)
    network = report["network"] | {"layer_flops": None, "program": None}
    staged = report | {"cases": ours, "network": network, "rivals": [], "depths": []}
    tables = {table.title: table for table in bench_words.tables(staged)}
    assert tables["fastntk"].rows[0][-1] == "-"
    assert "Other libraries" not in tables
    assert not any("hidden layers" in title for title in tables)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (4.2e-5, "42 us"), (None, "-")],
)
def test_times_in_words(seconds: float | None, words: str) -> None:
    from fastntk.cli.bench.words import seconds_in_words

    assert seconds_in_words(seconds) == words


# --- pictures and the page ------------------------------------------------------------


class Outline(HTMLParser):
    """Collects tags, identifiers and addresses, and checks that tags are closed."""

    VOID = frozenset({"meta", "link", "br", "path", "use", "rect"})

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("href", "src", "xlink:href"):
                self.links.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_the_page_stands_alone(report: Report) -> None:
    pytest.importorskip("matplotlib")
    from fastntk.cli.bench.page import page

    text = page(report | {"warnings": ["<b>5 % & more</b>"]})
    outline = Outline()
    outline.feed(text)
    assert outline.open == []
    assert outline.tags.count("svg") == 4 and "script" not in outline.tags
    assert len(set(outline.ids)) == len(outline.ids)
    targets = {link[1:] for link in outline.links if link.startswith("#")}
    assert targets <= set(outline.ids)
    assert [link for link in outline.links if not link.startswith("#")] == ["data:,"]
    assert "&lt;b&gt;5 % &amp; more" in text
    assert "prefers-color-scheme: dark" in text and "#000000" not in text


def test_pictures_are_written(report: Report, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from fastntk.plotting.benchmark_page import benchmark_figure

    figure = benchmark_figure(report)
    shown = [ax.get_title(loc="left") for ax in figure.axes if ax.get_visible()]
    assert shown == [
        "Time against rows",
        "Time against depth",
        "Thread scaling",
        "Roofline",
    ]
    one = report | {"depths": [], "sizes": [{**report["sizes"][0], "points": []}]}
    few = [ax for ax in benchmark_figure(one).axes if ax.get_visible()]
    assert len(few) == 2


# --- the command ----------------------------------------------------------------------


def test_the_command_measures_prints_and_writes(
    run: Run, report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    seen = []

    def benchmark(settings: Any, tell: Callable[[str], None]) -> Report:
        seen.append(settings)
        tell("ceilings of the machine")
        return report

    monkeypatch.setattr("fastntk.benchmark.run_benchmark", benchmark)
    names = [tmp_path / name for name in ("b.json", "b.svg", "b.html")]
    files = ("--json", names[0], "--plot", names[1], "--html", names[2])
    result = run("--n", 96, "--depth", 2, "--b-std", 0, "--quick", *files)
    assert result.exit_code == 0, result.output
    (settings,) = seen
    assert (settings.n, settings.d, settings.repeats) == (96, 20, 3)
    assert str(settings.net).count("Relu") == 2 and not settings.cold
    assert str(settings.of_depth(4)).count("Relu()") == 4
    assert "b_std" not in str(settings.of_depth(4))
    assert "ceilings of the machine" in result.stderr
    assert "ns/entry" in result.stdout
    for path in names:
        assert f"written {path}" in result.stdout
    assert json.loads(names[0].read_text()) == report
    assert "<svg" in names[1].read_text() and "</html>" in names[2].read_text()
    assert sorted(tmp_path.iterdir()) == sorted(names)


def test_a_network_from_a_file_has_no_depths(
    run: Run, report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fastntk.cli.network import plain_network

    seen = []

    def benchmark(settings: Any, tell: Any) -> Report:
        seen.append(settings)
        return report

    monkeypatch.setattr("fastntk.benchmark.run_benchmark", benchmark)
    path = tmp_path / "net.json"
    path.write_text(plain_network(2).to_json())
    result = run("--net", path, "--repeats", 9, "--threads", 1, "--dtype", "float32")
    assert result.exit_code == 0, result.output
    (settings,) = seen
    assert settings.of_depth is None and settings.net == plain_network(2)
    assert (settings.repeats, settings.rival_repeats) == (9, 9)
    assert (settings.threads, settings.dtype, settings.cold) == (1, "float32", True)
