"""Learning curves are drawn as far as they are told."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from fastntk import plotting, theory


def curve_told_to(n: float) -> theory.LearningCurve:
    """Return a curve of sizes 10 to 80, known to 20 and told to n."""
    sizes = np.array([10.0, 20.0, 40.0, 80.0])
    errors = np.array([0.8, 0.5, 0.4, 0.3])
    return theory.LearningCurve(
        sizes, errors, errors, errors, sizes > 20, 0.1,
        0.9 * errors, 1.1 * errors, sizes <= n, 0.2, 0.1, 0.3,
    )  # fmt: skip


@pytest.mark.parametrize("last", [0, 20, 40, 80])
def test_no_line_is_drawn_where_the_curve_is_not_told(last: int) -> None:
    curve = curve_told_to(last)
    ax: Any = plotting.learning_curve([10, 20], [0.8, 0.5], theory=curve)
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    assert ("theory, extrapolated" in lines) == (last > 20)
    if last > 20:
        shown = lines["theory, extrapolated"]
        joined = (curve.n_samples >= 20) & (curve.n_samples <= last)
        np.testing.assert_array_equal(np.isfinite(shown), joined)
    words = [text.get_text() for text in ax.texts]
    expected = {
        0: ["the rows known tell no error"],
        20: ["beyond 20 rows the error is not told"],
        40: ["beyond 40 rows the error is not told"],
        80: [],
    }
    assert words == expected[last]
    band = ax.collections[0].get_paths()
    heights = [path.vertices[:, 0].max() for path in band]
    assert max(heights, default=0) == last
    ax.figure.canvas.draw()
