"""Every public name: pickled, and called with arguments of a wrong kind."""
