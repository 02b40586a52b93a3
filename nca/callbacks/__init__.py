"""The callbacks of the package, one a file: the run folder, progress, signals, the check of stability."""
