"""Bundles, pages and their verification, made from a rule."""
