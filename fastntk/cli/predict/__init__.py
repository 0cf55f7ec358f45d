"""The command ``fastntk predict``."""
