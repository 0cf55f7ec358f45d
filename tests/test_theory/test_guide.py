"""The examples of the guide, run as written."""

import doctest
import re
from pathlib import Path

import numpy as np

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "theory.md"


def test_examples_of_the_guide() -> None:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert len(blocks) >= 12
    with np.printoptions(legacy=False):
        test = doctest.DocTestParser().get_doctest(
            "\n".join(blocks), {}, "theory.md", str(GUIDE), 0
        )
        report: list[str] = []
        result = doctest.DocTestRunner().run(test, out=report.append)
    assert result.failed == 0, "".join(report)
