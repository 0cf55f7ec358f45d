"""Other libraries beside fastntk, in environments of their own."""
