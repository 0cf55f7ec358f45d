"""The machine for PTX itself: its arithmetic, branches, barriers, and what it finds."""

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from tests.ptx.device import DeviceArray, empty, to_device
from tests.ptx.floats import APPROXIMATE, Noise, fused
from tests.ptx.machine import BarrierFault, launch
from tests.ptx.memory import MemoryFault
from tests.ptx.parser import parse
from tests.ptx.translate import Program, translate

REGISTERS = (
    ".reg .pred %p<9>; .reg .b16 %rs<9>; .reg .b32 %r<19>; .reg .b64 %rd<19>;"
    ".reg .f32 %f<19>; .reg .f64 %fd<19>;"
)
THREADS = 8


def program(body: str, *, arrays: str = "", noise: Noise | None = None) -> Program:
    """Return a kernel of two arrays: %rd1 is a place in "out", %r1 the thread."""
    text = f"""
    .version 9.0
    .target sm_90
    {arrays}
    .visible .entry test(.param .u64 in, .param .u64 out)
    {{
        {REGISTERS}
        ld.param.u64 %rd2, [in];
        ld.param.u64 %rd1, [out];
        mov.u32 %r1, %tid.x;
        mul.wide.u32 %rd3, %r1, 8;
        add.s64 %rd2, %rd2, %rd3;
        add.s64 %rd1, %rd1, %rd3;
        {body}
        ret;
    }}"""
    return translate(parse(text), noise)


def run(made: Program, given: Any = None, blocks: int = 1) -> np.ndarray:
    """Return what eight threads write, eight bytes each."""
    given = np.zeros(THREADS) if given is None else given
    source, out = to_device(given), empty(THREADS, np.float64)
    arrays = zip(("in", "out"), (source, out), strict=True)
    args = [(name, a.memory, a.offset, a.span) for name, a in arrays]
    launch(made, (blocks, 1, 1), (THREADS, 1, 1), args)
    return out.copy_to_host()


def integers(body: str, **options: Any) -> list[int]:
    """Return what threads leave in %rd4."""
    made = program(f"{body} st.global.u64 [%rd1], %rd4;", **options)
    found: list[int] = run(made).view(np.int64).tolist()
    return found


@pytest.mark.parametrize(
    ("body", "known"),
    [
        ("mov.u64 %rd4, -3; shr.s64 %rd4, %rd4, 1;", -2),
        ("mov.u64 %rd4, -3; shr.u64 %rd4, %rd4, 60;", 15),
        ("mov.u64 %rd4, 1; shl.b64 %rd4, %rd4, 64;", 0),
        ("mov.u64 %rd4, -7; div.s64 %rd4, %rd4, 2;", -3),
        ("mov.u64 %rd4, -7; rem.s64 %rd4, %rd4, 4;", -3),
        ("mov.u32 %r2, -7; mul.wide.s32 %rd4, %r2, 5;", -35),
        ("mov.u32 %r2, -1; mul.wide.u32 %rd4, %r2, 2;", 2**33 - 2),
        ("mov.u64 %rd4, -1; mul.hi.u64 %rd4, %rd4, 3;", 2),
        ("mov.u64 %rd4, -1; mad.lo.s64 %rd4, %rd4, 3, 5;", 2),
        ("mov.u32 %r2, -9; cvt.s64.s32 %rd4, %r2;", -9),
        ("mov.u32 %r2, -9; cvt.u64.u32 %rd4, %r2;", 2**32 - 9),
        ("mov.u64 %rd5, -1; setp.gt.u64 %p1, %rd5, 0; selp.u64 %rd4, 7, 8, %p1;", 7),
        ("mov.u64 %rd5, -1; setp.gt.s64 %p1, %rd5, 0; selp.u64 %rd4, 7, 8, %p1;", 8),
        ("mov.u64 %rd4, 5; setp.eq.s64 %p1|%p2, %rd4, 5; @%p2 mov.u64 %rd4, 0;", 5),
        ("mov.u64 %rd4, 5; max.s64 %rd4, %rd4, -1;", 5),
        ("mov.u64 %rd4, 5; max.u64 %rd4, %rd4, -1;", -1),
        ("mov.u64 %rd5, 0x500000007; mov.b64 {%r2, %r3}, %rd5;"
         "mov.b64 %rd4, {%r3, %r2};", 0x700000005),
        ("mov.f64 %fd1, 0dC000000000000000; cvt.rzi.s64.f64 %rd4, %fd1;", -2),
        ("mov.f64 %fd1, 0d43F0000000000000; cvt.rzi.s64.f64 %rd4, %fd1;", 2**63 - 1),
        ("mov.u32 %r2, 255; popc.b32 %r3, %r2; cvt.u64.u32 %rd4, %r3;", 8),
        ("mov.u32 %r2, 255; clz.b32 %r3, %r2; cvt.u64.u32 %rd4, %r3;", 24),
        ("mov.u32 %r2, 0xF0; bfe.s32 %r3, %r2, 4, 4; cvt.s64.s32 %rd4, %r3;", -1),
        ("mov.u32 %r2, 0x12345678; prmt.b32 %r3, %r2, 0, 0x0123;"
         "cvt.u64.u32 %rd4, %r3;", 0x78563412),
        ("mov.u32 %r2, 12; lop3.b32 %r3, %r2, 10, 0, 0x3C; cvt.u64.u32 %rd4, %r3;", 6),
        ("mov.u32 %r2, -1; shf.l.wrap.b32 %r3, %r2, 1, 4; cvt.u64.u32 %rd4, %r3;", 31),
        ("{ .reg .b32 %temp; mov.b64 {%temp, %r2}, 0x900000001; }"
         "cvt.u64.u32 %rd4, %r2;", 9),
    ],
)  # fmt: skip
def test_integers(body: str, known: int) -> None:
    assert integers(body) == [known] * THREADS


