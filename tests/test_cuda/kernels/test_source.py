"""The text of kernels: what is written, folded, shared and hashed."""

import math
import re
from typing import Any

import numpy as np
import pytest

from fastntk._jit import like
from fastntk.backends.cuda.launch import program_source
from fastntk.kernels.cpu.ops import OPS
from fastntk.kernels.cuda.inline import Inliner
from fastntk.kernels.cuda.series import (
    last_terms,
    series_complement,
    series_slope,
    two_terms,
)
from fastntk.kernels.cuda.similarity import Plan
from fastntk.kernels.cuda.simulated import inverse_power
from fastntk.kernels.cuda.source import ARGUMENTS, Step, kernel_source
from fastntk.kernels.cuda.text import Strip, Text
from fastntk.kernels.formulas import gelu as scalars_gelu
from fastntk.kernels.formulas import pairs as scalars
from fastntk.kernels.formulas import smooth as scalars_smooth
from fastntk.kernels.formulas.polynomials import _TABLES
from fastntk.program import lower
from tests.networks import build
from tests.test_cuda.nets import NETS

pytestmark = pytest.mark.jit_off
DTYPES: list[Any] = [np.dtype(np.float32), np.dtype(np.float64)]


def written_out(
    function: Any, values: list[float], dtype: np.dtype, *coefs: Any
) -> Any:
    """Run the text of a formula at some numbers."""
    out = Inliner(dtype, is_simulated=True)
    names = [Text(f"a{k}") for k in range(len(values))]
    result = out.call(function, *names, *coefs)
    names_of: dict[str, Any] = {
        "sqrt": lambda v: dtype.type(math.sqrt(v)),
        "copysign": lambda a, b: dtype.type(math.copysign(a, b)),
        "inverse_power": inverse_power,
        "cuda": type("cuda", (), {"selp": staticmethod(lambda c, a, b: a if c else b)}),
        **{str(n): dtype.type(v) for n, v in zip(names, values, strict=True)},
        **{name: dtype.type(v) for name, v in out.constants.items()},
    }
    exec("\n".join(line.strip() for line in out.lines), names_of)
    parts = result if isinstance(result, tuple) else (result,)
    return [eval(out.text(part), names_of) for part in parts]


def tables(dtype: np.dtype) -> list[tuple[Any, ...]]:
    return [tuple(dtype.type(c) for c in part) for part in _TABLES[dtype.name]]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("x", [0.3, -0.7, 0.0, -0.0, 1e-9, -1e-9, 1.0])
def test_formulas_are_those_of_the_cpu(x: float, dtype: np.dtype) -> None:
    asin, excess, _, decay = tables(dtype)
    cases: list[Any] = [
        (scalars.abrelu_pair, [x, 0.4, 0.3], (asin, excess)),
        (scalars.mixed_pair, [x, 0.2, 0.3, 0.9, 0.8], ()),
        (scalars_smooth.exp_pair, [x, 0.7, 1.1], (decay,)),
        (scalars_smooth.wave_pair, [x, 0.7, 1.1], (decay,)),
        (scalars_gelu.gelu_pair, [x, 0.5, 0.6, 0.75, 0.64, 1.4, 1.3], (asin,)),
    ]
    for function, values, coefs in cases:
        texts = written_out(function, values, dtype, *coefs)
        numbers = [dtype.type(v) for v in values]
        known = function(*numbers, *coefs)
        known = known if isinstance(known, tuple) else (known,)
        np.testing.assert_allclose(texts, known, rtol=8 * np.finfo(dtype).eps, atol=0)
        assert [math.copysign(1, a) for a in texts] == [
            math.copysign(1, a) for a in known
        ]


def sums_and_loops(x: Any, y: Any) -> Any:
    total = like(y, 0.0)
    for m in range(1, 4):
        total = total + like(y, 1.0 / m) * y
    for j in range(len(x)):
        x[j] = x[j] + total
    return total


