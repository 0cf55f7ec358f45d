"""What a process may use and what it uses, as the system says it."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NoReturn

import numpy as np
import psutil
import pytest

from fastntk._resources import (
    available_cores,
    available_memory,
    cores,
    file_system_of,
    memory,
    memory_limits,
    peak_memory,
    process_exists,
    reset_peak_memory,
    resident_memory,
    total_memory,
)
from fastntk._resources.cgroups import forget_limits

MIB = 1 << 20
on_linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="of Linux alone"
)


def refuse(*arguments: Any, **options: Any) -> NoReturn:
    raise PermissionError(13, "Permission denied")


def printed(code: str) -> str:
    """Return what a new process prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    return done.stdout.strip()


# --- cores ----------------------------------------------------------------------------


def test_cores_are_those_of_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in cores.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cores, "cpu_quotas", dict)
    forget_limits()
    known = available_cores()
    assert 1 <= known <= (os.cpu_count() or 1)
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(
        psutil.Process, "cpu_affinity", lambda self: [0, 2, 5], raising=False
    )
    assert available_cores() == 3
    monkeypatch.setattr(psutil.Process, "cpu_affinity", refuse, raising=False)
    assert available_cores() == os.cpu_count()
    monkeypatch.delattr(psutil.Process, "cpu_affinity")
    assert available_cores() == os.cpu_count()


@on_linux
def test_a_process_that_is_bound_to_one_core() -> None:
    found = printed(
        "import os, sys\n"
        "from fastntk._resources import available_cores\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "print(available_cores(), 'psutil' in sys.modules)"
    )
    assert found == "1 False"


# --- memory ---------------------------------------------------------------------------


def test_memory_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    total, available = total_memory(), available_memory()
    assert total is not None and available is not None
    assert 64 * MIB < available <= total
    monkeypatch.setattr(memory, "memory_groups", list)
    monkeypatch.setattr(memory, "_resource_limits", list)
    monkeypatch.setattr(psutil, "virtual_memory", refuse)
    assert available_memory() is None
    assert total_memory() is None


@on_linux
def test_memory_is_what_the_kernel_says() -> None:
    lines = Path("/proc/meminfo").read_text().splitlines()
    words = {line.split(":")[0]: line.split()[1] for line in lines}
    total, available = (1024 * int(words[n]) for n in ("MemTotal", "MemAvailable"))
    machine = memory_limits()[0]
    assert machine.source == "machine"
    assert machine.total == total
    assert abs(machine.free - available) < total / 4


def test_the_resident_size_grows_and_falls() -> None:
    before = resident_memory()
    array = np.ones(8 * MIB)
    held = resident_memory()
    assert before is not None and held is not None
    assert 60 * MIB < held - before < 100 * MIB
    del array
    after = resident_memory()
    assert after is not None and held - after > 60 * MIB


@pytest.mark.skipif(not hasattr(os, "fork"), reason="of POSIX alone")
def test_a_forked_process_looks_at_itself() -> None:
    found = printed(
        "import os\n"
        "from fastntk._resources import resident_memory\n"
        "before = resident_memory()\n"
        "if os.fork():\n"
        "    os.wait()\n"
        "else:\n"
        "    data = b'1' * (64 << 20)\n"
        "    print(resident_memory() - before > 32 << 20)"
    )
    assert found == "True"


@pytest.mark.parametrize("error", [psutil.NoSuchProcess(1), PermissionError()])
def test_a_system_that_does_not_say(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Any) -> NoReturn:
        raise error

    monkeypatch.setattr(psutil.Process, "memory_info", fails)
    assert resident_memory() is None
    peak = peak_memory()  # by other ways
    assert peak is None or peak > MIB


@on_linux
def test_the_peak_counts_from_a_reset() -> None:
    array = np.ones(8 * MIB)
    with_array = peak_memory()
    del array
    without = peak_memory()
    assert with_array is not None and without is not None
    assert abs(without - with_array) < MIB  # pages are counted in batches
    before = reset_peak_memory()
    if before is None:
        pytest.skip("the mark cannot be reset here")
    peak = peak_memory()
    assert peak is not None
    assert before - MIB <= peak < with_array - 50 * MIB


def test_the_peak_without_the_mark_of_linux(monkeypatch: pytest.MonkeyPatch) -> None:
    held = resident_memory()
    monkeypatch.setattr(memory, "_high_water_mark", lambda: None)
    peak = peak_memory()
    assert peak is not None and held is not None
    assert peak >= 0.9 * held
    usage = SimpleNamespace(rss=5, peak_wset=7)
    monkeypatch.setattr(memory, "_usage", lambda: usage)
    assert peak_memory() == 7
    monkeypatch.setattr(memory, "_usage", lambda: None)
    monkeypatch.setitem(sys.modules, "resource", None)
    assert peak_memory() is None


def test_a_mark_that_cannot_be_reset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "write_text", refuse)
    assert reset_peak_memory() is None


# --- processes and disks --------------------------------------------------------------


def test_processes_that_run_and_that_ended() -> None:
    assert process_exists(os.getpid())
    assert process_exists(os.getppid())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=-1) as process:
        assert process_exists(process.pid)
        process.communicate(b"\n")
    assert not process_exists(process.pid)
    for number in (2**31 - 1, 2**31, 10**30):
        assert not process_exists(number)


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/tmp/more", "ext4"),
        ("/data", "xfs"),
        ("/data/a b/c", "tmpfs"),
        ("/database", "ext4"),
    ],
)
def test_the_innermost_and_last_mount_counts(
    folder: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounts = [
        SimpleNamespace(mountpoint=place, fstype=name)
        for place, name in [
            ("/", "overlay"),
            ("/data/a b", "tmpfs"),
            ("/data", "nfs"),
            ("/data", "xfs"),
            ("/", "ext4"),
        ]
    ]
    monkeypatch.setattr(psutil, "disk_partitions", lambda all: mounts)
    assert file_system_of(Path(folder)) == kind


def test_mounts_that_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "disk_partitions", refuse)
    assert file_system_of(Path("/")) == ""


@on_linux
def test_a_file_system_in_memory() -> None:
    assert file_system_of(Path("/proc")) == "proc"
