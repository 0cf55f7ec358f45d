"""Convergence of training: spectra, rates and times."""
