"""Automata that other programs trained, as rules of ours: reading their files, converting and quantizing them."""