def test_loops_strips_and_constants() -> None:
    out = Inliner(np.dtype(np.float32))
    out.call(sums_and_loops, Strip("x"), Text("y"))
    text = "\n".join(out.lines)
    assert "for " not in text
    assert text.count("x = ") == 1
    assert out.constants["K0"] == 0.0
    assert float(np.float32(1 / 3)) in out.constants.values()


def branches(x: Any, flag: int) -> None:
    for j in range(len(x)):
        if flag and x[j] < like(x[j], 0.5):
            x[j] = like(x[j], 1.0)
            continue
        x[j] = like(x[j], 2.0)


def test_what_is_known_is_decided_and_the_rest_is_a_branch() -> None:
    out = Inliner(np.dtype(np.float64))
    out.call(branches, Strip("x"), 0)
    assert [line.strip() for line in out.lines] == ["x = K0"]
    out = Inliner(np.dtype(np.float64))
    out.call(branches, Strip("x"), 1)
    names = [line.strip() for line in out.lines]
    assert names == ["if ((x < K0)):", "x = K1", "else:", "x = K2"]


def test_a_number_without_a_dtype_is_refused() -> None:
    def doubled(x: Any) -> Any:
        return 2.0 * x

    with pytest.raises(AssertionError, match="2.0"):
        Inliner(np.dtype(np.float32)).call(doubled, Text("x"))


def source(name: str, dtype: Any, kind: str, **options: Any) -> Any:
    program = lower(build(NETS[name]).spec, ("nngp", "ntk"), 5)
    return program_source(program, np.dtype(dtype), kind, **options)


@pytest.mark.parametrize("name", sorted(NETS))
def test_every_network_has_a_kernel_of_plain_functions(name: str) -> None:
    text = source(name, np.float32, "product").text
    compile(text, name, "exec")
    body = text[text.index("@cuda.jit") if "@cuda.jit" in text else 0 :]
    # calls are those that every CUDA compiler knows, and no number has a decimal point
    calls = set(re.findall(r"\b([A-Za-z_][\w.]*)\(", body)) - {"kernel", "if", "and"}
    calls = {call for call in calls if not call.startswith("formula_")}
    allowed = {"cuda.shared.array", "cuda.selp", "cuda.syncthreads", "range", "abs"}
    allowed |= {"copysign", "smaller", "np.uint32", "np.uint64", "np.int32"}
    allowed |= {"cuda.syncthreads_or", "libdevice.fast_fdividef", "libdevice.fmaf"}
    allowed |= {"libdevice.fmaxf", "libdevice.rsqrtf"}
    allowed |= {"libdevice.int_as_float", "libdevice.float_as_int", "cuda.jit"}
    assert calls <= allowed
    assert not re.search(r"\d\.\d", body)
    assert "float64" not in text


def test_texts_are_hashed_by_what_is_in_them() -> None:
    first = source("relu", np.float32, "product")
    assert first.key == source("relu", np.float32, "product").key
    others = [
        source("relu", np.float64, "product"),
        source("relu", np.float32, "correlation"),
        source("relu", np.float32, "product", is_mirrored=True),
        source("leaky", np.float32, "product"),
    ]
    assert len({first.key, *(other.key for other in others)}) == 5


def test_a_kernel_is_written_once() -> None:
    found = [source("relu", np.float32, "product") for _ in range(2)]
    assert found[0] is found[1]


def test_weights_are_no_part_of_the_text() -> None:
    """Networks that differ in their weights only share one kernel."""
    keys = set()
    for w in (0.5, 1.5):
        net = build(["serial", ["Dense", {"out_dim": 1, "W_std": w, "b_std": w}]])
        program = lower(net.spec, ("ntk",), 5)
        keys.add(program_source(program, np.dtype(np.float32), "product").key)
    slopes = [["ABRelu", {"a": 0.1, "b": b}] for b in (0.7, 1.3)]
    for slope in slopes:
        program = lower(
            build(["serial", ["Dense", {"out_dim": 1}], slope]).spec, ("nngp",), 5
        )
        keys.add(program_source(program, np.dtype(np.float32), "product").key)
    assert len(keys) == 2


