"""The WebGL2 runtime and the page, as plain ES modules."""
