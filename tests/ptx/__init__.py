"""A machine for PTX: runs compiled kernels on the CPU, and watches their memory."""
