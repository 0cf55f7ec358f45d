"""Block conjugate gradients, with restarts, refinement and checkpoints."""
