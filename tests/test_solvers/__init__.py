"""Tests of `fastntk.solvers`."""