def reals(body: str, given: Any = None, noise: Noise | None = None) -> np.ndarray:
    """Return what threads make of %fd1, from memory, in %fd2."""
    text = f"ld.global.f64 %fd1, [%rd2]; {body} st.global.f64 [%rd1], %fd2;"
    return run(program(text, noise=noise), given)


SOME = np.array([0.0, -0.0, 1.5, -2.5, np.nan, np.inf, -np.inf, 1e-310])


@pytest.mark.parametrize(
    ("body", "function"),
    [
        ("max.f64 %fd2, %fd1, 0d0000000000000000;", lambda x: np.fmax(x, 0.0) + 0.0),
        ("min.f64 %fd2, %fd1, 0d8000000000000000;", lambda x: -np.fmax(-x, 0.0)),
        ("mov.f64 %fd3, 0d4000000000000000; copysign.f64 %fd2, %fd1, %fd3;",
         lambda x: np.copysign(2.0, x)),
        ("cvt.rni.f64.f64 %fd2, %fd1;", np.rint),
        ("cvt.rmi.f64.f64 %fd2, %fd1;", np.floor),
        ("setp.ne.f64 %p1, %fd1, %fd1; selp.f64 %fd2, %fd1, 0d0000000000000000, %p1;",
         np.zeros_like),
        ("setp.neu.f64 %p1, %fd1, %fd1; selp.f64 %fd2, 0d3FF0000000000000, "
         "0d0000000000000000, %p1;", lambda x: np.isnan(x) * 1.0),
        ("setp.ltu.f64 %p1, %fd1, 0d0000000000000000; selp.f64 %fd2, "
         "0d3FF0000000000000, 0d0000000000000000, %p1;", lambda x: ~(x >= 0) * 1.0),
    ],
)  # fmt: skip
def test_reals(body: str, function: Any) -> None:
    with np.errstate(invalid="ignore"):
        known = function(SOME)
    found = reals(body, SOME)
    np.testing.assert_array_equal(found, known)
    number = ~np.isnan(known)
    np.testing.assert_array_equal(np.signbit(found[number]), np.signbit(known[number]))


