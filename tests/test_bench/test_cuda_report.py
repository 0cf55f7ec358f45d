"""What `bench.cuda` calls right, and what it writes."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.cuda.report import folder_of, is_good, table, write

RIGHT: dict[str, Any] = {
    "worst": {"share_of_promise": 0.4},
    "streaming": {
        "share_of_promise": 0.1,
        "product_error": 1e-7,
        "is_symmetric": True,
    },
    "sanitizer": {"memcheck": "ERROR SUMMARY: 0 errors"},
}
RECORD: dict[str, Any] = {
    "date": "2026-01-02",
    "machine": {"cuda device 0": "NVIDIA H200, compute capability 9.0, 139 GiB"},
    "figures": {
        "gram": {
            **{"what": "A matrix.", "asked": ">= 60 %", "seconds": np.float64(0.5)},
            **{"share": 0.71, "holds": True},
        },
        "solve": {
            **{"what": "A solve.", "asked": "<= 600 s", "seconds": 200.0},
            **{"holds": None, "note": "not finished in the 200 s that were left"},
        },
        "jax": {"what": "JAX.", "asked": "-", "note": "not measured: no JAX"},
        "torch": {"what": "PyTorch.", "error": "RuntimeError: a | b\nc"},
    },
    "ceilings": {"copy_bytes_per_s": 4.2e12},
    "checks": RIGHT | {"compared": "3 of 60"},
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
    assert is_good({"figures": figures, "checks": RIGHT})
    assert is_good({"figures": figures})
    assert not is_good({"figures": figures, "checks": wrong})
    assert not is_good({"figures": figures | {"gram": {"error": "no time left"}}})
    assert not is_good({"figures": figures | {"solve": {"holds": None}}})


def test_the_table() -> None:
    lines = table(RECORD).splitlines()
    assert {line.count("|") for line in lines} == {7}
    assert lines[2] == "| gram: A matrix. | >= 60 % | 0.5 | 0.71 | yes |  |"
    assert lines[3].endswith("| not known | not finished in the 200 s that were left |")
    assert lines[4] == "| jax: JAX. | - |  |  |  | not measured: no JAX |"
    assert lines[5].endswith("| no | RuntimeError: a / b c |")
    assert "measured ceiling: copy_bytes_per_s |  | 4.2e+12" in lines[6]
    assert "(3 of 60 compared)" in lines[7]
    assert "0 errors" in lines[8]
    assert folder_of(RECORD) == "2026-01-02-nvidia-h200"


def test_errors_in_place_of_checks_and_ceilings() -> None:
    broken = {"error": "RuntimeError: no memory"}
    text = table({"figures": {}, "ceilings": broken, "checks": broken})
    assert text.count("no memory") == 2
    assert table({}).count("\n") == 2


def test_the_record_replaces_the_one_before(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "folder"
    write(RECORD, folder)
    write(RECORD | {"figures": {}}, folder)
    write(RECORD, folder)
    assert sorted(path.name for path in folder.iterdir()) == ["cuda.json", "cuda.md"]
    found = json.loads((folder / "cuda.json").read_text())
    assert found["figures"]["gram"]["seconds"] == 0.5
    assert (folder / "cuda.md").read_text() == table(RECORD)
