"""Duals of given pairs, with bounds: closed forms, series and quadrature."""