def exact(*values: Any) -> Fraction:
    a, b, c = (Fraction(float(v)) for v in values)
    return a * b + c


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_fused_sum_is_rounded_once(dtype: Any) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 500)).astype(dtype)
    c = (-a * b * (1 + np.finfo(dtype).eps * rng.integers(-3, 4, 500))).astype(dtype)
    small = np.finfo(dtype).tiny ** 0.5 * rng.standard_normal(500).astype(dtype)
    for terms in ((a, b, c), (a, b, a * 2**20), (small * a, small, small * small)):
        values = [np.asarray(t, dtype) for t in terms]
        found = fused()(*values)
        assert found.dtype == dtype
        for *args, result in zip(*values, found, strict=True):
            truth = exact(*args)
            error = abs(Fraction(float(result)) - truth)
            for side in (-np.inf, np.inf):
                beside = float(np.nextafter(result, dtype(side)))
                assert error <= abs(Fraction(beside) - truth)


def test_float32_is_rounded_after_every_step() -> None:
    body = "cvt.rn.f32.f64 %f1, %fd1; add.f32 %f2, %f1, 0f3F800000; {} cvt.f64.f32 %fd2, %f3;"  # noqa: E501
    x = np.array([1e-8, 3.1, -0.3, 1e8, 7e-39, 2.0**-25, 1.0, 0.1])
    found = reals(body.format("mul.f32 %f3, %f2, %f1;"), x)
    f = x.astype(np.float32)
    np.testing.assert_array_equal(found, (f + np.float32(1)) * f)
    found = reals(body.format("mul.ftz.f32 %f3, %f1, 0f3F800000;"), x)
    np.testing.assert_array_equal(found, np.where(np.abs(f) < 2.0**-126, 0, f))


@pytest.mark.parametrize("name", sorted(APPROXIMATE))
def test_approximations_are_as_wrong_as_is_allowed(name: str) -> None:
    kind = np.dtype(np.float32)
    x = np.linspace(0.1, 3.0, 4000, dtype=kind)
    args = (x, np.float32(1.7)) if name == "div" else (x,)
    function, error = APPROXIMATE[name]
    truth = function(*(np.asarray(a, np.float64) for a in args))
    scale = 1.0 if name in ("sin", "cos") else np.abs(truth)
    for share, least in ((0.0, 0.0), (1.0, 0.9)):
        found = Noise(share).approximate(name, kind)(*args)
        assert found.dtype == kind
        worst = np.max(np.abs(found - truth) / scale)
        assert least * error <= worst <= share * error + 1.001 * 2.0**-24


# --- branches, loops, barriers --------------------------------------------------------


def test_threads_part_and_meet_again() -> None:
    body = """
        mov.u64 %rd4, 0; mov.u32 %r2, 0;
        setp.lt.u32 %p1, %r1, 3;
        @%p1 bra $less;
        mov.u64 %rd4, 100;
        bra.uni $loop;
    $less:
        mov.u64 %rd4, 200;
    $loop:
        add.s64 %rd4, %rd4, 1;
        add.s32 %r2, %r2, 1;
        setp.le.u32 %p1, %r2, %r1;
        @%p1 bra $loop;
    """
    known = [(200 if t < 3 else 100) + t + 1 for t in range(THREADS)]
    assert integers(body) == known


def test_threads_return_early() -> None:
    made = program(
        "setp.gt.u32 %p1, %r1, 3; mov.u64 %rd4, 1; st.global.u64 [%rd1], %rd4;"
        "@%p1 ret; mov.u64 %rd4, 2; st.global.u64 [%rd1], %rd4;"
    )
    assert run(made).view(np.int64).tolist() == [2] * 4 + [1] * 4


def test_vectors_and_constants() -> None:
    body = """
        mov.u64 %rd5, table;
        ld.const.v2.u32 {%r2, %r3}, [%rd5+8];
        add.s32 %r4, %r2, %r3; cvt.u64.u32 %rd4, %r4;
    """
    arrays = ".const .align 8 .b32 table[4] = {1, 2, 30, 40};"
    assert integers(body, arrays=arrays) == [70] * THREADS


SHARED = """
    mov.u64 %rd5, room; mul.wide.u32 %rd6, %r1, 8; add.s64 %rd7, %rd5, %rd6;
    cvt.u64.u32 %rd8, %r1; sub.s64 %rd9, %rd5, %rd6;
"""
ROOM = ".shared .align 8 .b8 room[64];"


