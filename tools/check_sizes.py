"""Report long files and long functions; fail on files past the hard limit.

Length of a file: its lines.  Length of a function: the lines of its body from the
first statement after the docstring, nested functions included.

Usage: python tools/check_sizes.py [folder or file ...]
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

FILE_SOFT, FILE_HARD = 300, 500
FUNCTION_SOFT = 40
DEFAULT_FOLDERS = ("fastntk", "tests", "bench", "tools")
SKIPPED = frozenset({"__pycache__", ".asv", ".venv", "env"})


def python_files(paths: list[str]) -> Iterator[Path]:
    """Yield the Python files at or below `paths`, generated folders left out."""
    for path in map(Path, paths):
        if path.is_file():
            yield path
        for file in sorted(path.rglob("*.py")):
            if not SKIPPED.intersection(file.parts):
                yield file


def has_docstring(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Say whether the first statement is a docstring."""
    return ast.get_docstring(function, clean=False) is not None


def function_lengths(tree: ast.Module) -> Iterator[tuple[str, int, int]]:
    """Yield (name, first line, body lines) of every function in the module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if has_docstring(node) else node.body
            length = (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0
            yield node.name, node.lineno, length


def check(file: Path) -> tuple[list[str], bool]:
    """Return the remarks on one file, and whether it is past the hard limit."""
    text = file.read_text(encoding="utf-8")
    n_lines = len(text.splitlines())
    remarks = []
    if n_lines > FILE_SOFT:
        limit = FILE_HARD if n_lines > FILE_HARD else FILE_SOFT
        remarks.append(f"{file}: {n_lines} lines (limit {limit})")
    remarks += [
        f"{file}:{line}: {name} has {length} lines (limit {FUNCTION_SOFT})"
        for name, line, length in function_lengths(ast.parse(text, str(file)))
        if length > FUNCTION_SOFT
    ]
    return remarks, n_lines > FILE_HARD


def main(arguments: list[str]) -> int:
    """Check the files named, or the whole repository; 1 if one is far too long."""
    folders = arguments or [name for name in DEFAULT_FOLDERS if Path(name).is_dir()]
    results = [check(file) for file in python_files(folders)]
    for remarks, _ in results:
        for remark in remarks:
            print(remark)
    n_hard = sum(too_long for _, too_long in results)
    print(f"sizes: {len(results)} files, {n_hard} over {FILE_HARD} lines")
    return 1 if n_hard else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
