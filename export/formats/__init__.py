"""The formats that `nca export` writes: one file a format, and the registry that names them."""
