"""Tiles on a CUDA device, and arrays that lie on one."""
