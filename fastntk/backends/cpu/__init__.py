"""Tiles on the CPU."""
