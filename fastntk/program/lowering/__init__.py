"""From layers to ops: a function for each kind of layer."""
