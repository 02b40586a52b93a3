"""The public Python API, one file for each command of the command line, which is its client."""
