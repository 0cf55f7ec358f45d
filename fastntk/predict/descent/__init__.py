"""Gradient descent in steps, gradient flow on any loss, and learning rates."""
