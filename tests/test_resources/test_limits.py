"""Control groups, resource limits and variables: the least of all counts."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import fastntk
from fastntk._resources import (
    available_cores,
    available_memory,
    cgroups,
    core_limits,
    cores,
    count_left_behind,
    ignored_variables,
    left_behind,
    memory,
    memory_limits,
    total_memory,
)
from fastntk._validation import check_threads

MIB = 1 << 20
Tree = Callable[..., None]


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tree:
    """Return a function that lays out control groups, on a machine of 64 cores."""
    for name in cores.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cores, "_bound_cores", lambda: 64)
    machine = memory.MemoryLimit("machine", 900 * MIB, 800 * MIB)
    monkeypatch.setattr(memory, "_machine_memory", lambda: machine)
    monkeypatch.setattr(memory, "_resource_limits", list)
    monkeypatch.setattr(cgroups, "MOUNT", tmp_path / "mount")
    monkeypatch.setattr(cgroups, "GROUPS", tmp_path / "groups")

    def lay_out(groups: str, **files: str) -> None:
        (tmp_path / "groups").write_text(groups)
        for name, text in files.items():
            path = tmp_path / "mount" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        cgroups.forget_limits()

    lay_out("0::/\n", here="")
    return lay_out


@pytest.fixture(autouse=True)
def _no_limits_kept() -> Iterator[None]:
    yield
    cgroups.forget_limits()


# --- cores ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/\n", {"cpu.max": "100000 100000\n"}, 1),
        ("0::/\n", {"cpu.max": "250000 100000"}, 3),  # rounded up
        ("0::/\n", {"cpu.max": "1000 100000"}, 1),
        ("0::/\n", {"cpu.max": "300000"}, 3),  # the period has a default
        ("0::/\n", {"cpu.max": "max 100000"}, 64),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000", "a/cpu.max": "200000 100000"}, 2),
        ("0::/a/b\n", {"a/b/cpu.max": "400000 100000", "cpu.max": "5000000 100000"}, 4),
        ("0::/not/seen\n", {"cpu.max": "200000 100000"}, 2),
        ("0::/../..\n", {"cpu.max": "200000 100000"}, 2),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "1"}, 64),
        (
            "4:cpu,cpuacct:/docker/1\n0::/\n",
            {
                "cpu,cpuacct/docker/1/cpu.cfs_quota_us": "150000",
                "cpu,cpuacct/docker/1/cpu.cfs_period_us": "50000",
            },
            3,
        ),
        ("0::/x\n", {"unified/x/cpu.max": "200000 100000"}, 2),
        ("0::/\n", {"cpu.max": ""}, 64),
        ("0::/\n", {"cpu.max": "many of them"}, 64),
        ("0::/\n", {"cpu.max": "100000 0"}, 64),
        ("nonsense", {"cpu.max": "-5 100000"}, 64),
        ("", {"cpu/cpu.cfs_quota_us": "10", "cpu/cpu.cfs_period_us": "x"}, 64),
    ],
)
def test_a_quota(groups: str, files: dict[str, str], expected: int, tree: Tree) -> None:
    tree(groups, **files)
    assert available_cores() == expected


@pytest.mark.parametrize("name", cores.VARIABLES)
@pytest.mark.parametrize(
    ("value", "expected"),
    [("3", 3), (" 2 ", 2), ("4,2", 4), ("+5", 5), ("100", 64), ("1", 1)],
)
def test_variables(
    name: str, value: str, expected: int, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert available_cores() == expected
    assert core_limits()[name] == int(value.split(",", maxsplit=1)[0])
    assert not ignored_variables()


@pytest.mark.parametrize("value", ["", "0", "-1", "many", "2.5", "1e3", "٣", ",2"])
def test_variables_that_are_no_numbers_are_ignored(
    value: str, tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    monkeypatch.setenv("NUMBA_NUM_THREADS", "7")
    assert available_cores() == 7
    assert ignored_variables() == {"OMP_NUM_THREADS": value}
    assert core_limits() == {"affinity": 64, "NUMBA_NUM_THREADS": 7}


def test_threads_beat_all_limits(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree("0::/\n", **{"cpu.max": "100000 100000"})
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    assert check_threads(None) == 1
    assert check_threads(5) == 5


def test_a_quota_that_changes_is_seen(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    tree("0::/\n", **{"cpu.max": "100000 100000"})
    assert available_cores() == 1
    (cgroups.MOUNT / "cpu.max").write_text("300000 100000")
    now += cgroups.SECONDS - 1
    assert available_cores() == 1
    now += 2
    assert available_cores() == 3


# --- memory ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("groups", "files", "total", "free"),
    [
        ("0::/\n", {"memory.max": str(300 * MIB), "memory.current": "0"}, 300, 300),
        (
            "0::/\n",
            {"memory.max": str(300 * MIB), "memory.current": str(100 * MIB)},
            300,
            200,
        ),
        (
            "0::/\n",
            {
                "memory.max": str(300 * MIB),
                "memory.current": str(290 * MIB),
                "memory.stat": f"anon {90 * MIB}\nfile {200 * MIB}\n"
                f"inactive_file {150 * MIB}\nactive_file {50 * MIB}\n",
            },
            300,
            210,
        ),
        ("0::/\n", {"memory.max": "max", "memory.current": "5"}, 900, 800),
        (
            "0::/\n",
            {
                "memory.max": "max",
                "memory.high": str(200 * MIB),
                "memory.current": str(250 * MIB),
            },
            200,
            0,
        ),
        (
            "0::/a/b\n",
            {
                "a/b/memory.max": str(500 * MIB),
                "a/b/memory.current": str(10 * MIB),
                "a/memory.max": str(600 * MIB),
                "a/memory.current": str(580 * MIB),
            },
            500,
            20,
        ),
        (
            "4:memory:/slurm/job\n0::/\n",
            {
                "memory/slurm/job/memory.limit_in_bytes": str(400 * MIB),
                "memory/slurm/job/memory.usage_in_bytes": str(300 * MIB),
                "memory/slurm/job/memory.stat": f"inactive_file 1\n"
                f"total_inactive_file {100 * MIB}\n",
            },
            400,
            200,
        ),
        (
            "4:memory:/\n",
            {
                "memory/memory.limit_in_bytes": "9223372036854771712",
                "memory/memory.usage_in_bytes": str(300 * MIB),
            },
            900,
            800,
        ),
        ("0::/\n", {"memory.max": "", "memory.high": "a lot"}, 900, 800),
    ],
)
def test_memory_of_a_group(
    groups: str, files: dict[str, str], total: int, free: int, tree: Tree
) -> None:
    tree(groups, **files)
    assert total_memory() == total * MIB
    assert available_memory() == free * MIB


def test_memory_whose_use_is_not_told(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "resident_memory", lambda: 30 * MIB)
    tree("0::/\n", **{"memory.max": str(100 * MIB)})
    assert available_memory() == 70 * MIB


def test_a_matrix_beyond_the_limit_is_refused(tree: Tree) -> None:
    tree("0::/\n", **{"memory.max": str(40 * MIB), "memory.current": str(30 * MIB)})
    net = fastntk.stax.serial(fastntk.stax.Dense(1))
    x = [[float(i), 1.0] for i in range(1500)]
    with pytest.raises(fastntk.MemoryBudgetError, match=r"10,485,760 are free"):
        fastntk.gram(net, x)
    assert fastntk.gram(net, x[:50]).shape == (50, 50)


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux alone")
def test_resource_limits_count() -> None:
    code = (
        "import resource\n"
        "from fastntk._resources import available_memory, memory_limits\n"
        "available_memory()\n"
        "used = 4096 * int(open('/proc/self/statm').read().split()[0])\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (50 << 20), -1))\n"
        "found = memory_limits()[-1]\n"
        "print(found.source, 40 << 20 < found.free <= 50 << 20,\n"
        "      available_memory() <= 50 << 20)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.stdout.split() == ["ulimit", "-v", "True", "True"]


def test_what_is_left_behind_counts_until_it_ends() -> None:
    before = left_behind()
    ends = [count_left_behind(5), count_left_behind(7)]
    assert left_behind() == before + 12
    ends[0]()
    ends[0]()
    assert left_behind() == before + 7
    ends[1]()
    assert left_behind() == before
    assert all(limit.free >= 0 for limit in memory_limits())
