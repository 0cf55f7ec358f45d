"""The command ``fastntk fit``."""
