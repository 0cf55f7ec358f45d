"""Tests of ``fastntk fit`` and ``fastntk predict``."""
