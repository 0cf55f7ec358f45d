"""Benchmarks: speed against NumPy and other libraries, memory, start-up, SIMD."""
