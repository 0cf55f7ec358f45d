"""Numbers only: scalar formulas once, op bodies for the CPU, drivers of a tile."""
