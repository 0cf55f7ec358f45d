"""The page itself: its code runs, and every line has its test."""

import doctest

from tests.test_migration import (
    page,
    test_what_carries_over,
    test_what_is_different,
    test_what_is_not_there,
)

MODULES = (test_what_carries_over, test_what_is_different, test_what_is_not_there)


def test_every_line_has_one_test() -> None:
    lines = page.lines()
    assert len(lines) == len(set(lines)) >= 40
    assert set(lines) == set(page.STATEMENTS)
    homes = {module.__name__.rpartition(".")[2] for module in MODULES}
    for function in page.STATEMENTS.values():
        assert function.__name__.startswith("test_")
        assert function.__module__.rpartition(".")[2] in homes


def test_the_code_on_the_page_runs() -> None:
    parser = doctest.DocTestParser()
    test = parser.get_doctest(page.doctests(), {}, page.PATH.name, str(page.PATH), 0)
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(test)
    result = runner.summarize(verbose=False)
    assert result.attempted >= 15
    assert result.failed == 0
