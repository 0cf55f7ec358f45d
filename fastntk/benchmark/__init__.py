"""The measuring behind ``fastntk bench``; no printing, no drawing.

::

    settings     what is asked           machine    what it runs on, and who else runs
    ceilings     the machine's rates     loops      the packed polynomial loop
    cases        the calls of fastntk, and what each has to do at least
    timing       runs in turns, median and spread
    session      what the stages share   scaling    times against rows, depth, threads
    processes    first call and peak memory, each in a fresh process (probe)
    rivals       other libraries, each in an environment and a process of its own
    run          all of it, as one JSON object

`run_benchmark` needs neither typer nor matplotlib.
"""

from fastntk.benchmark.run import run_benchmark
from fastntk.benchmark.settings import RIVALS, Settings

__all__ = ["RIVALS", "Settings", "run_benchmark"]
