"""The command ``fastntk bench``."""
