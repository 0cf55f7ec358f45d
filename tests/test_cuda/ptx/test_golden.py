"""All stored cases on the compiled kernels, run from their PTX on the CPU.

float64 against the stored values, at the bounds of `tests/test_golden.py`; both widths
against the CPU backend, within the promise on accuracy. One pair a thread. Compiling
takes seconds a case: every twelfth is always run, every third by ``.ci/run``, and all
by ``-m "slow or not slow"``, in some ten minutes.
"""

from typing import Any

import numpy as np
import pytest

import fastntk
from fastntk import stax
from tests.golden.loader import REFERENCE_ERROR, Case, layers
from tests.networks import build
from tests.ptx.fixture import install
from tests.test_cuda.compiled import COMPILED
from tests.test_cuda.nets import GOLDEN
from tests.test_golden import deviation, name
from tests.tolerances import GOLDEN_NOISE_LIMIT, relative_error, tolerance

pytestmark = [
    *COMPILED,
    pytest.mark.filterwarnings("ignore:.*Hermite"),
]
BOTH = ("nngp", "ntk")
CASES = [
    case
    for case in GOLDEN
    if not case.kernel_kwargs
    and all(callable(getattr(stax, layer, None)) for layer in layers(case.net))
]


def gram(case: Case, dtype: str, backend: str) -> dict[str, Any]:
    """Return both kernels; skip what runs on the CPU only."""
    net: Any = build(case.net)
    try:
        found = fastntk.gram(net, case.x1, case.x2, BOTH, dtype=dtype, backend=backend)
    except fastntk.NotSupportedError as error:
        assert "backend='cpu'" in str(error) or "whole matrices" in str(error)
        pytest.skip("not on a device")
    return dict(zip(BOTH, found, strict=True))


def allowed(case: Case, get: str) -> float | None:
    """Return the bound of the tests on the CPU; None where the stored are noisy."""
    noise = 0.0
    if case.group != "fc_highprec":
        noise = case.quadrature_error.get(get, 0.0) * 2 or case.allowed_noise(get)
        if noise > GOLDEN_NOISE_LIMIT and not case.quadrature_error:
            return None
    bound = max(tolerance("golden", "float64"), noise)
    return REFERENCE_ERROR.get((case.name, get), bound)


def test_cases() -> None:
    assert len(CASES) > 150


def marks(k: int) -> list[Any]:
    """Return the marks of a case by its number."""
    if k % 12 == 0:
        return []
    return [pytest.mark.slow, *([] if k % 3 == 0 else [pytest.mark.thorough])]


MARKED = [
    pytest.param(case, id=name(case), marks=marks(k)) for k, case in enumerate(CASES)
]


@pytest.mark.parametrize("case", MARKED)
def test_golden_cases_in_both_widths(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, error=1.0, is_small=True)
    wide, narrow = (gram(case, dtype, "cuda") for dtype in ("float64", "float32"))
    cpu = {dtype: gram(case, dtype, "cpu") for dtype in ("float64", "float32")}
    for get in BOTH:
        bound = allowed(case, get)
        if bound is not None and get in case.expect:
            assert deviation(case, wide[get], get) <= bound, get
        sides = [
            fastntk.diagonal(build(case.net), x, get)
            for x in (case.x1, case.x1 if case.x2 is None else case.x2)
        ]
        for dtype, found in (("float64", wide), ("float32", narrow)):
            error = relative_error(found[get], np.asarray(cpu[dtype][get]), *sides)
            assert error <= tolerance(get, dtype), (get, dtype)
