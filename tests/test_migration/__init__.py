"""Scripts for neural-tangents that run here with other import lines."""
