"""Instructions counted on the path of a thread through machine code."""

import collections
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.cuda import count
from bench.cuda.integers import OPERATIONS
from bench.cuda.registers import Registers, Unknown
from bench.cuda.sass import Listing, disassembled, disassembler, parse
from bench.cuda.thread import Undecided, path
from bench.nets import build
from fastntk import stax
from fastntk.kernels.cuda import target as cuda_target
from tests.test_cuda.assembler import assembled, has_assembler

# nvdisasm's text of: for k in range(n): total += x[k] * x[k]; out[threadIdx.x] =
# sqrt(total), for sm_90; n lies at 0x280. ptxas has unrolled the loop by 4 and by 16.
TEXT = (Path(__file__).parent / "root_of_sum.sass").read_text()
ROOT = 2  # fused multiply-adds of a square root, beside MUFU.RSQ
compiles = pytest.mark.skipif(
    cuda_target.package_version() is None
    or os.environ.get("NUMBA_ENABLE_CUDASIM") == "1",
    reason="needs numba-cuda, and no simulator",
)
disassembles = pytest.mark.skipif(
    disassembler() is None or not has_assembler(), reason="needs nvdisasm and ptxas"
)


def counted(listing: Listing, n: int) -> collections.Counter[str]:
    steps = path(listing, {"SR_TID.X": 3}, {0x280: n, 0x284: 0})
    return collections.Counter(step.kind for step in steps)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 15, 16, 17, 63, 64, 100, 1001])
def test_a_loop_counts_as_often_as_it_runs(n: int) -> None:
    found = counted(parse(TEXT), n)
    expected = {"FFMA": n + ROOT, "LDG": n, "MUFU": 1, "STG": 1, "CALL": 0}
    assert {name: found[name] for name in expected} == expected


def test_the_slow_path_of_a_root_is_another_function() -> None:
    listing = parse(TEXT)
    assert any(step.kind == "CALL" for step in listing.instructions)
    slow = parse(TEXT, "sqrt_rn_f32_slowpath")
    assert len(slow.instructions) < len(listing.instructions)
    with pytest.raises(ValueError, match="no function"):
        parse(TEXT, "another")


def test_what_is_not_known_is_not_guessed() -> None:
    with pytest.raises(Undecided, match="a branch to"):
        list(path(parse(TEXT), {"SR_TID.X": 3}, {}))
    with pytest.raises(Undecided, match="goes into CALL"):  # the root of 0 is a call
        counted(parse(TEXT), 0)


def run(text: str, **registers: int) -> Registers:
    """Run lines of machine code on registers that are given."""
    state = Registers({"SR_TID.X": 7}, {0x10: 5, 0x14: 6})
    for name, value in registers.items():
        state.set(name, value)
    lines = "".join(f" /*0000*/ {line} ;\n" for line in text.split(";"))
    for step in parse(f".section .text.kernel,\n{lines}").instructions:
        OPERATIONS[step.kind](state, step.name.split(".")[1:], list(step.operands))
    return state


HIGHEST = 0xFFFFFFFF


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IADD3 R0, P0, R1, -0x1, RZ; IADD3.X R2, R3, RZ, RZ, P0, !PT", (4, 11)),
        ("IADD3 R0, P0, RZ, -R1, RZ; IMAD.X R2, RZ, RZ, -0x1, P0", (-5, HIGHEST)),
        ("IADD3 R0, P0, RZ, -RZ, R1; IMAD.X R2, RZ, RZ, ~R3, P0", (5, ~10 + 1)),
        ("IMAD.WIDE R0, R4, 0x10, R6; MOV R2, R1", (-13, 0)),
        ("IMAD.WIDE.U32 R0, R4, 0x10, RZ; MOV R2, R1", (-16, 15)),
        ("IMAD R0, R1, R3, 0x2; IMAD.SHL.U32 R2, R1, 0x4, RZ", (52, 20)),
        ("LEA R0, P0, R4, R1, 0x1; LEA.HI.X R2, R4, R3, RZ, 0x1, P0", (3, 12)),
        ("LEA.HI R0, R4, R1, RZ, 0x4; LEA.HI.X.SX32 R2, R4, RZ, 0x1, PT", (20, 0)),
        (
            "LOP3.LUT R0, R1, 0xc, R3, 0xea, !PT; LOP3.LUT R2, RZ, R1, RZ, 0x33",
            (14, ~5),
        ),
        ("SHF.R.U64 R0, R4, 0x1f, R1; SHF.R.S32.HI R2, RZ, 0x1f, R4", (11, HIGHEST)),
        ("SHF.L.U32 R0, R1, 0x4, RZ; SHF.L.U64.HI R2, R4, 0x4, R1", (80, 95)),
        ("IMNMX R0, R1, R4, PT; IMNMX.U32 R2, R1, R4, !PT", (HIGHEST, HIGHEST)),
        ("LDC.64 R0, c[0x0][0x10]; MOV R2, R1", (5, 6)),
        (
            "S2R R0, SR_TID.X; HFMA2.MMA R2, -RZ, RZ, 0, 8.94069671630859375e-07",
            (7, 15),
        ),
    ],
)
def test_integers(text: str, expected: tuple[int, int]) -> None:
    state = run(text, R1=5, R3=10, R4=HIGHEST, R6=3, R7=1)
    assert (state.get("R0"), state.get("R2")) == tuple(v & HIGHEST for v in expected)


