"""Run a script under neural-tangents, in an environment of its own, or from a record.

``python -m tests.test_migration.rival`` writes the records anew: ``FASTNTK_RIVALS``
names the environment that ``bench/rivals/make_env`` made, else the folder that it
makes by default is used.
"""

import difflib
import json
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent
DEFAULT = FOLDER.parents[1] / "bench" / "rivals" / ".venv"
SCRIPTS = ("script_fcn", "script_tour")
IMPORTS = {
    "import fastntk as nt": "import neural_tangents as nt",
    "from fastntk import stax": "from neural_tangents import stax",
}
RUNNER = """
import json, runpy, sys, warnings
from importlib import metadata
import numpy as np

warnings.simplefilter("ignore")
results = runpy.run_path(sys.argv[1])["main"]()
names = ("neural-tangents", "jax", "jaxlib", "numpy")
print(json.dumps({
    "versions": {name: metadata.version(name) for name in names},
    "results": {name: np.asarray(value).tolist() for name, value in results.items()},
}))
"""
SIGNATURES = """
import inspect, json
import neural_tangents as nt
from neural_tangents import stax

def shown(value):
    if value is inspect.Parameter.empty:
        return None
    return "function" if callable(value) else repr(value)

def signature(function):
    return [
        [p.name, shown(p.default), p.kind.name]
        for p in inspect.signature(function).parameters.values()
    ]

found = {
    f"{name}.{key}": signature(value)
    for name, home in (("stax", stax), ("predict", nt.predict), ("nt", nt))
    for key, value in sorted(vars(home).items())
    if inspect.isfunction(value) and not key.startswith("_")
}
print(json.dumps(found))
"""


def python() -> Path | None:
    """Return the interpreter that has neural-tangents, if there is one."""
    env = Path(os.environ.get("FASTNTK_RIVALS", DEFAULT))
    path = env / "bin" / "python"
    return path if path.exists() else None


def translated(name: str) -> str:
    """Return a script with its import lines changed, and nothing else."""
    ours = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    theirs = ours
    for line, other in IMPORTS.items():
        theirs = theirs.replace(f"{line}\n", f"{other}\n")
    return theirs


def changed_lines(name: str) -> list[str]:
    """Return the lines that the two versions do not share."""
    ours = (FOLDER / f"{name}.py").read_text(encoding="utf-8").splitlines()
    pairs = difflib.ndiff(ours, translated(name).splitlines())
    return [line for line in pairs if line[:1] in "+-"]


def run_there(name: str, interpreter: Path) -> dict[str, Any]:
    """Run a script under neural-tangents in float64; return versions and results."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "script.py"
        path.write_text(translated(name), encoding="utf-8")
        return _answer(interpreter, RUNNER, str(path))


def signatures_there(interpreter: Path) -> dict[str, Any]:
    """Return parameters, defaults and kinds of neural-tangents' public functions."""
    return _answer(interpreter, SIGNATURES)


def _answer(interpreter: Path, code: str, *arguments: str) -> dict[str, Any]:
    run = subprocess.run(
        [str(interpreter), "-c", code, *arguments],
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"JAX_ENABLE_X64": "1", "JAX_PLATFORMS": "cpu"},
    )
    answer: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return answer


def run_here(name: str) -> dict[str, np.ndarray]:
    """Run a script as it stands."""
    results = runpy.run_path(str(FOLDER / f"{name}.py"))["main"]()
    return {key: np.asarray(value) for key, value in results.items()}


def recorded(name: str) -> dict[str, Any]:
    """Return what neural-tangents gave when the record was written."""
    text = (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    answer: dict[str, Any] = json.loads(text)
    return answer


def write_records() -> None:
    """Run all scripts under neural-tangents and keep what they give."""
    interpreter = python()
    if interpreter is None:
        sys.exit("no environment with neural-tangents: set FASTNTK_RIVALS")
    answers = {name: run_there(name, interpreter) for name in SCRIPTS}
    answers["signatures"] = signatures_there(interpreter)
    for name, answer in answers.items():
        text = json.dumps(answer)
        (FOLDER / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    write_records()
