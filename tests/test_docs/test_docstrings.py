"""Docstrings of everything public are there, in numpydoc form, true to signatures."""

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from tests.test_docs.public import Name, methods, public_names

numpydoc_validate = pytest.importorskip("numpydoc.validate")

# numpydoc's codes, https://numpydoc.readthedocs.io/en/stable/validation.html
ASKED = {
    "GL08": "a docstring",
    "SS01": "a summary",
    "SS03": "a summary that ends with a period",
    "SS06": "a summary on one line",
    "PR02": "no parameters that the signature does not have",
    "PR03": "parameters in the order of the signature",
    "PR06": "Python's names of types",
    "PR07": "descriptions of parameters",
    "YD01": "a Yields section",
}
FUNCTIONS = {**ASKED, "PR01": "all parameters of the signature", "RT01": "Returns"}
NAMES = public_names()


def faults(full_name: str, asked: dict[str, str]) -> Iterator[str]:
    """Yield what numpydoc finds wrong with the docstring of a dotted name."""
    for code, message in numpydoc_validate.validate(full_name)["errors"]:
        if code in asked:
            yield f"{full_name}: expected {asked[code]} ({code}: {message})"


def sections(value: Any) -> Any:
    """Return the docstring of an object in numpydoc's sections."""
    from numpydoc.docscrape import NumpyDocString

    return NumpyDocString(inspect.getdoc(value) or "")


def yields(value: Any) -> bool:
    """Return whether a docstring says what a generator yields."""
    return bool(sections(value)["Yields"])


def documented(value: Any) -> set[str]:
    """Return the names in the sections Parameters, Attributes and Other Parameters."""
    said = sections(value)
    return {
        name.strip().lstrip("*")
        for section in ("Parameters", "Other Parameters", "Attributes")
        for entry in said[section]
        for name in entry.name.split(",")
    }


def arguments(value: Any) -> set[str]:
    """Return the names of the parameters, without self and private ones."""
    try:
        parameters = inspect.signature(value).parameters
    except ValueError:  # written in C
        return set()
    return {n for n in parameters if n != "self" and not n.startswith("_")}


def is_protocol(cls: type) -> bool:
    """Return whether a class says what others have to have, and is never made."""
    return bool(vars(cls).get("_is_protocol", False))


def undocumented(cls: type) -> set[str]:
    """Return the constructor's parameters that are left out, unless all of them are.

    What only functions of the library make has attributes, and no parameters.
    """
    own = cls.__dict__.get("__init__")
    if own is None or issubclass(cls, BaseException) or is_protocol(cls):
        return set()
    asked, said = arguments(cls), documented(cls)
    return asked - said if sections(cls)["Parameters"] else set()


@pytest.mark.parametrize("name", NAMES, ids=lambda name: name.full)
def test_docstring(name: Name) -> None:
    value = name.value
    found: list[str] = []
    if inspect.isclass(value):
        found += faults(name.full, ASKED)
        missing = undocumented(value)
        found += [f"{name.full}: {sorted(missing)} not documented"] if missing else []
    elif inspect.isroutine(value):
        found += faults(name.full, ASKED if yields(value) else FUNCTIONS)
    assert not found, "\n".join(found)  # constants have no docstring of their own


CLASSES = [name for name in NAMES if inspect.isclass(name.value)]


@pytest.mark.parametrize("name", CLASSES, ids=lambda name: name.full)
def test_methods(name: Name) -> None:
    cls, bare = name.value, []
    for method, value in methods(cls):
        plain = getattr(cls, method) if not isinstance(value, property) else value
        text = inspect.getdoc(plain) or ""
        if not text:
            bare.append(f"{method}: expected a docstring")
        elif not isinstance(value, property):
            unknown = documented(plain) - arguments(plain)
            bare += [f"{method}: documents {sorted(unknown)}"] if unknown else []
            several = len(arguments(plain)) > 2
            left = arguments(plain) - documented(plain)
            if several and left and not _inherits(cls, method):
                bare.append(f"{method}: {sorted(left)} not documented")
    assert not bare, f"{name.full}.\n" + "\n".join(bare)


def _inherits(cls: type, method: str) -> bool:
    """Return whether a base class says what the arguments of a method are."""
    for base in cls.__mro__:
        found = vars(base).get(method)
        if found is not None and arguments(found) <= documented(found):
            return True
    return False


def test_wrong_docstrings_are_found() -> None:
    assert not list(faults("fastntk.gram", FUNCTIONS))
    home = "tests.test_docs.test_docstrings"
    found = list(faults(f"{home}.wrong", FUNCTIONS))
    for code in ("SS03", "PR01", "PR02", "RT01"):
        assert any(code in fault for fault in found), code
    assert documented(wrong) == {"c"}
    assert undocumented(Half) == {"b"}


def wrong(a: int, b: int) -> int:
    """Add two numbers

    Parameters
    ----------
    c : int
        There is none.
    """
    return a + b


class Half:
    """Half documented.

    Parameters
    ----------
    a : int
        A number.
    """

    def __init__(self, a: int, b: int) -> None:
        self.sum = a + b
