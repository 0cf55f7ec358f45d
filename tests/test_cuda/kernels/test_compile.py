"""Every kernel compiled to PTX and to machine code, on machines without a GPU.

Needs the package numba-cuda, which brings NVVM and nvJitLink; ``.ci/run`` installs it.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fastntk.backends.cuda.launch import MICRO, program_source
from fastntk.kernels.abi import SERIES_SCALED
from fastntk.kernels.cpu.ops import OPS as BODIES
from fastntk.kernels.cuda import target as cuda_target
from fastntk.kernels.cuda.similarity import Plan
from fastntk.kernels.cuda.source import KernelSource, Step, kernel_source
from fastntk.program import lower
from tests.networks import build
from tests.test_cuda.assembler import assemble, has_assembler, registers
from tests.test_cuda.compiled import COMPILED
from tests.test_cuda.nets import NETS

pytestmark = COMPILED
ARCHITECTURES = ("sm_75", "sm_80", "sm_90")
# small networks that between them have every op in each of its variants
CHOSEN = (
    *(
        "abs",
        "cos",
        "dropout",
        "erf",
        "gabor",
        "gaussian",
        "gelu",
        "leaky",
        "polynomial",
    ),
    *("product", "rbf", "rectified-2", "relu", "residual", "scaled-sin", "sign"),
)

# those with the largest kernels, which are always compiled as they are launched
LARGE = ("erf", "gelu", "scaled-sin")


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(cuda_target, "cache_folder", lambda: tmp_path)
    yield


def source(net: Any, dtype: Any, kind: str, **options: Any) -> KernelSource:
    program = lower(build(net).spec, ("nngp", "ntk"), 5)
    return program_source(program, np.dtype(dtype), kind, **options)


def check_machine_code(ptx: str, architectures: tuple[str, ...] = ARCHITECTURES) -> int:
    """Assemble for every architecture; refuse spills. Return the most registers."""
    most = 0
    for arch in architectures:
        report = assemble(ptx, arch)
        assert "0 bytes stack frame" in report, report
        spills = re.findall(r"(\d+) bytes spill", report)
        assert spills, report
        assert not any(map(int, spills)), report
        most = max(most, registers(report))
    return most


def check_numbers(ptx: str, dtype: Any) -> None:
    """Refuse float64 in kernels of float32, and memory of the thread in all."""
    if np.dtype(dtype) == np.float32:
        assert not re.search(r"\.f64|\.b64 \s*%fd", ptx)
    assert ".local" not in ptx


def test_the_chosen_networks_have_every_op() -> None:
    programs = [lower(build(NETS[name]).spec, ("nngp", "ntk"), 5) for name in CHOSEN]
    found = {op.name for program in programs for op in program.ops}
    # the twin of mehler, and those of the test below
    others = {"angle", "series", "expansion", "floor", "mask"}
    assert set(BODIES) <= found | others, set(BODIES) - found


@pytest.mark.parametrize("name", CHOSEN)
def test_every_op(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One pair per thread, from complements; the rest of a kernel is tested below."""
    for dtype in (np.float32, np.float64):
        monkeypatch.setitem(MICRO, np.dtype(dtype).name, 1)
        made = source(NETS[name], dtype, "complement")
        ptx = cuda_target.machine_code(made, (7, 5))
        check_numbers(ptx, dtype)
        if has_assembler():
            check_machine_code(ptx)


def test_ops_of_rows_of_zeros_and_of_collapsed_networks() -> None:
    zeros = [
        Step("mask", (0, 1, -1, -1, 0, 0)),
        Step("floor", (0, 1, -1, -1, 1, 0)),
    ]
    series = [
        Step("angle", (0, -1, 1, -1, 0, 0), (0.1,)),
        Step("series", (4, 1, 2, 3, 0, SERIES_SCALED), (2.0, *np.arange(17.0) / 17)),
    ]
    for steps, output in ((zeros, (1, 0, 1)), (series, (4, 0, 2))):
        kind = np.dtype(np.float32)
        plan = Plan("complement", micro=1)
        made = kernel_source(steps, [output], kind, plan, n_slots=5, n_tables=3)
        ptx = cuda_target.machine_code(made, (7, 5))
        check_numbers(ptx, kind)
        if has_assembler():
            check_machine_code(ptx)


