"""Test errors predicted from a kernel and targets."""
