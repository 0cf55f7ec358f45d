"""``python -m fastntk``: the command line."""

from fastntk.cli.entry import main

if __name__ == "__main__":
    main()
