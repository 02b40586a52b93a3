"""Checks of exported pages against torch: browsers, live textures, verification, replayed sessions."""
