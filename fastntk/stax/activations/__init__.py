"""Activation layers, by the kind of their formulas."""
