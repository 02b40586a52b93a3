"""How much a texture looks like its picture, and whether it is stable."""
