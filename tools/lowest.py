"""Print the lower bounds of pyproject.toml as pip constraints.

To test the oldest releases that are supported, in an environment of their own:

    python tools/lowest.py > lowest.txt
    pip install -c lowest.txt -e ".[test]" && python -m pytest
"""

import re
import sys
import tomllib
from itertools import chain
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
REQUIREMENT = re.compile(r"(?P<name>[\w.-]+)(\[[\w,]*\])?>=(?P<version>[\d.]+)$")


def lower_bounds(project: dict[str, list[str] | dict[str, list[str]]]) -> list[str]:
    """Return ``name==version`` for every lower bound in a ``[project]`` table."""
    extras = project["optional-dependencies"]
    assert isinstance(extras, dict)
    found = map(REQUIREMENT.match, chain(project["dependencies"], *extras.values()))
    return sorted({f"{m['name']}=={m['version']}" for m in found if m})


def main() -> None:
    """Print one constraint on a line."""
    with PYPROJECT.open("rb") as file:
        sys.stdout.write("\n".join(lower_bounds(tomllib.load(file)["project"])) + "\n")


if __name__ == "__main__":
    main()
