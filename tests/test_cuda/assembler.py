"""From PTX to machine code, and what the assembler says of it."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["assemble", "assembled", "has_assembler", "registers"]


def has_assembler() -> bool:
    """Say whether nvJitLink (of the numba-cuda wheels) or ptxas is there."""
    return _nvjitlink() is not None or shutil.which("ptxas") is not None


def assemble(ptx: str, arch: str) -> str:
    """Assemble for an architecture such as "sm_90"; return the report on resources."""
    return assembled(ptx, arch)[1]


def assembled(ptx: str, arch: str) -> tuple[bytes, str]:
    """Return machine code (a cubin) and the report on resources."""
    link = _nvjitlink()
    return _by_ptxas(ptx, arch) if link is None else _by_nvjitlink(link, ptx, arch)


def registers(report: str) -> int:
    """Return the registers per thread that a report names."""
    return max(int(n) for n in re.findall(r"Used (\d+) registers", report))


def _nvjitlink() -> Any:
    try:
        from cuda.bindings import nvjitlink

        nvjitlink.version()
    except Exception:  # also a library that cannot be loaded
        return None
    return nvjitlink


def _by_nvjitlink(link: Any, ptx: str, arch: str) -> tuple[bytes, str]:
    options = [f"-arch={arch}", "-O3", "-verbose", "-Xptxas=-v"]
    handle = link.create(len(options), options)
    try:
        link.add_data(handle, link.InputType.PTX, ptx.encode(), len(ptx), "kernel")
        link.complete(handle)
        log = bytearray(link.get_info_log_size(handle))
        link.get_info_log(handle, log)
        code = bytearray(link.get_linked_cubin_size(handle))
        link.get_linked_cubin(handle, code)
        assert code
    finally:
        link.destroy(handle)
    return bytes(code), log.decode()


def _by_ptxas(ptx: str, arch: str) -> tuple[bytes, str]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kernel.ptx")
        path.write_text(ptx)
        cubin = path.with_suffix(".cubin")
        command = ["ptxas", "-v", f"-arch={arch}", "-o", str(cubin), str(path)]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        return cubin.read_bytes(), result.stdout + result.stderr
