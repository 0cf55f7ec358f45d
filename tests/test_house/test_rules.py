"""Every rule of the house finds what breaks it, in packages made up here."""

from pathlib import Path

import pytest

from tests.test_house.imports import imports_of
from tests.test_house.rules import (
    MOST_MODULES,
    alike_modules,
    crowded_folders,
    folder_circles,
    module_circles,
)

# Ways in which pkg.low can import pkg.top, which imports it.
WAYS = {
    "plain": "import pkg.top",
    "from the package": "from pkg import top",
    "a name of it": "from pkg.top import thing",
    "another name for it": "from pkg.top import thing as other",
    "type checking": """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from pkg.top import thing
""",
    "inside a function": """
def call():
    from pkg.top import thing
    return thing
""",
    "relative": "from .top import thing",
    "relative module": "from . import top",
    "by a call": """
import importlib
importlib.import_module("pkg.top")
""",
    "by a bare call": """
from importlib import import_module
import_module("pkg.top")
""",
}


def package(folder: Path, texts: dict[str, str]) -> Path:
    """Write modules of a package ``pkg``: "sub/mod" is one in its folder ``sub``."""
    root = folder / "pkg"
    for name, text in texts.items():
        path = root / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for inner in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        (inner / "__init__.py").touch()
    return root


@pytest.mark.parametrize("way", WAYS)
def test_a_circle_of_modules(tmp_path: Path, way: str) -> None:
    root = package(tmp_path, {"top": "from pkg.low import x", "low": WAYS[way]})
    (fault,) = module_circles(root)
    assert "pkg.low -> pkg.top -> pkg.low" in fault
    line = 1 + WAYS[way][: WAYS[way].rindex("top")].count("\n")
    assert f"pkg/low.py:{line} imports pkg.top" in fault
    assert "pkg/top.py:1 imports pkg.low" in fault


def test_a_long_circle_is_shown_whole(tmp_path: Path) -> None:
    chain = {f"m{k}": f"import pkg.m{(k + 1) % 5}" for k in range(5)}
    (fault,) = module_circles(package(tmp_path, chain | {"side": "import pkg.m0"}))
    assert "pkg.m0 -> pkg.m1 -> pkg.m2 -> pkg.m3 -> pkg.m4 -> pkg.m0" in fault
    for k in range(5):
        assert f"pkg/m{k}.py:1 imports pkg.m{(k + 1) % 5}" in fault
    assert "side" not in fault


def test_circles_apart_are_all_told(tmp_path: Path) -> None:
    pairs = {"a": "b", "b": "a", "c": "d", "d": "c"}
    texts = {name: f"import pkg.{other}" for name, other in pairs.items()}
    first, second = module_circles(package(tmp_path, texts))
    assert "pkg.a -> pkg.b -> pkg.a" in first
    assert "pkg.c -> pkg.d -> pkg.c" in second


def test_a_circle_through_an_init(tmp_path: Path) -> None:
    """A module asks its own folder for a name that the folder takes from it."""
    init, low = "from pkg.sub.low import name", "from pkg.sub import name"
    (fault,) = module_circles(package(tmp_path, {"sub/__init__": init, "sub/low": low}))
    assert "pkg/sub/__init__.py:1 imports pkg.sub.low" in fault
    assert "pkg/sub/low.py:1 imports pkg.sub" in fault


def test_a_name_that_is_a_module_and_more(tmp_path: Path) -> None:
    """``from pkg.sub import gram`` is the function, so the ``__init__`` is imported."""
    init = "from pkg.sub.gram import gram\nfrom pkg.sub import tiles"
    texts = {
        "sub/__init__": init,
        "sub/gram": "",
        "sub/tiles": "from pkg.sub import gram",
    }
    root = package(tmp_path, texts)
    found = {(one, two) for one, two, _ in imports_of(root)}
    assert ("pkg.sub.tiles", "pkg.sub.gram") in found
    assert ("pkg.sub.tiles", "pkg.sub") in found
    assert module_circles(root)
    package(tmp_path, {"sub/__init__": "from pkg.sub import gram, tiles"})
    assert not module_circles(root)  # the name is the module itself


def test_a_circle_of_folders_without_one_of_modules(tmp_path: Path) -> None:
    one = {"one/a": "import pkg.two.b", "one/d": ""}
    root = package(tmp_path, one | {"two/b": "", "two/c": "\nfrom pkg.one.d import x"})
    assert not module_circles(root)
    (fault,) = folder_circles(root)
    assert "children of pkg/: one -> two -> one" in fault
    assert "pkg/one/a.py:1 imports pkg.two.b" in fault
    assert "pkg/two/c.py:2 imports pkg.one.d" in fault


def test_a_circle_of_a_folder_and_a_module_deep_inside(tmp_path: Path) -> None:
    texts = {"sub/low": "from pkg.sub.in_.b import x", "sub/in_/b": ""}
    root = package(tmp_path, texts | {"sub/in_/a": "import pkg.sub.low"})
    assert not module_circles(root)
    (fault,) = folder_circles(root)
    assert "children of pkg/sub/: in_ -> low -> in_" in fault


def test_an_init_that_is_imported_back_from_below(tmp_path: Path) -> None:
    """The circle is of a folder and the ``__init__`` above it; no module is in one."""
    texts = {"sub/in_/x": "from pkg.sub import name", "sub/in_/y": ""}
    root = package(tmp_path, texts | {"sub/__init__": "from pkg.sub.in_.y import name"})
    assert not module_circles(root)
    (fault,) = folder_circles(root)
    assert "children of pkg/sub/: __init__ -> in_ -> __init__" in fault


def test_seventeen_modules_are_too_many(tmp_path: Path) -> None:
    assert MOST_MODULES == 16
    names = [f"sub/{letter}" for letter in "abcdefghijklmnop"]
    root = package(tmp_path, dict.fromkeys([*names, "sub/folder/one"], ""))
    assert not crowded_folders(root)  # folders are not counted
    package(tmp_path, {"sub/q": ""})
    (fault,) = crowded_folders(root)
    assert fault.startswith("pkg/sub/ holds 17 modules; expected 16 at most: a, b, c")


def test_four_modules_of_one_first_word_want_a_folder(tmp_path: Path) -> None:
    names = [
        "cuda_top",
        "sub/_cuda_memory",
        "sub/cuda",
        "sub/cuda_rows",
        "sub/cudarows",
    ]
    root = package(tmp_path, dict.fromkeys(names, ""))
    assert not alike_modules(root)
    package(tmp_path, {"sub/cuda_blocks": ""})
    (fault,) = alike_modules(root)
    assert fault.startswith("pkg/sub/ has 4 modules that begin with 'cuda'")
    assert fault.endswith(": _cuda_memory, cuda, cuda_blocks, cuda_rows")


def test_a_package_in_order_breaks_no_rule(tmp_path: Path) -> None:
    texts = {
        "high/__init__": "from pkg.high.a import x",
        "high/a": "import numpy\nfrom pkg.low import b\nfrom pkg.high.c import x",
        "high/c": "from pkg.low.b import x",
        "low/b": "import os.path",
    }
    root = package(tmp_path, texts)
    for rule in (module_circles, folder_circles, crowded_folders, alike_modules):
        assert rule(root) == []
