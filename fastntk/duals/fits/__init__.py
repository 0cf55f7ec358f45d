"""Fits that stand for the duals of an activation in whole tiles."""
