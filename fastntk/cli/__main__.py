"""Run the command line as ``python -m fastntk.cli``."""

from fastntk.cli.entry import main

if __name__ == "__main__":
    main()
