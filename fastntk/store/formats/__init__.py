"""The two kinds of files a store can have: NumPy's and zarr's."""
