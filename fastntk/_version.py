"""The version: the build reads it here, and so does the package."""

__all__ = ["__version__"]

__version__ = "0.1.0"
