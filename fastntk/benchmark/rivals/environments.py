"""Other libraries: their environments, made on request, and their processes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from fastntk._errors import FastntkError, InputError, NotSupportedError
from fastntk._typing import AnyArray
from fastntk.benchmark.kept_memory import ENVIRONMENT
from fastntk.benchmark.settings import RIVALS

__all__ = [
    "REQUIREMENTS",
    "Rival",
    "UnableError",
    "environment_folder",
    "find_python",
    "make_environment",
    "pinned",
    "worker_environment",
]

REQUIREMENTS: dict[str, tuple[str, ...]] = {
    # neural-tangents 0.6.5 runs on JAX up to 0.5.3 (0.6.2 is too new for it); 0.4.30
    # takes less time, see docs/developer/measuring.md
    "neural-tangents": (
        "jax==0.4.30",
        "jaxlib==0.4.30",
        "neural-tangents==0.6.5",
        "numpy<2",
        "scipy<1.13",
    ),
    "scikit-ntk": ("scikit-ntk==1.2.1", "numpy<2", "scipy<1.13"),
}
MODULES = {"neural-tangents": "neural_tangents", "scikit-ntk": "skntk"}
PYTHONS = {  # the releases there are wheels for
    "neural-tangents": ((3, 9), (3, 12)),
    "scikit-ntk": ((3, 9), (3, 12)),
}
WORKER = Path(__file__).with_name("worker.py")


class UnableError(FastntkError):
    """A library that can't compute what is compared; the message says what."""


# --- environments ---------------------------------------------------------------------


def environment_folder(library: str) -> Path:
    """Return the folder of a library's environment, there or not.

    It lies in ``$XDG_CACHE_HOME``, else in ``~/.cache``, and is named by what is to be
    installed in it.
    """
    base = os.environ.get("XDG_CACHE_HOME")
    cache = Path(base).expanduser() if base else Path.home() / ".cache"
    text = "\n".join(REQUIREMENTS[library])
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return cache.absolute() / "fastntk" / "rivals" / f"{library}-{digest}"


def find_python(library: str, given: Path | None = None) -> Path | None:
    """Return the Python program that has a library, or None if there is none yet.

    Parameters
    ----------
    library : str
        One of `RIVALS`; NumPy runs in this Python.
    given : Path, optional
        A virtual environment, or its Python program, that has it.

    Raises
    ------
    InputError
        If there is no Python at ``given``, or it doesn't have the library.
    """
    if library == "numpy":
        return Path(sys.executable)
    if given is None:
        python = environment_folder(library) / "bin" / "python"
        return python if _has(python, library) else None
    python = given / "bin" / "python" if given.is_dir() else given
    if not _has(python, library):
        raise InputError(
            f"{python} can't import {MODULES[library]}; expected the environment of "
            f"{library}. Leave it out to have one made"
        )
    return python


def _has(python: Path, library: str) -> bool:
    """Say whether a Python program is there and finds a library."""
    if not python.exists():
        return False
    find = "import importlib.util as u, sys; sys.exit(u.find_spec(sys.argv[1]) is None)"
    command = [str(python), "-I", "-c", find, MODULES[library]]
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def make_environment(library: str) -> Path:
    """Make the environment of a library, with pip; return its Python program.

    Raises
    ------
    NotSupportedError
        If no Python is there that the library runs on.
    FastntkError
        If pip fails; nothing is left behind.
    """
    folder = environment_folder(library)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "--disable-pip-version-check", "install"]
    commands = [
        [str(_base_python(library)), "-m", "venv", str(folder)],
        [*install, "--quiet", *REQUIREMENTS[library]],
        [str(python), "-I", "-c", f"import {MODULES[library]}"],
    ]
    try:
        for command in commands:
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            if done.returncode:
                lines = (done.stderr or done.stdout).strip().splitlines()
                last = lines[-1] if lines else f"exit code {done.returncode}"
                raise FastntkError(
                    f"can't make an environment for {library}: {last}. Make one by "
                    f"hand, with: pip install {' '.join(REQUIREMENTS[library])}"
                )
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return python


