"""The op bodies as CUDA kernels, written out as text from those of the CPU."""
