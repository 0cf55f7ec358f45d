"""The command ``fastntk gram``."""