def test_blocks_share_memory_of_their_own() -> None:
    body = f"{SHARED} st.shared.u64 [%rd7], %rd8; bar.sync 0;"
    body += "ld.shared.u64 %rd4, [%rd9+56];"
    assert integers(body, arrays=ROOM) == list(range(THREADS))[::-1]


@pytest.mark.parametrize("word", ["or", "and"])
@pytest.mark.parametrize("few", [0, 3, 8])
def test_a_barrier_joins_a_predicate(few: int, word: str) -> None:
    body = f"setp.lt.u32 %p1, %r1, {few}; bar.red.{word}.pred %p2, 0, %p1;"
    known = few > 0 if word == "or" else few == THREADS
    found = integers(f"{body} selp.u64 %rd4, 1, 0, %p2;")
    assert found == [int(known)] * THREADS


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("ld.global.u64 %rd4, [%rd2+8];", "memcheck.*thread 7 of block 0.*byte 64"),
        ("ld.global.u64 %rd4, [%rd2+-8];", "memcheck.*thread 0.*byte -8"),
        ("ld.global.u64 %rd4, [%rd2+4];", "memcheck"),
        ("ld.global.u64 %rd4, [%rd1];", "initcheck"),
        ("ld.shared.u64 %rd4, [%rd7];", "initcheck.*room"),
        ("st.shared.u64 [%rd7+8], %rd8;", "memcheck.*room"),
        ("st.shared.u64 [%rd5], %rd8;", "racecheck.*writes room"),
        ("st.shared.u64 [%rd7], %rd8; ld.shared.u64 %rd4, [%rd9+56];",
         "racecheck.*reads room"),
        ("st.shared.u64 [%rd7], %rd8; bar.sync 0; ld.shared.u64 %rd4, [%rd9+56];"
         "st.shared.u64 [%rd7], %rd8;", "racecheck.*writes room"),
        ("st.global.u64 [%rd1], %rd8; ld.param.u64 %rd4, [out];"
         "ld.global.u64 %rd4, [%rd4];", "racecheck.*reads out"),
    ],
)  # fmt: skip
def test_faults_of_memory_are_found(body: str, message: str) -> None:
    with pytest.raises(MemoryFault, match=message):
        integers(SHARED + "mov.u64 %rd4, 0;" + body, arrays=ROOM)


def test_a_barrier_that_some_do_not_reach_is_found() -> None:
    body = "mov.u64 %rd4, 0; setp.lt.u32 %p1, %r1, 3; @%p1 bra $on; bar.sync 0; $on:"
    with pytest.raises(BarrierFault, match="synccheck.*5 of 8 threads"):
        integers(body)


def test_what_we_do_not_know_is_refused() -> None:
    for body in ("atom.global.add.u32 %r2, [%rd1], 1;", "add.rz.f32 %f1, %f2, %f3;"):
        with pytest.raises(NotImplementedError, match=r"line \d+"):
            integers(body)


def test_views_of_device_arrays() -> None:
    x = np.arange(12.0).reshape(3, 4)
    array = to_device(x)
    part = array[1:, ::2]
    np.testing.assert_array_equal(part.copy_to_host(), x[1:, ::2])
    assert isinstance(part, DeviceArray)
    assert (part.span, part.offset) == (7 * 8, 4 * 8)
    assert not part.is_c_contiguous()
    flat = array.reshape(12)[4:]
    flat.copy_to_device(np.zeros(8))
    assert array.copy_to_host()[1:].sum() == 0
    assert list(itertools.chain(array.shape, array.strides)) == [3, 4, 32, 8]


def test_quotients_by_large_divisors_are_lost() -> None:
    divide = Noise().approximate("div", np.dtype(np.float32))
    a, b = np.array([[1e38, 1e38, np.inf, 3.0], [1e38, 8e37, 1e38, np.inf]], "f4")
    np.testing.assert_array_equal(divide(a, b), np.array([0, 1.25, np.nan, 0], "f4"))
