"""Feature extractors for the style loss: one file each, the interface, and the registry of their names."""
