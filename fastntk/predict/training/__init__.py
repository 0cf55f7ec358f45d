"""A training set with its kernels: everything is factorised once and kept."""