def _base_python(library: str) -> Path:
    """Return a Python program of a release that the library runs on."""
    low, high = PYTHONS[library]
    if low <= sys.version_info[:2] <= high:
        return Path(sys.executable)
    for minor in range(high[1], low[1] - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            return Path(found)
    raise NotSupportedError(
        f"{library} needs Python 3.{low[1]} to 3.{high[1]}; this is "
        f"{sys.version.split()[0]}, and none of them is on the PATH. Install one"
    )


# --- processes ------------------------------------------------------------------------


def worker_environment(threads: int) -> dict[str, str]:
    """Return variables that hold a library to ``threads``, and let it keep memory."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}
    held = {name: str(threads) for name in names}
    return {**os.environ, **held, **quiet, **ENVIRONMENT}


def pinned(command: list[str], threads: int) -> list[str]:
    """Prefix a command so that it sees so many CPUs; XLA has no other bound."""
    if not hasattr(os, "sched_getaffinity") or shutil.which("taskset") is None:
        return command
    cpus = sorted(os.sched_getaffinity(0))[:threads]
    return ["taskset", "--cpu-list", ",".join(map(str, cpus)), *command]


class Rival:
    """One library in one dtype, in a process of its own.

    Parameters
    ----------
    library : str
        One of `RIVALS`.
    python : Path
        The Python program that has it.
    threads : int
        CPUs that the process may use.
    x64 : bool
        Turn on JAX's 64-bit mode.

    Raises
    ------
    InputError
        If there is no such library.
    """

    def __init__(self, library: str, python: Path, threads: int, x64: bool) -> None:
        if library not in RIVALS:
            raise InputError(f"found {library!r}; expected one of {', '.join(RIVALS)}")
        self.library = library
        command = [str(python), "-I", str(WORKER), library]
        command += ["--x64"] * (x64 and library == "neural-tangents")
        self._folder = tempfile.TemporaryDirectory(prefix="fastntk-rival-")
        self._process = subprocess.Popen(
            pinned(command, threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=worker_environment(threads),
            text=True,
        )

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Send one request and wait for its answer.

        Raises
        ------
        UnableError
            If the library can't compute that.
        FastntkError
            If it fails, or its process ended.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(json.dumps({"do": do, **request}) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            code = self._process.wait()
            raise FastntkError(f"the process of {self.library} ended with code {code}")
        answer: dict[str, Any] = json.loads(line)
        if "unable" in answer:
            raise UnableError(answer["unable"])
        if "error" in answer:
            raise FastntkError(f"{self.library} failed: {answer['error']}")
        return answer

    def prepare(
        self,
        net: dict[str, Any],
        x: AnyArray,
        other: AnyArray,
        columns: AnyArray,
        get: str,
        depth: int | None = None,
    ) -> None:
        """Hand over the network and the rows; nothing is computed yet."""
        paths = {}
        for name, array in (("x", x), ("other", other), ("columns", columns)):
            paths[name] = str(Path(self._folder.name) / f"{name}.npy")
            np.save(paths[name], np.ascontiguousarray(array))
        self.ask("prepare", net=net, get=get, depth=depth, **paths)

    def seconds(self, case: str) -> float:
        """Time one run inside the rival's process."""
        return float(self.ask("time", case=case)["seconds"])

    def rest(self) -> None:
        """Let the rival's process give back the memory it has kept."""
        self.ask("rest")

    def result(self, case: str) -> AnyArray:
        """Return a result of the rival, mapped from a temporary file."""
        path = Path(self._folder.name) / "result.npy"
        self.ask("save", case=case, to=str(path))
        found: AnyArray = np.load(path, mmap_mode="r")
        return found

    def close(self) -> None:
        """End the process and remove its files."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):  # it ended before
                self._process.stdin.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
