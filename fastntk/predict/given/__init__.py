"""What a caller gives: targets, kernels as numbers or as functions, and their axes."""
