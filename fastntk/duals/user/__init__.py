"""Dual functions that a user wrote: called with care, differentiated, checked."""
