"""A solve that is killed at any instant, and started again, ends with the same bits."""

from bench.solvers.kills import torture


def test_ten_kills() -> None:
    report = torture(10)
    assert report["kills"] >= 10
    assert report["ended"] >= 1
    assert report["wrong"] == 0
