"""The viewer's JavaScript as pages carry it: modules joined, minified, stripped."""
