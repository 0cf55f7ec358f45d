"""The command ``fastntk dynamics``."""
