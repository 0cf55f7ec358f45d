"""Hermite series of an activation, over a range of variances."""
