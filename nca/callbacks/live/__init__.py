"""Watching a training: the callback, and the two places where it shows the texture, a page and a notebook's cell."""
