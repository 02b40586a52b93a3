"""Jinja templates of GLSL ES 3.00."""
