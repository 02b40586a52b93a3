"""Several pictures, each one trained by an `nca train` process: here, or on the workers of a Dask cluster."""
