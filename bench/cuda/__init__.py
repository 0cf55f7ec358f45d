"""Figures of the CUDA backend, and checks on a real card: ``bench/cuda/run.sh``."""
