"""Kill a program at random instants, start it again, and compare the result."""
