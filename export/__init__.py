"""Export of a rule: bundles, shaders, formats, checks in a browser, pictures."""
