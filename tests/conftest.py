"""Fixtures, markers and profiles shared by all tests."""

import hashlib
import os
import signal
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def _kernel_cache() -> Path:
    """Return the cache folder of all tests; states of the sources lie apart in it."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "fastntk-tests"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        folder = Path(tempfile.gettempdir()) / folder.name
    return folder


assert "numba" not in sys.modules, "the cache folder must be set before Numba loads"
os.environ["NUMBA_CACHE_DIR"] = str(_kernel_cache())
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell ran us behind others
    signal.signal(signal.SIGINT, signal.default_int_handler)

import hypothesis  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

MARKERS = (
    "gpu: needs a CUDA device",
    "slow: minutes; run with -m slow",
    "thorough: slow, and more of the same; CI leaves it out",
    "jit_off: also runs with NUMBA_DISABLE_JIT=1, on tiny inputs",
    "compiled_only: needs the compiler (set on every test without jit_off)",
)

hypothesis.settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    max_examples=200,
    suppress_health_check=list(hypothesis.HealthCheck),
)
hypothesis.settings.register_profile("dev", deadline=None, max_examples=50)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_configure(config: pytest.Config) -> None:
    for line in MARKERS:
        config.addinivalue_line("markers", line)


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    for item in items:
        if ROOT / "tests" not in item.path.parents:
            continue
        if item.get_closest_marker("jit_off") is None:
            item.add_marker("compiled_only")
        elif os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
            # Python warns of the divisions by zero that compiled code passes over.
            ignore = "ignore:.*encountered in scalar:RuntimeWarning"
            item.add_marker(pytest.mark.filterwarnings(ignore))
    if "slow" not in (config.option.markexpr or ""):
        _deselect(config, items, [i for i in items if i.get_closest_marker("slow")])
    if not _has_cuda():
        skip = pytest.mark.skip(reason="no CUDA device")
        for item in items:
            if item.get_closest_marker("gpu"):
                item.add_marker(skip)


def _deselect(
    config: pytest.Config, items: list[pytest.Item], out: Sequence[pytest.Item]
) -> None:
    if out:
        config.hook.pytest_deselected(items=list(out))
        dropped = set(out)
        items[:] = [item for item in items if item not in dropped]


def _has_cuda() -> bool:
    return Path("/dev/nvidiactl").exists()


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> np.random.Generator:
    """Return a generator seeded by the test's own name."""
    name = request.node.nodeid.encode()
    seed = int.from_bytes(hashlib.sha256(name).digest()[:8], "little")
    return np.random.default_rng(seed)
