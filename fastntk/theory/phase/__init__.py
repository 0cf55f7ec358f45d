"""Signal propagation at depth: fixed points, phases and critical lines."""
