"""Every example of the documentation runs, and every excerpt is the code of today."""

import doctest
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastntk
from tests.test_docs.pages import DOCS, PAGES, ROOT, Block, blocks, excerpt_fault

# Guides whose own tests run them.
ELSEWHERE = {
    "guide/coming_from_neural_tangents.md": "tests/test_migration/page.py",
    "guide/prediction": "tests/test_predict/test_guide.py",
    "guide/theory": "tests/test_theory/test_guide.py",
}

NEEDS_A_GPU = {DOCS / "guide" / "gpu.md"}  # read by the compiler only, see below


def is_run_here(page: Path) -> bool:
    """Return whether no other test runs the examples of a page."""
    elsewhere = {DOCS / name for name in ELSEWHERE} | NEEDS_A_GPU
    return DOCS in page.parents and not elsewhere & {page, page.parent}


HERE = [page for page in PAGES if is_run_here(page)]
SCRIPTS = [
    pytest.param(block, id=f"{page.stem}-{block.line}")
    for page in HERE
    for block in blocks(page)
    if not block.is_session and block.source is None
]
EXCERPTS = [
    pytest.param(block, id=f"{page.stem}-{block.line}")
    for page in PAGES
    for block in blocks(page)
    if block.source is not None
]


@pytest.mark.parametrize("name", ELSEWHERE)
def test_other_tests_run_the_other_guides(name: str) -> None:
    assert (DOCS / name).exists()
    assert Path(name).name in (ROOT / ELSEWHERE[name]).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", NEEDS_A_GPU, ids=lambda page: page.stem)
def test_examples_for_a_gpu_are_python(page: Path) -> None:
    for block in blocks(page):
        compile(block.text, f"{page.name}:{block.line}", "exec")


@pytest.mark.parametrize("page", HERE, ids=lambda page: page.stem)
def test_sessions_show_what_python_answers(page: Path) -> None:
    parts = [block.text for block in blocks(page) if block.is_session]
    session = "\n".join(parts)
    test = doctest.DocTestParser().get_doctest(session, {}, page.name, str(page), 0)
    report: list[str] = []
    result = doctest.DocTestRunner().run(test, out=report.append)
    assert result.failed == 0, "".join(report)


@pytest.mark.parametrize("block", SCRIPTS)
def test_scripts_run(block: Block) -> None:
    run = subprocess.run(
        [sys.executable, "-c", block.text],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()


@pytest.mark.parametrize("block", EXCERPTS)
def test_excerpts_are_the_code_of_today(block: Block) -> None:
    assert block.source is not None
    assert block.source.is_file()
    excerpt = block.text.split("\n", 1)[1]
    assert excerpt_fault(excerpt, block.source.read_text(encoding="utf-8")) is None


def test_an_excerpt_that_rots_is_found() -> None:
    source = "def f(x):\n    y = 2 * x\n    return y\n"
    assert excerpt_fault(source, source) is None
    assert excerpt_fault("def f(x):\n...\n    return y\n", source) is None
    assert excerpt_fault("    y = 3 * x\n", source) == "    y = 3 * x\n"
    assert excerpt_fault("    return y\n...\ndef f(x):\n", source) == "def f(x):\n"
    assert excerpt_fault("y = 2 * x\n", source) is not None
    assert len(EXCERPTS) >= 5


def test_the_readme_runs_from_top_to_bottom(capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(0)
    names = {
        "x1": rng.standard_normal((5, 784)),
        "x2": rng.standard_normal((3, 784)),
        "array": np.empty((2000, 2000)),
    }
    for block in blocks(ROOT / "README.md"):
        exec(block.text, names)
    assert isinstance(names["net"], fastntk.stax.Network)
    assert "Program for" in capsys.readouterr().out
