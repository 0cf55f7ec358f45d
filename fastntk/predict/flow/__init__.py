"""Gradient flow on the squared error: means and covariances at any time."""
