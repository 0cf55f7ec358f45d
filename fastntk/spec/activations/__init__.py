"""Activation layers as frozen dataclasses."""
