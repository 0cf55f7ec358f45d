"""The packed-SIMD check as a figure."""

import subprocess
import sys
from collections.abc import Iterator

from bench.figures.record import AT_MOST, Row, figure
from bench.figures.session import Session
from bench.machine import ROOT


@figure("packed-simd")
def packed_simd(session: Session) -> Iterator[Row]:
    """No scalar arithmetic and no call in a hot loop; a branchy kernel is caught."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.simd_check", "--demonstrate"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    lines = done.stdout.splitlines()
    if not any(line.startswith("shown to fail") for line in lines):
        msg = f"the check itself failed: {done.stderr.strip()[-300:]}"
        raise RuntimeError(msg)
    faulty = [
        line for line in lines if line.startswith("FAIL") and "branchy" not in line
    ]
    shown = "shown to fail: yes" in lines
    yield Row(
        "hot loops of all CPU ops, float64 and float32",
        0.0,
        AT_MOST,
        float(len(faulty)),
        "ops",
        "with scalar arithmetic or calls",
        details={"output": done.stdout, "errors": done.stderr[-2000:]},
    )
    yield Row(
        "the same check on a branchy kernel",
        0.0,
        AT_MOST,
        float(not shown),
        "missed",
        "faults that must be found",
    )
