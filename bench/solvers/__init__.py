"""Figures of the solvers: ``python -m bench.solvers``."""