@pytest.mark.parametrize(
    ("kind", "is_mirrored", "dtype"),
    [
        ("product", True, np.float32),
        ("correlation", False, np.float32),
        ("product", True, np.float64),
    ],
)
def test_whole_kernels(kind: str, is_mirrored: bool, dtype: Any) -> None:
    made = source(NETS["relu"], dtype, kind, is_mirrored=is_mirrored)
    ptx = cuda_target.machine_code(made, (7, 5))
    check_numbers(ptx, dtype)
    assert ptx.count("bar.") >= 2
    assert "fma.rn" in ptx
    assert ".shared" in ptx
    if has_assembler():
        # two blocks of 256 threads fit a multiprocessor
        assert check_machine_code(ptx) <= 128


def test_every_architecture_by_nvvm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MICRO, "float32", 1)
    made = source(NETS["relu"], np.float32, "complement")
    for arch in ARCHITECTURES:
        digits = arch.removeprefix("sm_")
        ptx = cuda_target.machine_code(made, (int(digits[0]), int(digits[1])))
        assert f".target {arch}" in ptx
        check_numbers(ptx, np.float32)
        if has_assembler():
            check_machine_code(ptx, (arch,))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in LARGE else [pytest.mark.slow])
        for name in sorted(NETS)
    ],
)
def test_every_network_at_full_size(name: str, dtype: Any) -> None:
    for kind, is_mirrored in (("product", True), ("correlation", False)):
        made = source(NETS[name], dtype, kind, is_mirrored=is_mirrored)
        ptx = cuda_target.machine_code(made, (7, 5))
        check_numbers(ptx, dtype)
        if has_assembler():
            assert check_machine_code(ptx) <= 255


def test_similarities_alone() -> None:
    for dtype in (np.float32, np.float64):
        made = source(NETS["relu"], dtype, "correlation", is_similarity=True)
        ptx = cuda_target.machine_code(made, (7, 5))
        check_numbers(ptx, dtype)
        if has_assembler():
            check_machine_code(ptx)


def fixed_kernels() -> list[tuple[Any, tuple[Any, ...]]]:
    from numba import types

    from fastntk.kernels.cuda import fixed as cuda_fixed

    i64, f64 = types.int64, types.float64
    found = []
    for real in (types.float32, types.float64):
        flat, matrix = types.Array(real, 1, "C"), types.Array(real, 2, "A")
        wide = types.Array(f64, 1, "C")
        exact = (flat, matrix, matrix, f64, *[i64] * 5)
        found += [
            (cuda_fixed.unit_rows, (matrix, flat, wide)),
            (cuda_fixed.refine_exact, exact),
            (cuda_fixed.multiply_block, (flat, wide, wide, *[i64] * 4)),
        ]
    return found


@pytest.mark.parametrize("which", range(6))
def test_kernels_that_do_not_depend_on_the_network(which: int) -> None:
    function, types = fixed_kernels()[which]
    ptx = cuda_target.machine_code(function, (7, 5), types)
    assert ".local" not in ptx
    check_wide_indices(ptx)
    if has_assembler():
        check_machine_code(ptx)


def check_wide_indices(ptx: str) -> None:
    """Refuse products of block numbers in 32 bits: blocks hold more than 2^31 pairs."""
    blocks = set(re.findall(r"mov\.u32\s+(%r\d+), %ctaid\.x;", ptx))
    assert blocks
    for line in ptx.splitlines():
        if re.search(r"\bm(ul|ad)\.lo\.[su]32\b", line):
            assert not blocks & set(re.findall(r"%r\d+", line)), line


def test_the_plan_is_that_of_the_device() -> None:
    made = source(NETS["relu"], np.float32, "product")
    assert made.plan == Plan("product", micro=MICRO["float32"])
