"""Memory that runs out is told in our words."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from fastntk._errors import InputError, MemoryBudgetError, StoreError
from fastntk._resources import memory_told


@memory_told("solve", "Take fewer rows")
def fail_with(error: BaseException) -> None:
    """Raise an error."""
    raise error


def test_an_array_of_numpy_that_has_no_room() -> None:
    @memory_told("gram")
    def allocate() -> object:
        return np.empty((1 << 29, 1 << 28))

    with pytest.raises(MemoryBudgetError) as caught:
        allocate()
    words = str(caught.value)
    assert words.startswith(
        "gram: memory ran out. 1,152,921,504,606,846,976 bytes were"
    )
    assert "shape (536870912, 268435456)" in words
    assert "bytes are free now (" in words
    assert words.endswith("or raise the limit")
    assert isinstance(caught.value.__cause__, MemoryError)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (MemoryError("Unable to allocate 1.5 GiB for a b"), "1,610,612,736 bytes"),
        (MemoryError(), "no more memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "Cannot allocate memory"),
        (RuntimeError("can't start new thread"), "A thread could not start"),
    ],
)
def test_other_ways_to_run_out(error: BaseException, words: str) -> None:
    with pytest.raises(MemoryBudgetError, match=words) as caught:
        fail_with(error)
    assert str(caught.value).startswith("solve: memory ran out. ")
    assert str(caught.value).endswith("Take fewer rows")
    with pytest.raises(MemoryBudgetError, match=words), memory_told("tiles"):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        RuntimeError("something else"),
        ValueError("no memory"),
        MemoryBudgetError("ours"),
        StoreError(errno.ENOMEM, "ours"),
        InputError("ours"),
        KeyboardInterrupt(),
    ],
)
def test_other_errors_stay_as_they_are(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        fail_with(error)
    assert caught.value is error


def test_a_decorated_function_keeps_its_name_and_result() -> None:
    @memory_told("gram")
    def double(x: int) -> int:
        """Return twice x."""
        return 2 * x

    assert double(4) == 8
    assert (double.__name__, double.__doc__) == ("double", "Return twice x.")


# What glibc keeps of freed memory, and of address space for threads, would serve calls.
NO_RESERVES = {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "65536"}
CALLS = {
    "gram": "fastntk.gram(net, x)",
    "tiles": "list(fastntk.tiles(net, x))",
    "operator": "fastntk.operator(net, x, cache='none') @ np.ones((n, 400))",
    "solvers": "fastntk.solvers.cholesky(matrix, x[:, 0], 1.0)",
    "eigh": "fastntk.solvers.eigh(matrix, x[:, 0], 1.0)",
    "decompose": "fastntk.theory.decompose(matrix, x[:, 0])",
    "posterior": "fastntk.predict.Posterior(net, x, x[:, 0]).covariance(x)",
}


FIRST = """
import resource, numpy as np, fastntk
import fastntk.solvers, fastntk.theory, fastntk.predict
stax = fastntk.stax
net = stax.serial(stax.Dense(8), stax.Relu(), stax.Dense(1))
def call(n, matrix, x):
    {call}
rng = np.random.default_rng(0)
call(300, np.eye(300), rng.standard_normal((300, 9)))
"""
THEN = """
large = np.eye(4000), rng.standard_normal((4000, 9))
used = 4096 * int(open('/proc/self/statm').read().split()[0])
resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 20), -1))
try:
    call(4000, *large)
except fastntk.MemoryBudgetError as error:
    print('told', error)
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | NO_RESERVES | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux alone")
@pytest.mark.parametrize("name", CALLS)
def test_calls_under_a_limit_of_the_shell(name: str) -> None:
    first = FIRST.format(call=CALLS[name])
    run(first)  # compiles: what that frees would serve the call below
    done = run(first + THEN)
    assert done.stdout.startswith("told"), done.stderr
    # Bytes where NumPy was the one to ask; Python itself does not tell how many.
    assert "bytes" in done.stdout or "Found 'no more memory'" in done.stdout
