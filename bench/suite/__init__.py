"""What asv follows from commit to commit; no rival is needed."""
