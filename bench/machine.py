"""What the measurements ran on, and whether anything else was running."""

import os
import platform
import re
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "threadpoolctl")


def cores() -> int:
    """Return the cores this process may use."""
    return len(os.sched_getaffinity(0))


def _read(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""


def _found(pattern: str, text: str, default: str = "unknown") -> str:
    match = re.search(pattern, text, re.MULTILINE)
    return match.group(1).strip() if match else default


def _commit() -> str:
    """Return the commit measured, with + when files differ from it."""
    head = _git("rev-parse", "--short", "HEAD") or "none"
    return head + ("+" if _git("status", "--porcelain", "--", "fastntk") else "")


def _git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(ROOT), *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def describe() -> dict[str, Any]:
    """Return the machine, the software and the date of a run."""
    from threadpoolctl import threadpool_info

    info = _read("/proc/cpuinfo")
    flags = _found(r"^flags\s*:(.*)$", info).split()
    memory = int(_found(r"^MemTotal:\s*(\d+)", _read("/proc/meminfo"), "0"))
    pages = "/sys/kernel/mm/transparent_hugepage/enabled"
    return {
        "date": time.strftime("%Y-%m-%d %H:%M:%S"),
        "cpu": _found(r"^model name\s*:(.*)$", info),
        "cores": cores(),
        "simd": [f for f in ("avx2", "fma", "avx512f") if f in flags],
        "memory_GiB": round(memory / 2**20, 1),
        "huge_pages": _found(r"\[(\w+)\]", _read(pages)),
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "packages": {name: metadata.version(name) for name in PACKAGES},
        "blas": [
            {k: library[k] for k in ("internal_api", "version", "architecture")}
            for library in threadpool_info()
            if library["user_api"] == "blas"
        ],
        "fastntk": _commit(),
    }


def short_name() -> str:
    """Return a name for the machine that can stand in a folder name."""
    cpu = re.sub(r"\(.*?\)|CPU|@.*", "", describe()["cpu"])
    words = re.findall(r"[A-Za-z0-9]+", cpu)[:4]
    return "-".join([*words, f"{cores()}cores"]).lower()


def _cpu_times() -> tuple[float, float]:
    """Return busy and total CPU time of the whole machine so far."""
    ticks = [float(t) for t in _read("/proc/stat").split("\n")[0].split()[1:9]]
    idle = ticks[3] + ticks[4]
    return sum(ticks) - idle, sum(ticks)


def busy_share(seconds: float = 0.3) -> float:
    """Return the share of the machine that was busy while this process slept."""
    busy, total = _cpu_times()
    time.sleep(seconds)
    busy_after, total_after = _cpu_times()
    return (busy_after - busy) / max(total_after - total, 1e-9)


def wait_for_quiet(limit: float = 0.08, patience: float = 60.0) -> float:
    """Wait until other processes rest; return the share of the machine they take."""
    start = time.monotonic()
    share = busy_share()
    while share > limit and time.monotonic() - start < patience:
        share = busy_share(1.0)
    return share


def _own_seconds() -> float:
    """Return CPU seconds of this process and its children, living or not."""
    listed = _read(f"/proc/self/task/{os.getpid()}/children").split()
    lines = (_read(f"/proc/{child}/stat").rpartition(")")[2] for child in listed)
    ticks = sum(sum(map(int, line.split()[11:13])) for line in lines)
    return sum(os.times()[:4]) + ticks / os.sysconf("SC_CLK_TCK")


class OthersShare:
    """Measures the share of the machine that other processes took meanwhile."""

    def __init__(self) -> None:
        self._busy, self._total = _cpu_times()
        self._own = _own_seconds()

    def __call__(self) -> float:
        """Return the share since this object was made."""
        busy, total = _cpu_times()
        own = (_own_seconds() - self._own) * os.sysconf("SC_CLK_TCK")
        share = (busy - self._busy - own) / max(total - self._total, 1e-9)
        return max(share, 0.0)
