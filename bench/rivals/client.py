"""Talk to a rival's worker process from the benchmark's own environment."""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("worker.py")
DEFAULT_ENV = Path(__file__).with_name(".venv")


class RivalError(RuntimeError):
    """The rival's process refused a request or died."""


def worker_environment(threads: int) -> dict[str, str]:
    """Return environment variables that hold every library to ``threads``."""
    hold = {
        name: str(threads)
        for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    }
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "JAX_PLATFORMS": "cpu"}
    return {**os.environ, **hold, **quiet, "PYTHONPATH": str(ROOT)}


def pinned(command: list[str], threads: int) -> list[str]:
    """Prefix ``command`` so that it sees ``threads`` CPUs; XLA has no other bound."""
    cpus = sorted(os.sched_getaffinity(0))[:threads]
    return ["taskset", "--cpu-list", ",".join(map(str, cpus)), *command]


class Rival:
    """One rival library in one dtype, prepared on one input at a time.

    Parameters
    ----------
    env : Path
        The rivals' virtual environment (see ``make_env``).
    library : str
        "neural-tangents" or "scikit-ntk".
    threads : int
        CPUs that the process may use.
    x64 : bool
        Turn on JAX's 64-bit mode, for float64 inputs.
    """

    def __init__(self, env: Path, library: str, threads: int, x64: bool) -> None:
        python = env / "bin" / "python"
        if not python.exists():
            msg = f"no rivals at {env}: run bench/rivals/make_env {env} first"
            raise RivalError(msg)
        self.library = library
        command = [str(python), str(WORKER), *(["--x64"] if x64 else [])]
        self._folder = tempfile.TemporaryDirectory(prefix="rival-")
        self._process = subprocess.Popen(
            pinned(command, threads),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=worker_environment(threads),
            text=True,
        )

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Send one request and wait for its answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            msg = f"{self.library} died with code {self._process.wait()}"
            raise RivalError(msg)
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            msg = f"{self.library}: {answer['error']}"
            raise RivalError(msg)
        return answer

    def prepare(self, net: str, x: NDArray[Any], get: str = "ntk") -> dict[str, Any]:
        """Hand over the rows, compile and run once."""
        path = Path(self._folder.name) / "x.npy"
        np.save(path, np.ascontiguousarray(x))
        return self.ask("prepare", library=self.library, net=net, x=str(path), get=get)

    def seconds(self) -> float:
        """Time one warm run inside the rival's process."""
        return float(self.ask("time")["seconds"])

    def result(self) -> NDArray[Any]:
        """Return the rival's kernel matrix (mapped from a temporary file)."""
        path = Path(self._folder.name) / "kernel.npy"
        self.ask("save", to=str(path))
        kernel: NDArray[Any] = np.load(path, mmap_mode="r")
        return kernel

    def close(self) -> None:
        """End the process and remove its files."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(timeout=60)
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._folder.cleanup()

    def __enter__(self) -> "Rival":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
