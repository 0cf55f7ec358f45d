"""Formulas of a pair of rows, once each: compiled for CPUs, written out for GPUs."""
