"""The similarity of a tile: a packed product, and near pairs to all digits."""