@pytest.mark.parametrize(
    ("a", "b"), [(5, 6), (6, 5), (1 << 32, 5), (5, 1 << 32), (7, 7), (7 << 32, 7 << 32)]
)
def test_comparisons_of_two_words(a: int, b: int) -> None:
    text = (
        "ISETP.GE.U32.AND P0, PT, R0, R2, PT; ISETP.GE.AND.EX P0, PT, R1, R3, PT, P0;"
        "ISETP.NE.U32.AND P1, PT, R0, R2, PT; ISETP.NE.AND.EX P1, PT, R1, R3, PT, P1;"
        "PLOP3.LUT P2, P3, P0, P1, PT, 0xa2, 0x80; P2R R8, PR, RZ, 0x3;"
        "SEL R9, R0, R2, P0"
    )
    words = {"R0": a, "R1": a >> 32, "R2": b, "R3": b >> 32}
    state = run(text, **words)
    assert state.guard("P0") == (a >= b)
    assert state.guard("!P1") == (a == b)
    assert state.guard("P2") == (a >= b or a == b)
    assert state.guard("P3") == (a > b)
    assert state.get("R8") == (a >= b) + 2 * (a != b)
    assert state.get("R9") == words["R0" if a >= b else "R2"] & HIGHEST


def test_results_of_what_is_not_known() -> None:
    with pytest.raises(Unknown):
        run("IADD3 R0, R1, R2, RZ", R1=1)


def test_without_a_disassembler_ptx_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count, "disassembler", lambda: None)
    calls = {"count": 0}

    def ptx(made: Any, capability: Any) -> str:
        calls["count"] += 1
        lines = 40 if "slot_1_0_0" in made.text else 10
        return "  add.rn.f32 %f1, %f2, %f3;\n  neg.f32 %f1, %f2;\n" * lines

    monkeypatch.setattr(count, "machine_code", ptx)
    found = count.count_pairs(build(stax, "relu-3", 20), 20)
    assert calls["count"] == 2
    assert (found.source, found.total) == ("ptx", None)
    assert found.arithmetic == 20 + 3 + 30 / 4
    assert "nvdisasm was not found" in found.reason


@compiles
@disassembles
def test_a_kernel_compiled_here() -> None:
    from numba import types

    def kernel(x: Any, out: Any, n: Any) -> None:
        total = np.float32(0.0)
        for k in range(n):
            total += x[k] * x[k]
        out[0] = math.sqrt(total)

    array = types.Array(types.float32, 1, "C")
    ptx = cuda_target.machine_code(kernel, (9, 0), (array, array, types.uint64))
    tool = disassembler()
    assert tool is not None
    listing = parse(disassembled(assembled(ptx, "sm_90")[0], tool))
    found = [counted(listing, n) for n in (10, 75)]
    assert found[1]["FFMA"] - found[0]["FFMA"] == 65
    assert found[1]["LDG"] == 75


@compiles
@disassembles
@pytest.mark.parametrize("capability", [(8, 0), (9, 0)])
def test_a_kernel_of_the_library(
    capability: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cuda_target, "cache_folder", lambda: tmp_path)
    found = count.count_pairs(build(stax, "relu-3", 18), 18, capability)
    assert found.source == "sass", found.reason
    assert found.issued is not None
    assert found.total is not None
    # 17 tables: 16, and one by one of eight warps; complements and values by fours
    tables, features, tile = 8 + 8 * 1 / 8, 2 * 2 * 4, 4 + 4
    assert found.kinds["STS"] == (tables + features + tile) / 16
    assert found.kinds["STG"] == 2  # both halves of the matrix
    assert found.kinds["MUFU"] == 3  # a root per layer
    assert found.issued - found.arithmetic == 20 - 18  # four features at a time
    assert 150 < found.arithmetic < found.issued < found.total
