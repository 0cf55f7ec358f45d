"""Tests of fastntk; the folders mirror the package."""
