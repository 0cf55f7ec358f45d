"""Functions as polynomials on panels: kinks, narrow features, quadrature rules."""
