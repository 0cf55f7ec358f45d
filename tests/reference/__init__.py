"""Slow and obvious twins of the engine, and the truth they were checked against.

Networks are nested lists, ``["serial", ["Dense", {"W_std": 1.5}], ["Relu", {}]]``.
Nothing here imports the engine, so that no mistake can be shared with it.
"""
