"""What this process may use, and what it uses: memory, cores, disks, processes.

psutil answers for the machine, and is loaded by the first question. What a container, a
quota or a variable of the environment leaves of the machine is read beside it, and the
least of all counts.

cgroups.py      limits of the control groups of this process
cores.py        cores
memory.py       memory: free, in all, resident, at its peak
exhausted.py    memory that ran out all the same, as an error of ours
system.py       processes and disks
"""

from fastntk._resources.cores import available_cores, core_limits, ignored_variables
from fastntk._resources.exhausted import (
    FEWER_ROWS,
    PREDICT_LESS,
    SOLVE_LESS,
    memory_told,
)
from fastntk._resources.memory import (
    MemoryLimit,
    available_memory,
    count_left_behind,
    left_behind,
    memory_limits,
    peak_memory,
    reset_peak_memory,
    resident_memory,
    total_memory,
)
from fastntk._resources.system import file_system_of, process_exists

__all__ = [
    "FEWER_ROWS",
    "PREDICT_LESS",
    "SOLVE_LESS",
    "MemoryLimit",
    "available_cores",
    "available_memory",
    "core_limits",
    "count_left_behind",
    "file_system_of",
    "ignored_variables",
    "left_behind",
    "memory_limits",
    "memory_told",
    "peak_memory",
    "process_exists",
    "reset_peak_memory",
    "resident_memory",
    "total_memory",
]
