"""What `bench.cuda` calls right."""

from typing import Any

import pytest

from bench.cuda.__main__ import _is_good

RIGHT: dict[str, Any] = {
    "worst": {"share_of_promise": 0.4},
    "streaming": {
        "share_of_promise": 0.1,
        "product_error": 1e-7,
        "is_symmetric": True,
    },
    "sanitizer": {"memcheck": "ERROR SUMMARY: 0 errors"},
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"error": "RuntimeError: launch failed"},
        RIGHT | {"worst": {"share_of_promise": 1.2}},
        RIGHT | {"streaming": RIGHT["streaming"] | {"share_of_promise": 1.2}},
        RIGHT | {"streaming": RIGHT["streaming"] | {"product_error": 1e-3}},
        RIGHT | {"streaming": RIGHT["streaming"] | {"is_symmetric": False}},
        RIGHT | {"sanitizer": {"racecheck": "FAILED: 3 hazards"}},
    ],
)
def test_what_is_wrong_is_not_good(wrong: dict[str, Any]) -> None:
    figures = {"product": {"holds": True}, "torch": {}}
    assert _is_good({"figures": figures, "checks": RIGHT})
    assert _is_good({"figures": figures})
    assert not _is_good({"figures": figures, "checks": wrong})
    assert not _is_good({"figures": figures | {"gram": {"error": "no time left"}}})
