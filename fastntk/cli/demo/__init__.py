"""The command ``fastntk demo``."""