def test_long_programs_take_fewer_pairs_at_a_time() -> None:
    short, long = (
        source(name, np.float32, "complement").text for name in ("relu", "sin")
    )
    longer = source("erf", np.float32, "product").text
    assert "slot_0_0_1" in longer
    assert "slot_0_0_2" not in longer
    deep = build(["repeat", ["serial", ["Dense", {"out_dim": 1}], ["Sin", {}]], 6])
    program = lower(deep.spec, ("ntk",), 5)
    text = program_source(program, np.dtype(np.float32), "complement").text
    assert "slot_0_0_3" in short
    assert "slot_0_0_3" in long
    assert "slot_0_0_3" not in text


def test_many_tables_are_read_from_global_memory() -> None:
    few = source("relu", np.float64, "product").text
    deep = build(["repeat", ["serial", ["Dense", {"out_dim": 1}], ["Relu", {}]], 40])
    program = lower(deep.spec, ("ntk",), 5)
    many = program_source(program, np.dtype(np.float64), "product").text
    assert "shared_rows" in few
    assert "shared_rows" not in many
    assert "stride_rows + at_rows_0" in many


def test_shared_memory_stays_within_what_every_device_gives() -> None:
    for name in NETS:
        for dtype in DTYPES:
            for mirrored in (False, True):
                text = source(name, dtype, "product", is_mirrored=mirrored).text
                sizes = re.findall(r"shared.array\((\d+)", text)
                assert sum(map(int, sizes)) * dtype.itemsize <= 48 << 10


def test_arguments_and_an_empty_program() -> None:
    made = kernel_source(
        (), [(0, 0, 2)], DTYPES[0], Plan("product"), n_slots=1, n_tables=0
    )
    assert f"def kernel({', '.join(ARGUMENTS)}):" in made.text
    assert made.n_coefs == 1
    assert Step("relu", (0,)).coefs == ()
    assert set(OPS) >= {"abrelu", "affine"}


def all_kinds_of_statements(x: Any, y: Any, n: int) -> None:
    total: Any = like(y, 0.0)
    total += y
    for k in range(n):
        if x[0] < y:
            x[0] += y
        else:
            x[0] = -y
        x[0] = x[0] * like(y, 2.0) if k == k else x[0]
    if not x[0] > total:
        x[0] = total


def test_branches_without_continue_and_long_loops() -> None:
    out = Inliner(np.dtype(np.float64))
    out.call(all_kinds_of_statements, Strip("x"), Text("y"), 2)
    text = "\n".join(out.lines)
    assert text.count("else:") == 2
    assert "if (not (x > total" in text
    out = Inliner(np.dtype(np.float64))
    out.call(long_loop, Strip("x"), Text("y"), 100)
    text = "\n".join(out.lines)
    assert "in range(U0, U100, U1):" in text
    assert text.count("x = ") == 1


def long_loop(x: Any, y: Any, n: int) -> None:
    for _ in range(n - 1, -1, -1):
        x[0] = x[0] + y


@pytest.mark.parametrize("rho", [0.9, -0.4, 0.0])
def test_terms_of_a_series_are_mehlers(rho: float) -> None:
    rng = np.random.default_rng(3)
    a, b = rng.random((2, 6)) ** 2 * 0.9 ** np.arange(6)
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    x = scalars.complement(np.float64(rho))
    sums: Any = [np.zeros(1) for _ in range(6)]
    degree = np.array([5.0])
    for k in (4, 2):
        terms: Any = (degree, x, a[k + 1], b[k + 1], a[k], b[k])
        two_terms(*sums, *terms)
    terms = (x, a[1], b[1], a[0], b[0])
    last_terms(*sums, *terms)
    apart, odd, even, _, move, slope = (s[0] for s in sums)
    found = np.array([x])
    series_complement(found, apart, odd, even, move)
    order = np.arange(6)
    assert math.isclose(scalars.correlation(found[0]), (a * b * rho**order).sum())
    tau = np.array([2.0])
    series_slope(tau, slope, 0.5, 3.0)
    assert math.isclose(tau[0], 3.0 * (order * a * b)[1:] @ rho ** order[:-1])
