"""Pictures and movies of a texture, computed by torch."""
