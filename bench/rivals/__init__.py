"""Other libraries that compute the same kernels, run in an environment of their own."""
