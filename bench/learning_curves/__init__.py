"""How far learning curves that are told from few rows agree with measured ones."""
